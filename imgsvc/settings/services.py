"""Other services: the groups of settings that name them, and how their URLs, tokens and templates are read."""

import re
from typing import Annotated

from pydantic import BeforeValidator, SecretStr
from yarl import URL

from imgsvc.errors import ImgsvcError
from imgsvc.model.hosts import SCHEMES, normalise_url
from imgsvc.model.templates import check_template, shown_template
from imgsvc.settings.values import Frozen, OptionalPath, env, items_of

_TOKEN = re.compile(r"[\x21-\x7e]{0,4096}")


def _http_url(value: object) -> object:
    """Let only URLs pass that other URLs can be built upon."""
    if not isinstance(value, str):
        return value
    try:
        url = URL(value)
    except ValueError:
        url = URL()
    bare = not (url.user or url.password or url.query_string or url.fragment)
    if url.scheme not in SCHEMES or not url.host or not bare or not value.isprintable():
        # The text is not repeated: it may hold a password.
        raise ValueError("not an http(s) URL without user and query, such as https://www.example.com")
    return value


def _token(value: object) -> object:
    """Let only texts pass that a header can carry; the text is not repeated, for it is a secret."""
    if isinstance(value, str) and not _TOKEN.fullmatch(value):
        raise ValueError("not a bearer token: at most 4,096 visible ASCII characters without spaces")
    return value or None


def _base_url(value: object) -> object:
    """Let only URLs pass that others can be built upon and fetched."""
    if isinstance(_http_url(value), str):
        try:
            normalise_url(str(value))
        except ImgsvcError as error:
            raise ValueError(
                "not an http(s) URL with a valid host and port, such as https://www.example.com"
            ) from error
    return value


class LogoProvider(Frozen):
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


def _template(value: object) -> object:
    return check_template(value) if isinstance(value, str) and value else value


def _providers(value: object) -> object:
    """Read names of services, and templates of others."""
    items = items_of(value)
    return tuple(_provider(i) for i in items) if isinstance(items, list) else value


def _provider(item: str) -> LogoProvider:
    if item in KNOWN_PROVIDERS:
        return LogoProvider(name=item)
    if "://" not in item:
        raise ValueError(f"{item!r} is not {', '.join(KNOWN_PROVIDERS)} or a URL with {{domain}}")
    return LogoProvider(name="service", template=check_template(item))


Template = Annotated[str, BeforeValidator(_template)]
LogoProviders = Annotated[tuple[LogoProvider, ...], BeforeValidator(_providers)]
BaseUrl = Annotated[str, BeforeValidator(_base_url)]
OptionalBaseUrl = Annotated[str | None, BeforeValidator(_base_url)]
OptionalUrl = Annotated[str | None, BeforeValidator(_http_url)]
OptionalToken = Annotated[SecretStr | None, BeforeValidator(_token)]


class LogoSettings(Frozen):
    """How logos are searched for."""

    google_url: Template = env(
        "IMGSVC_LOGO_GOOGLE_URL",
        "https://www.google.com/s2/favicons?domain={domain}&sz={size}",
        "Google's favicon service, a template with {domain} and {size}; empty: not asked.",
    )
    duckduckgo_url: Template = env(
        "IMGSVC_LOGO_DUCKDUCKGO_URL",
        "https://icons.duckduckgo.com/ip3/{domain}.ico",
        "DuckDuckGo's icon service, a template with {domain}; empty: not asked.",
    )
    providers: LogoProviders = env(
        "IMGSVC_LOGO_PROVIDERS",
        (LogoProvider(name="google"), LogoProvider(name="duckduckgo")),
        "Services in the order they are asked, comma-separated: google, duckduckgo, or a URL with {domain} and {size}.",
    )
    deadline_seconds: float = env(
        "IMGSVC_LOGO_DEADLINE", 8, "Longest search for a logo; services are asked in time to answer within it.", gt=0
    )
    companies: OptionalPath = env(
        "IMGSVC_LOGO_COMPANIES", None, "File of DOMAIN: NAME, NAME lines that goes before the shipped table."
    )


class ProxySettings(Frozen):
    """The two servers that have routes of their own."""

    twitter_base_url: BaseUrl = env(
        "IMGSVC_TWITTER_BASE_URL", "https://pbs.twimg.com", "Where /api/twitter-image finds its pictures."
    )
    assets_base_url: OptionalBaseUrl = env(
        "ASSETS_BASE_URL",
        None,
        "Asset server: /api/assets/ID is asked of it below this URL. In a private network it needs "
        "IMGSVC_TRUSTED_ORIGINS or IMGSVC_CONNECT_TO as well.",
    )
    assets_bearer_token: OptionalToken = env(
        "ASSETS_BEARER_TOKEN", None, "What the asset server is asked with; sent to its scheme, host and port only."
    )
