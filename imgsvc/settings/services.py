"""Other services: the groups of settings that name them, and how their URLs, tokens and templates are read."""

import re
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from yarl import URL

from imgsvc.errors import ImgsvcError
from imgsvc.model.hosts import SCHEMES, normalise_host, normalise_url
from imgsvc.model.secret import Secret
from imgsvc.model.templates import check_template, shown_template
from imgsvc.settings.group import Group
from imgsvc.settings.setting import Env, ReadBy
from imgsvc.settings.values import items_of

_REDIS_SCHEMES = ("redis", "rediss")
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")


def read_base_url(text: str) -> str:
    """
    Let only URLs pass that others can be built upon and fetched, or sent to a client.

    Raises:
        ValueError: it is none; the text is not repeated, for it may hold a password.
    """
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    bare = not (url.user or url.password or url.query_string or url.fragment)
    if url.scheme not in SCHEMES or not url.host or not bare or not text.isprintable():
        raise ValueError("not an http(s) URL without user and query, such as https://www.example.com")
    try:
        normalise_url(text)
    except ImgsvcError as error:
        raise ValueError("not an http(s) URL with a valid host and port, such as https://www.example.com") from error
    return text


def _redis_url(text: str) -> Secret:
    """Let no host pass that is none; all else is for the package ``redis``, which need not be there."""
    try:
        url = urlsplit(text)
        if url.scheme in _REDIS_SCHEMES and url.hostname:
            normalise_host(unquote(url.hostname))
    except ValueError as error:
        raise ValueError("no redis://, rediss:// or unix:// URL with a valid host") from error
    return Secret(text)


def _token(text: str) -> Secret:
    """Let only texts pass that a header can carry; the text is not repeated, for it is a secret."""
    if not _TOKEN.fullmatch(text):
        raise ValueError("not a bearer token: at most 4,096 visible ASCII characters without spaces")
    return Secret(text)


class LogoProvider(Struct, frozen=True, kw_only=True):
    """
    One item of IMGSVC_LOGO_PROVIDERS.

    Attributes:
        name: ``google``, ``duckduckgo``, or ``service`` for any other.
        template: of any other, checked; of the two named ones empty, for they have settings of their own.
    """

    name: str
    template: str = ""

    def __str__(self) -> str:
        """As its setting would be written, without what may be a secret in it."""
        return shown_template(self.template) if self.template else self.name


KNOWN_PROVIDERS = ("google", "duckduckgo")


def _template(text: str) -> str:
    return check_template(text) if text else text


def _providers(text: str) -> tuple[LogoProvider, ...]:
    """Read names of services, and templates of others."""
    return tuple(_provider(item) for item in items_of(text))


def _provider(item: str) -> LogoProvider:
    if item in KNOWN_PROVIDERS:
        return LogoProvider(name=item)
    if "://" not in item:
        raise ValueError(f"{item!r} is not {', '.join(KNOWN_PROVIDERS)} or a URL with {{domain}}")
    return LogoProvider(name="service", template=check_template(item))


Template = Annotated[str, ReadBy(_template)]
LogoProviders = Annotated[tuple[LogoProvider, ...], ReadBy(_providers)]
BaseUrl = Annotated[str, ReadBy(read_base_url)]
OptionalBaseUrl = Annotated[str | None, ReadBy(read_base_url)]
OptionalRedisUrl = Annotated[Secret | None, ReadBy(_redis_url)]
OptionalToken = Annotated[Secret | None, ReadBy(_token)]


class LogoSettings(Group, frozen=True, kw_only=True):
    """How logos are searched for."""

    EMPTY_IS_OFF: ClassVar[frozenset[str]] = frozenset(("IMGSVC_LOGO_GOOGLE_URL", "IMGSVC_LOGO_DUCKDUCKGO_URL"))

    google_url: Annotated[
        Template,
        Env(
            "IMGSVC_LOGO_GOOGLE_URL", "Google's favicon service, a template with {domain} and {size}; empty: not asked."
        ),
    ] = "https://www.google.com/s2/favicons?domain={domain}&sz={size}"
    duckduckgo_url: Annotated[
        Template,
        Env("IMGSVC_LOGO_DUCKDUCKGO_URL", "DuckDuckGo's icon service, a template with {domain}; empty: not asked."),
    ] = "https://icons.duckduckgo.com/ip3/{domain}.ico"
    providers: Annotated[
        LogoProviders,
        Env(
            "IMGSVC_LOGO_PROVIDERS",
            "Services in the order they are asked, comma-separated: google, duckduckgo, or a URL with {domain} and "
            "{size}.",
        ),
    ] = (LogoProvider(name="google"), LogoProvider(name="duckduckgo"))
    deadline_seconds: Annotated[
        float,
        Env("IMGSVC_LOGO_DEADLINE", "Longest search for a logo; services are asked in time to answer within it.", gt=0),
    ] = 8
    companies: Annotated[
        Path | None,
        Env("IMGSVC_LOGO_COMPANIES", "File of DOMAIN: NAME, NAME lines that goes before the shipped table."),
    ] = None


class ProxySettings(Group, frozen=True, kw_only=True):
    """The two servers that have routes of their own."""

    twitter_base_url: Annotated[
        BaseUrl, Env("IMGSVC_TWITTER_BASE_URL", "Where /api/twitter-image finds its pictures.")
    ] = "https://pbs.twimg.com"
    assets_base_url: Annotated[
        OptionalBaseUrl,
        Env(
            "ASSETS_BASE_URL",
            "Asset server: /api/assets/ID is asked of it below this URL. In a private network it needs "
            "IMGSVC_TRUSTED_ORIGINS or IMGSVC_CONNECT_TO as well.",
        ),
    ] = None
    assets_bearer_token: Annotated[
        OptionalToken,
        Env("ASSETS_BEARER_TOKEN", "What the asset server is asked with; sent to its scheme, host and port only."),
    ] = None
