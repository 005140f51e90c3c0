"""The loop guard: this service never fetches itself, but for its own sample pictures."""

import re
import secrets
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from imgsvc.model.hosts import address_of, normalise_host

# No escape, no empty or dot segment: what this lets pass means the same to every router.
_DEMO_PATH = re.compile(r"/demo(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+\Z", re.ASCII)
_LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "::1", "0.0.0.0", "::"))  # noqa: S104 - compared, never bound
_Address = IPv4Address | IPv6Address


def is_local_address(address: _Address) -> bool:
    """Whether *address* is one of this machine's: then, and only then, a socket can be bound to it."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


class LoopGuard:
    """
    Knows where this service listens, whatever the name it is called by.

    Args:
        demo: whether the sample pictures below ``/demo/`` are served, and so may be fetched.
        instance_id: this process' pseudonym in ``Via`` (RFC 9110 §7.6.3); by default a random one.
        is_local: tells whether an address is this machine's; asked when listening on a wildcard only.
    """

    def __init__(
        self, *, demo: bool = False, instance_id: str | None = None,
        is_local: Callable[[_Address], bool] = is_local_address,
    ) -> None:  # fmt: skip
        self._demo = demo
        self._is_local = is_local
        self._listening: set[tuple[str, int]] = set()
        self.instance_id = instance_id or secrets.token_hex(8)

    @property
    def via(self) -> str:
        """The value of the ``Via`` header on every request sent out."""
        return f"1.1 imgsvc-{self.instance_id}"

    def has_sent(self, via: str | None) -> bool:
        """Whether a request that came in with this ``Via`` went out from here: behind a proxy only that shows it."""
        return any(self.via.split() == item.split()[:2] for item in (via or "").split(","))

    def listening(self, host: str, port: int) -> None:
        """Take note of a bound address (or name) and port; called once for each, after binding."""
        self._listening.add((normalise_host(host), port))

    def owns(self, host: str, port: int) -> bool:
        """Whether a URL with this host (normalised) and port names the service itself."""
        address = _literal(host)
        if address is not None:
            host = str(address)
        return any(p == port and self._is_name_of(bound, host, address) for bound, p in self._listening)

    def is_self(self, address: _Address, port: int) -> bool:
        """Whether a connection to this address and port would end at the service itself."""
        peer = _unmapped(address)
        return any(p == port and self._is_peer(bound, peer) for bound, p in self._listening)

    def is_demo(self, host: str, port: int, path: str) -> bool:
        """Whether this is a sample picture of ours; *path* is raw, as it would be requested."""
        return self._demo and _DEMO_PATH.match(path) is not None and self.owns(host, port)

    def _is_name_of(self, bound: str, host: str, address: _Address | None) -> bool:
        if bound == host:
            return True
        at = _literal(bound)
        if bound != "localhost" and not (at and (at.is_loopback or at.is_unspecified)):
            return False
        if host in _LOOPBACK_NAMES or host.endswith(".localhost"):  # RFC 6761 §6.3
            return True
        return bool(at and at.is_unspecified and address and self._is_local(address))

    def _is_peer(self, bound: str, peer: _Address) -> bool:
        at = _literal(bound)
        if at is None:
            return bound == "localhost" and peer.is_loopback
        if at.is_unspecified:
            return self._is_local(peer)
        # The unspecified address as a destination is the machine itself (Linux).
        return peer == at or (at.is_loopback and peer.is_unspecified)


def _literal(host: str) -> _Address | None:
    address = address_of(host)
    return None if address is None else _unmapped(address)


def _unmapped(address: _Address) -> _Address:
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
