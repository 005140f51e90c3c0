"""Who asks: the client of a request as limits count it, whatever proxies stand between."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp import web
from multidict import istr

from imgsvc.settings import LimitSettings

MAX_PROXIES = 32
"""So many addresses are looked at; nobody has that many proxies, and a header may hold thousands."""

UNKNOWN = "unknown"
"""Name of all peers together that have no address, such as those of a Unix socket."""

# Folded once here instead of at every look-up.
_FORWARDED_FOR = istr("X-Forwarded-For")

# Some proxies add the port; only in brackets can an IPv6 address be told from it.
_WITH_PORT = re.compile(r"(?:\[(?P<v6>[^\]]*)\]|(?P<v4>[0-9.]+))(?::[0-9]{1,5})?")

_HOST_BITS = 64
"""What one customer is given of IPv6 and changes at will (RFC 6177, RFC 8981)."""

_Address = IPv4Address | IPv6Address


class Clients:
    """Names clients; believes ``X-Forwarded-For`` as far as trusted proxies wrote it."""

    def __init__(self, settings: LimitSettings) -> None:
        self._trusted = settings.trusted_proxies

    def of(self, request: web.BaseRequest) -> str:
        """Name the client of *request*; see :meth:`name`."""
        return self.name(request.remote, request.headers.getall(_FORWARDED_FOR, ()) if self._trusted else ())

    def name(self, peer: str | None, forwarded: Sequence[str]) -> str:
        """
        Name a client: each proxy adds the one it was asked by at the right, and only a trusted one's word counts.

        Args:
            peer: address of the other end of the connection; anything else when it has none.
            forwarded: all ``X-Forwarded-For`` fields in their order, whatever they hold.

        Returns:
            The address nearest to us that is not a trusted proxy's, or the last one before something that is no
            address; where all are trusted, the farthest. IPv4 as it is, IPv6 as its ``/64``.
        """
        client = _address(peer or "")
        if client is None:
            return UNKNOWN
        farther = reversed(",".join(forwarded).rsplit(",", MAX_PROXIES))
        while self._trusts(client) and (named := _address(next(farther, ""))) is not None:
            client = named
        return _counted(client)

    def _trusts(self, address: _Address) -> bool:
        return any(address in network for network in self._trusted)


def _address(text: str) -> _Address | None:
    """Read an address, with or without a port; IPv4 inside IPv6, as a dual socket gives it, is IPv4."""
    text = text.strip(" \t")
    if decorated := _WITH_PORT.fullmatch(text):
        text = decorated["v6"] or decorated["v4"] or ""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _counted(address: _Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return f"{IPv6Address(int(address) >> _HOST_BITS << _HOST_BITS)}/{_HOST_BITS}"
