"""Kinds of settings values that are more than a text or a number, and how each is read and shown."""

import ipaddress
from typing import Annotated

from msgspec import Struct

from imgsvc.model.hosts import HostRules, normalise_host
from imgsvc.model.secret import Secret
from imgsvc.settings.setting import ReadBy

MAX_RATE_DIGITS = 9

EVERY_ADDRESS = "*"
"""What the C library's look-up takes for all addresses there are."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def covers(pattern: str, host: str) -> bool:
    """Whether *host* (normalised) is the one named, or below ``*.suffix``."""
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


class TrustedOrigin(Struct, frozen=True, kw_only=True):
    """One item of IMGSVC_TRUSTED_ORIGINS: this host and port may resolve into this network."""

    host: str
    port: int
    network: Network


class ConnectTo(Struct, frozen=True, kw_only=True):
    """One item of IMGSVC_CONNECT_TO: this host (or ``*.suffix``) is reached at this address and port."""

    host: str
    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int

    def covers(self, host: str) -> bool:
        """Whether *host* (normalised) is meant."""
        return covers(self.host, host)


class UserAgent(Struct, frozen=True, kw_only=True):
    """One item of IMGSVC_USER_AGENTS: this host (or ``*.suffix``) is asked under this name."""

    host: str
    text: str

    def __str__(self) -> str:
        """As its setting would be written."""
        return f"{self.host}={self.text}"


class UserAgents(Struct, frozen=True, kw_only=True):
    """IMGSVC_USER_AGENTS: under which name some hosts are asked."""

    items: tuple[UserAgent, ...] = ()

    def name_for(self, host: str) -> str | None:
        """Give the name for *host* (normalised); None = the service's own."""
        return next((item.text for item in self.items if covers(item.host, host)), None)

    def __str__(self) -> str:
        """As its setting would be written."""
        return "|".join(map(str, self.items))


class RateLimit(Struct, frozen=True, kw_only=True):
    """IMGSVC_RATE_LIMIT: so many in so many seconds; a count of 0 switches it off."""

    count: int
    period_seconds: int


def items_of(text: str) -> list[str]:
    """Take a text apart at its commas."""
    return [item for part in text.split(",") if (item := part.strip())]


def _host_rules(text: str) -> HostRules:
    try:
        return HostRules.parse(items_of(text))
    except ValueError as error:
        raise ValueError(f"{error}; items are names, *.suffix, * or store:") from error


def _host(text: str) -> str:
    """Let only names and addresses pass; another would be found out by the look-up, some as an unexpected error."""
    # An address' zone may be anything.
    if not text.isprintable() or not (text == EVERY_ADDRESS or _is_host(text)):
        raise ValueError("not an address or a name to listen on, such as 127.0.0.1, :: or localhost")
    return text


def _is_host(text: str) -> bool:
    try:
        return bool(normalise_host(text))
    except ValueError:
        return False


def _host_port(text: str, *, wild: bool = False) -> tuple[str, int | None]:
    """Split ``host:port``; the host normalised, an IPv6 literal in brackets, the port optional where *wild*."""
    host, colon, port = text.rpartition(":")
    if not colon or host.endswith(":") or "]" in port:
        host, port = text, ""
    if (not port and not wild) or (port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536)):  # noqa: PLR2004 - a port
        raise ValueError(f"{text!r} has no valid port")
    prefix = "*." if wild and host.startswith("*.") else ""
    return prefix + normalise_host(host.removeprefix(prefix)), int(port) if port else None


def _trusted_origins(text: str) -> tuple[TrustedOrigin, ...]:
    """Read ``host:port=CIDR`` items."""
    return tuple(_trusted_origin(item) for item in items_of(text))


def _trusted_origin(item: str) -> TrustedOrigin:
    authority, _, network = item.partition("=")
    try:
        host, port = _host_port(authority.strip())
        return TrustedOrigin(host=host, port=port or 0, network=ipaddress.ip_network(network.strip(), strict=False))
    except ValueError as error:
        raise ValueError(f"{item!r} is not host:port=CIDR, such as images.internal:8080=10.0.0.0/8") from error


def _connect_to(text: str) -> tuple[ConnectTo, ...]:
    """Read ``host=address:port`` items; the host may be ``*.suffix``."""
    return tuple(_target(item) for item in items_of(text))


def _target(item: str) -> ConnectTo:
    name, _, target = item.partition("=")
    try:
        host, _ = _host_port(name.strip(), wild=True)
        address, port = _host_port(target.strip())
        return ConnectTo(host=host, address=ipaddress.ip_address(address), port=port or 0)
    except ValueError as error:
        raise ValueError(f"{item!r} is not host=address:port, such as images.test=10.0.0.5:8080") from error


def _user_agents(text: str) -> UserAgents:
    """Read ``host=text`` items between vertical bars: commas, brackets and semicolons are in most such texts."""
    return UserAgents(items=tuple(_user_agent(item.strip()) for item in text.split("|") if item.strip()))


def _user_agent(item: str) -> UserAgent:
    name, _, text = (part.strip() for part in item.partition("="))
    try:
        host, port = _host_port(name, wild=True)
    except ValueError:
        host, port = "", None
    if not host or port or not text or not text.isascii() or not text.isprintable():
        raise ValueError(f"{item!r} is not host=text, such as www.example.com=Mozilla/5.0 (compatible; imgsvc)")
    return UserAgent(host=host, text=text)


def _networks(text: str) -> tuple[Network, ...]:
    """Read networks and addresses, such as ``10.0.0.0/8`` and ``::1``."""
    try:
        return tuple(ipaddress.ip_network(item, strict=False) for item in items_of(text))
    except ValueError as error:
        raise ValueError(f"{error}; items are networks or addresses, such as 10.0.0.0/8") from error


def _rate_limit(text: str) -> RateLimit:
    """Read ``COUNT/SECONDS``, or ``0``."""
    if text == "0":
        return RateLimit(count=0, period_seconds=1)
    count, slash, seconds = (part.strip() for part in text.partition("/"))
    digits = [part for part in (count, seconds) if part.isascii() and part.isdigit()]
    if not slash or len(digits) != 2 or max(map(len, digits)) > MAX_RATE_DIGITS or int(seconds) < 1:  # noqa: PLR2004 - two numbers
        raise ValueError(f"{text!r} is not COUNT/SECONDS, such as 120/60, or 0 for no limit")
    return RateLimit(count=int(count), period_seconds=int(seconds))


def _secrets(text: str) -> tuple[Secret, ...]:
    return tuple(map(Secret, items_of(text)))


Host = Annotated[str, ReadBy(_host)]
Origins = Annotated[tuple[TrustedOrigin, ...], ReadBy(_trusted_origins)]
Targets = Annotated[tuple[ConnectTo, ...], ReadBy(_connect_to)]
Agents = Annotated[UserAgents, ReadBy(_user_agents)]
Networks = Annotated[tuple[Network, ...], ReadBy(_networks)]
Rate = Annotated[RateLimit, ReadBy(_rate_limit)]
Secrets = Annotated[tuple[Secret, ...], ReadBy(_secrets)]
Rules = Annotated[HostRules, ReadBy(_host_rules)]


def shown(value: object) -> str:
    """Write a value as its setting would be written; a secret as ``***``."""
    match value:
        case None:
            return ""
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
