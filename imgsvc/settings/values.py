"""Kinds of settings values that are more than a text or a number, and how each is read and shown."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from yarl import URL

from imgsvc.model.hosts import SCHEMES, HostRules, normalise_host
from imgsvc.model.templates import check_template, shown_template

MAX_RATE_DIGITS = 9


class Frozen(BaseModel):
    """
    Base of all groups and values: immutable, blind to names it does not know.

    Attributes:
        IN_FORCE: for fields that, unset, follow from others: the property that has the value in force.
    """

    IN_FORCE: ClassVar[Mapping[str, str]] = {}

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        arbitrary_types_allowed=True,
        validate_default=True,
        allow_inf_nan=False,  # a timeout of "inf" is a bound that is none
    )


def env(name: str, default: Any, description: str, **bounds: Any) -> Any:
    """Declare a setting: its environment name, its default, and the sentence in ``docs/configuration.md``."""
    return Field(default, alias=name, description=description, **bounds)


class TrustedOrigin(Frozen):
    """One item of IMGSVC_TRUSTED_ORIGINS: this host and port may resolve into this network."""

    host: str
    port: int
    network: ipaddress.IPv4Network | ipaddress.IPv6Network


class ConnectTo(Frozen):
    """One item of IMGSVC_CONNECT_TO: this host (or ``*.suffix``) is reached at this address and port."""

    host: str
    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int

    def covers(self, host: str) -> bool:
        """Whether *host* (normalised) is meant."""
        return host.endswith(self.host[1:]) if self.host.startswith("*.") else host == self.host


class RateLimit(Frozen):
    """IMGSVC_RATE_LIMIT: so many in so many seconds; a count of 0 switches it off."""

    count: int
    period_seconds: int


def _items(value: object) -> object:
    return [i.strip() for i in value.split(",") if i.strip()] if isinstance(value, str) else value


def _host_rules(value: object) -> object:
    items = _items(value)
    try:
        return HostRules.parse(items) if isinstance(items, list) else value
    except ValueError as error:
        raise ValueError(f"{error}; items are names, *.suffix, * or store:") from error


def _host_port(text: str, *, wild: bool = False) -> tuple[str, int | None]:
    """Split ``host:port``; the host normalised, an IPv6 literal in brackets, the port optional where *wild*."""
    host, colon, port = text.rpartition(":")
    if not colon or host.endswith(":") or "]" in port:
        host, port = text, ""
    if (not port and not wild) or (port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):  # noqa: PLR2004 - a port
        raise ValueError(f"{text!r} has no valid port")
    prefix = "*." if wild and host.startswith("*.") else ""
    return prefix + normalise_host(host.removeprefix(prefix)), int(port) if port else None


def _trusted_origins(value: object) -> object:
    """Read ``host:port=CIDR`` items."""
    items = _items(value)
    return tuple(_trusted_origin(i) for i in items) if isinstance(items, list) else value


def _trusted_origin(item: str) -> TrustedOrigin:
    authority, _, network = item.partition("=")
    try:
        host, port = _host_port(authority.strip())
        return TrustedOrigin(host=host, port=port or 0, network=ipaddress.ip_network(network.strip(), strict=False))
    except ValueError as error:
        raise ValueError(f"{item!r} is not host:port=CIDR, such as images.internal:8080=10.0.0.0/8") from error


def _connect_to(value: object) -> object:
    """Read ``host=address:port`` items; the host may be ``*.suffix``."""
    items = _items(value)
    return tuple(_target(i) for i in items) if isinstance(items, list) else value


def _target(item: str) -> ConnectTo:
    name, _, target = item.partition("=")
    try:
        host, _ = _host_port(name.strip(), wild=True)
        address, port = _host_port(target.strip())
        return ConnectTo(host=host, address=ipaddress.ip_address(address), port=port or 0)
    except ValueError as error:
        raise ValueError(f"{item!r} is not host=address:port, such as images.test=10.0.0.5:8080") from error


def _networks(value: object) -> object:
    """Read networks and addresses, such as ``10.0.0.0/8`` and ``::1``."""
    items = _items(value)
    if not isinstance(items, list):
        return value
    try:
        return tuple(ipaddress.ip_network(item, strict=False) for item in items)
    except ValueError as error:
        raise ValueError(f"{error}; items are networks or addresses, such as 10.0.0.0/8") from error


def _rate_limit(value: object) -> object:
    """Read ``COUNT/SECONDS``, or ``0``."""
    if not isinstance(value, str):
        return value
    count, slash, seconds = (part.strip() for part in value.partition("/"))
    digits = [text for text in (count, seconds) if text.isascii() and text.isdigit()]
    if value.strip() == "0":
        return RateLimit(count=0, period_seconds=1)
    if not slash or len(digits) != 2 or max(map(len, digits)) > MAX_RATE_DIGITS or int(seconds) < 1:  # noqa: PLR2004 - two numbers
        raise ValueError(f"{value!r} is not COUNT/SECONDS, such as 120/60, or 0 for no limit")
    return RateLimit(count=int(count), period_seconds=int(seconds))


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
    items = _items(value)
    return tuple(_provider(i) for i in items) if isinstance(items, list) else value


def _provider(item: str) -> LogoProvider:
    if item in KNOWN_PROVIDERS:
        return LogoProvider(name=item)
    if "://" not in item:
        raise ValueError(f"{item!r} is not {', '.join(KNOWN_PROVIDERS)} or a URL with {{domain}}")
    return LogoProvider(name="service", template=check_template(item))


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


Origins = Annotated[tuple[TrustedOrigin, ...], BeforeValidator(_trusted_origins)]
Targets = Annotated[tuple[ConnectTo, ...], BeforeValidator(_connect_to)]
Networks = Annotated[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...], BeforeValidator(_networks)]
Rate = Annotated[RateLimit, BeforeValidator(_rate_limit)]
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_items)]
Template = Annotated[str, BeforeValidator(_template)]
LogoProviders = Annotated[tuple[LogoProvider, ...], BeforeValidator(_providers)]
Rules = Annotated[HostRules, BeforeValidator(_host_rules)]
OptionalText = Annotated[str | None, BeforeValidator(_empty_is_none)]
OptionalUrl = Annotated[str | None, BeforeValidator(_http_url)]
OptionalPath = Annotated[Path | None, BeforeValidator(_empty_is_none)]
OptionalInt = Annotated[int | None, BeforeValidator(_empty_is_none)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_empty_is_none)]


def shown(value: object) -> str:
    """Write a value as its setting would be written; a secret as ``***``."""
    match value:
        case None:
            return ""
        case SecretStr():
            return "***"
        case bool():
            return str(int(value))
        case float():
            return str(int(value)) if value.is_integer() else str(value)
        case tuple():
            return ",".join(shown(v) for v in value)
        case HostRules():
            names = [*sorted(value.exact), *(f"*{s}" for s in value.suffixes)]
            return ",".join([*names, *["*"] * value.anything, *["store:"] * value.store])
        case RateLimit():
            return f"{value.count}/{value.period_seconds}" if value.count else "0"
        case TrustedOrigin():
            return f"{value.host}:{value.port}={value.network}"
        case ConnectTo():
            address = f"[{value.address}]" if value.address.version == 6 else value.address  # noqa: PLR2004 - IP version
            return f"{value.host}={address}:{value.port}"
        case _:
            return str(value)
