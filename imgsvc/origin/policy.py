"""Which sources may be reached: scheme, ourselves, host or signature, port, address; in this order."""

import re
from collections import Counter
from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import Self

from msgspec import Struct
from yarl import URL

from imgsvc.errors import (
    AddressNotPublic,
    ImgsvcError,
    PortNotAllowed,
    SchemeNotAllowed,
    SourceNotAllowed,
    TooManyRedirects,
    UserinfoNotAllowed,
)
from imgsvc.model.hosts import address_of, normalise_url
from imgsvc.origin.addresses import Refusal, refusal
from imgsvc.origin.own import LoopGuard
from imgsvc.settings import AccessSettings, ConnectTo, OriginSettings

WEB_PORTS = frozenset((80, 443, 8080, 8443))

# A last label of digits makes a host an IPv4 address to some parser (WHATWG URL, "ends in a number"); no top-level
# domain is numeric. Only the canonical dotted quad is one to all of them.
_NUMERIC_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\Z", re.ASCII)

NOT_PUBLIC = (
    "The source's host leads to an address that is not public. "
    "If that is meant, name it in IMGSVC_TRUSTED_ORIGINS or IMGSVC_CONNECT_TO."
)
NOT_OURSELVES = "The source is this service itself."


class Hop(Struct, frozen=True):
    """
    Where one request of a fetch goes: all that the verdict on a connection depends on, beside its peer.

    Attributes:
        scheme: http or https.
        host: normalised; no brackets around an address.
        port: the URL's.
        demo: whether it is for one of our own sample pictures.
    """

    scheme: str
    host: str
    port: int
    demo: bool

    @property
    def literal(self) -> IPv4Address | IPv6Address | None:
        """The host as an address, when it is one."""
        return address_of(self.host)


class Verdict(Struct, frozen=True):
    """
    What became of a URL.

    Attributes:
        allowed: whether it may be fetched.
        rule: the rule that decided, in a few words, for ``imgsvc check-url``.
        error: what to raise, when it may not.
        refusal: the reason in metrics, when it was the address.
    """

    allowed: bool
    rule: str
    error: ImgsvcError | None = None
    refusal: Refusal | None = None

    @classmethod
    def refused(cls, rule: str, error: ImgsvcError, reason: Refusal | None = None) -> Self:
        """Make a verdict against."""
        return cls(allowed=False, rule=rule, error=error, refusal=reason)


class PolicyStatistics(Struct, frozen=True):
    """Refused addresses since the start, by reason; a name with several addresses may count several times."""

    refused: Mapping[Refusal, int]


