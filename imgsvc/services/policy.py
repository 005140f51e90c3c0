"""Who may be fetched, as the operator's settings have it: the same rules for the service and for ``check-url``."""

from imgsvc.logos.candidate import LogoSource
from imgsvc.logos.providers import Provider
from imgsvc.model.hosts import origin_of
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.settings import LogoSettings, Settings


def make_policy(settings: Settings, guard: LoopGuard) -> SourcePolicy:
    """Make the policy; *guard* is to be told where the service listens."""
    proxies = settings.proxies
    services = services_named(settings) | {origin_of(proxies.twitter_base_url)}
    servers = {origin_of(proxies.assets_base_url)} if proxies.assets_base_url else ()
    return SourcePolicy(settings.access, settings.origin, guard, services, servers)


def providers_of(settings: LogoSettings) -> tuple[Provider, ...]:
    """Give the services that know logos in the order they are asked; one whose template is empty is not."""
    own = {"google": settings.google_url, "duckduckgo": settings.duckduckgo_url}
    shipped = {LogoSettings().google_url, LogoSettings().duckduckgo_url}
    named = ((LogoSource(item.name), item.template or own.get(item.name, "")) for item in settings.providers)
    return tuple(
        Provider.parse(template, source, is_usual=template in shipped) for source, template in named if template
    )


def services_named(settings: Settings) -> frozenset[tuple[str, int]]:
    """Give hosts and ports of the services that the operator's settings name."""
    urls = [provider.template for provider in providers_of(settings.logos)]
    urls += [settings.server.site_url] if settings.server.site_url else []
    return frozenset(origin_of(url.partition("{")[0]) for url in urls)