class SourcePolicy:
    """
    The rules for everything that is fetched; decides, but connects to nothing.

    A host named in IMGSVC_TRUSTED_ORIGINS or IMGSVC_CONNECT_TO may lie at a private address; it still has to be
    allowed or signed like any other.

    Args:
        access: who may be fetched.
        origin: who may be reached at private addresses.
        own: knows this service.
        services: hosts and ports of services that the operator named, which may have ports that are not the web's, and
            which pages may lead to.
        servers: the same of servers with more on them than is anybody's business: neither pages nor clients lead there,
            if they are at private addresses, unless they are on the allow list.
    """

    def __init__(
        self,
        access: AccessSettings,
        origin: OriginSettings,
        own: LoopGuard,
        services: Collection[tuple[str, int]] = (),
        servers: Collection[tuple[str, int]] = (),
    ) -> None:
        self._allowed = access.allowed_hosts
        self._origin = origin
        self._services = frozenset(services)
        self._servers = frozenset(servers)
        self._refused: Counter[Refusal] = Counter()
        self.own = own

    def judge(self, url: str, *, signed: bool) -> Verdict:
        """Decide on a source's URL; *signed* stands for a place in the allow list. Counts nothing, raises nothing."""
        try:
            hop = self.hop(normalise_url(url))
        except ImgsvcError as error:
            return Verdict.refused("url", error)
        return self._judge(hop, "signature" if signed else self._rule_for(hop.host), _not_listed(hop.host))

    def check(self, url: str, *, signed: bool) -> None:
        """
        Let a source's URL pass or not.

        Raises:
            InvalidRequest: no URL (``SchemeNotAllowed`` and ``UserinfoNotAllowed`` are such).
            SourceNotAllowed: it names this service, or a host neither allowed nor signed.
            PortNotAllowed: not a port of the web, nor one that the operator named.
            AddressNotPublic: its host is an address, and not a public one, or one spelt in an unusual way.
        """
        self._enforce(self.judge(url, signed=signed))

    def check_found(self, url: str, own_hosts: Collection[str]) -> None:
        """
        Let a normalised URL pass that no client named, but a page or a service, or not.

        Any public host, but none of IMGSVC_TRUSTED_ORIGINS, which lie in networks that are no business of strangers'
        pages, unless it is among *own_hosts*, allowed, or a service that the operator named; for this class's *servers*
        that a client named them is not enough.

        Raises:
            InvalidRequest, SourceNotAllowed, PortNotAllowed, AddressNotPublic: as for :meth:`check`.
        """
        hop = self.hop(normalise_url(url))
        self._enforce(self._judge(hop, self._found_rule(hop, own_hosts), _withheld()))

    def check_redirect(
        self, first_url: str, previous_url: str, next_url: str, *, found_for: Collection[str] | None = None
    ) -> None:
        """
        Let a redirect pass or not; all three URLs absolute, the first two normalised.

        It may lead to the first URL's own host or to an allowed one; where *found_for* is given, to any host that
        :meth:`check_found` lets pass for it; never from https back to http.

        Raises:
            SourceNotAllowed: another scheme, user info, a host that is not allowed, or ourselves.
            PortNotAllowed: as for :meth:`check`.
            AddressNotPublic: likewise.
            TooManyRedirects: *next_url* is no valid URL.
        """
        hop, previous = self._redirect_target(next_url), self.hop(previous_url)
        if previous.scheme == "https" and hop.scheme == "http":
            raise SourceNotAllowed("The source redirects from https to http.", param="url")
        if found_for is not None:
            self._enforce(self._judge(hop, self._found_rule(hop, found_for), _withheld()))
            return
        same = "redirect to the same host" if hop.host == self.hop(first_url).host else None
        outside = SourceNotAllowed("The source redirects to a host that is not allowed.", param="url")
        self._enforce(self._judge(hop, same or self._rule_for(hop.host), outside))

    def hop(self, url: str) -> Hop:
        """Take a normalised URL apart, with the parser that connects."""
        parsed = URL(url, encoded=True)
        host, port = parsed.raw_host or "", parsed.port or 0
        return Hop(parsed.scheme, host, port, demo=self.own.is_demo(host, port, parsed.raw_path))

    def target(self, host: str) -> ConnectTo | None:
        """Give the item of IMGSVC_CONNECT_TO that covers *host* (normalised); the first one counts."""
        return next((item for item in self._origin.connect_to if item.covers(host)), None)

    def may_reach(self, hop: Hop, address: IPv4Address | IPv6Address, port: int) -> Refusal | None:
        """Judge the peer of a connection about to be made for *hop*, and count; None = go ahead."""
        reason = self._peer_refusal(hop, address, port)
        if reason is not None:
            self._refused[reason] += 1
        return reason

    def is_port_allowed(self, hop: Hop) -> bool:
        """Whether sources may have *hop*'s port: the web's, or one that the operator named with its host."""
        if hop.port in WEB_PORTS or (hop.host, hop.port) in self._services or (hop.host, hop.port) in self._servers:
            return True
        named = any((item.host, item.port) == (hop.host, hop.port) for item in self._origin.trusted_origins)
        return named or self.target(hop.host) is not None

    def literal_refusal(self, hop: Hop) -> Refusal | None:
        """Judge a host that is an address, however spelt; None = it is none, or may be reached. Counts nothing."""
        address = hop.literal
        if address is not None:
            return None if self.target(hop.host) else self._peer_refusal(hop, address, hop.port)
        return Refusal.LEGACY_SPELLING if _NUMERIC_END.match(hop.host) else None

    def statistics(self) -> PolicyStatistics:
        """Snapshot of the counters."""
        return PolicyStatistics(MappingProxyType(dict(self._refused)))

    def _enforce(self, verdict: Verdict) -> None:
        if verdict.refusal is not None:
            self._refused[verdict.refusal] += 1
        if verdict.error is not None:
            raise verdict.error

    def _judge(self, hop: Hop, rule: str | None, not_allowed: SourceNotAllowed) -> Verdict:
        if self.own.owns(hop.host, hop.port):
            if hop.demo:
                return Verdict(allowed=True, rule="demo picture")
            return Verdict.refused("own address", SourceNotAllowed(NOT_OURSELVES, param="url"), Refusal.OWN_ADDRESS)
        if rule is None:
            return Verdict.refused("IMGSVC_ALLOWED_HOSTS", not_allowed)
        if not self.is_port_allowed(hop):
            return Verdict.refused("port", PortNotAllowed(f"Port {hop.port} is not allowed for sources.", param="url"))
        if (reason := self.literal_refusal(hop)) is not None:
            return Verdict.refused(f"address ({reason})", AddressNotPublic(NOT_PUBLIC, param="url"), reason)
        return Verdict(allowed=True, rule=rule)

    def _found_rule(self, hop: Hop, own_hosts: Collection[str]) -> str | None:
        is_private = self._is_named_private(hop.host)
        is_open = not is_private or hop.host in own_hosts or (hop.host, hop.port) in self._services
        if is_open and not self._is_private_server(hop):
            return "named by a page or a service"
        return self._rule_for(hop.host)

    def _is_named_private(self, host: str) -> bool:
        return any(item.host == host for item in self._origin.trusted_origins)

    def _is_private_server(self, hop: Hop) -> bool:
        if self.target(hop.host) is not None:  # IMGSVC_CONNECT_TO leads there whatever the port
            return any(host == hop.host for host, _ in self._servers)
        return self._is_named_private(hop.host) and (hop.host, hop.port) in self._servers

    def _rule_for(self, host: str) -> str | None:
        item = self._allowed.match(host)
        return f"IMGSVC_ALLOWED_HOSTS ({item})" if item else None

    def _peer_refusal(self, hop: Hop, address: IPv4Address | IPv6Address, port: int) -> Refusal | None:
        if self.own.is_self(address, port):
            return None if hop.demo else Refusal.OWN_ADDRESS
        target = self.target(hop.host)
        if target is not None and (target.address, target.port) == (address, port):
            return None
        return None if self._is_trusted(hop, address) else refusal(address)

    def _is_trusted(self, hop: Hop, address: IPv4Address | IPv6Address) -> bool:
        inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any(
            (item.host, item.port) == (hop.host, hop.port) and (inner or address) in item.network
            for item in self._origin.trusted_origins
        )

    def _redirect_target(self, url: str) -> Hop:
        try:
            return self.hop(normalise_url(url))
        except (SchemeNotAllowed, UserinfoNotAllowed) as error:
            raise SourceNotAllowed("The source redirects to a URL that is not allowed.", param="url") from error
        except ImgsvcError as error:
            raise TooManyRedirects("The source redirects to an invalid URL.", param="url") from error


def _withheld() -> SourceNotAllowed:
    return SourceNotAllowed(
        "The host is one of the operator's own network, and not in IMGSVC_ALLOWED_HOSTS.", param="url"
    )


def _not_listed(host: str) -> SourceNotAllowed:
    return SourceNotAllowed(
        f"{host} is not in IMGSVC_ALLOWED_HOSTS, and the request is not signed with a key of IMGSVC_SIGNING_KEYS.",
        param="url",
    )
