"""
Is an address on the public internet? Pure: no name is looked up, nothing is connected to.

``ipaddress.is_global`` alone is not an answer: it lets through site-local, multicast and what carries a private IPv4
address inside (NAT64, 6to4, IPv4-compatible). Here what is embedded is unwrapped and judged, then the address itself.
Categories are those of the IANA special-purpose registries (RFC 6890 and its updates).
"""

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network


class Refusal(StrEnum):
    """Why a connection is refused; for logs and metrics, never shown to a client."""

    THIS_NETWORK = "this-network"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    LINK_LOCAL = "link-local"
    CGNAT = "cgnat"
    PROTOCOL_ASSIGNMENT = "protocol-assignment"
    BENCHMARKING = "benchmarking"
    DOCUMENTATION = "documentation"
    MULTICAST = "multicast"
    RESERVED = "reserved"
    BROADCAST = "broadcast"
    UNIQUE_LOCAL = "unique-local"
    SITE_LOCAL = "site-local"
    DISCARD = "discard"
    PLATFORM = "platform"
    ZONE_ID = "zone-id"
    COMPATIBLE_EMBEDDED = "compatible-embedded"
    NAT64_EMBEDDED = "nat64-embedded"
    SIX_TO_FOUR_EMBEDDED = "6to4-embedded"
    TEREDO_EMBEDDED = "teredo-embedded"
    ISATAP_EMBEDDED = "isatap-embedded"
    LEGACY_SPELLING = "legacy-spelling"
    OWN_ADDRESS = "own-address"


_V4 = tuple(
    (IPv4Network(text), reason)
    for text, reason in (
        ("0.0.0.0/8", Refusal.THIS_NETWORK),  # RFC 791 §3.2
        ("10.0.0.0/8", Refusal.PRIVATE),  # RFC 1918
        ("100.64.0.0/10", Refusal.CGNAT),  # RFC 6598
        ("127.0.0.0/8", Refusal.LOOPBACK),  # RFC 1122 §3.2.1.3
        ("168.63.129.16/32", Refusal.PLATFORM),  # Azure's server of its virtual machines; no route leads there
        ("169.254.0.0/16", Refusal.LINK_LOCAL),  # RFC 3927
        ("172.16.0.0/12", Refusal.PRIVATE),
        ("192.0.0.0/24", Refusal.PROTOCOL_ASSIGNMENT),  # RFC 6890 §2.1
        ("192.0.2.0/24", Refusal.DOCUMENTATION),  # RFC 5737
        ("192.88.99.0/24", Refusal.RESERVED),  # 6to4 relays, withdrawn by RFC 7526
        ("192.168.0.0/16", Refusal.PRIVATE),
        ("198.18.0.0/15", Refusal.BENCHMARKING),  # RFC 2544
        ("198.51.100.0/24", Refusal.DOCUMENTATION),
        ("203.0.113.0/24", Refusal.DOCUMENTATION),
        ("224.0.0.0/4", Refusal.MULTICAST),  # RFC 5771
        ("255.255.255.255/32", Refusal.BROADCAST),  # RFC 919; stands before the network it lies in
        ("240.0.0.0/4", Refusal.RESERVED),  # RFC 1112 §4
    )
)

_V6 = tuple(
    (IPv6Network(text), reason)
    for text, reason in (
        ("::/128", Refusal.THIS_NETWORK),  # RFC 4291 §2.5.2
        ("::1/128", Refusal.LOOPBACK),
        ("100::/64", Refusal.DISCARD),  # RFC 6666
        ("2001:2::/48", Refusal.BENCHMARKING),  # RFC 5180
        ("2001:db8::/32", Refusal.DOCUMENTATION),  # RFC 3849
        ("3fff::/20", Refusal.DOCUMENTATION),  # RFC 9637
        ("fc00::/7", Refusal.UNIQUE_LOCAL),  # RFC 4193
        ("fe80::/10", Refusal.LINK_LOCAL),
        ("fec0::/10", Refusal.SITE_LOCAL),  # RFC 3879
        ("ff00::/8", Refusal.MULTICAST),
    )
)
_TEREDO = IPv6Network("2001::/32")  # RFC 4380
_V6_PROTOCOLS = IPv6Network("2001::/23")  # RFC 2928
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # the only part IANA has given out
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291 §2.5.5.1, withdrawn
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")  # RFC 2765 §2.1, withdrawn
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")  # RFC 8215
_SIX_TO_FOUR = IPv6Network("2002::/16")  # RFC 3056
_ISATAP_MARKS = (0x00005EFE, 0x02005EFE)  # RFC 5214 §6.1

_LOW_32 = 0xFFFFFFFF


def refusal(address: IPv4Address | IPv6Address) -> Refusal | None:
    """
    Judge an address.

    Returns:
        None for globally routable unicast whose embedded IPv4 addresses, if any, are that too; else the reason.
    """
    if isinstance(address, IPv4Address):
        return next((reason for network, reason in _V4 if address in network), None)
    if address.scope_id is not None:
        return Refusal.ZONE_ID
    if address.ipv4_mapped is not None:  # the system connects to the inner address: it is one and the same
        return refusal(address.ipv4_mapped)
    return _v6_category(address) or _embedded_refusal(address) or _outer_refusal(address)


def embedded(address: IPv6Address) -> Iterator[tuple[Refusal, IPv4Address]]:
    """Give every IPv4 address that *address* may lead to when it is routed, and what it is refused as."""
    bits = int(address)
    low = IPv4Address(bits & _LOW_32)
    if address in _COMPATIBLE or address in _TRANSLATED:
        yield Refusal.COMPATIBLE_EMBEDDED, low
    if address in _NAT64:
        yield Refusal.NAT64_EMBEDDED, low
    if address in _NAT64_LOCAL:
        yield from ((Refusal.NAT64_EMBEDDED, inner) for inner in _nat64_local(bits))
    if address in _SIX_TO_FOUR:
        yield Refusal.SIX_TO_FOUR_EMBEDDED, IPv4Address(bits >> 80 & _LOW_32)
    if address.teredo is not None:
        yield from ((Refusal.TEREDO_EMBEDDED, inner) for inner in address.teredo)
    if bits >> 32 & _LOW_32 in _ISATAP_MARKS:
        yield Refusal.ISATAP_EMBEDDED, low


def _v6_category(address: IPv6Address) -> Refusal | None:
    return next((reason for network, reason in _V6 if address in network), None)


def _embedded_refusal(address: IPv6Address) -> Refusal | None:
    return next((kind for kind, inner in embedded(address) if refusal(inner) is not None), None)


def _outer_refusal(address: IPv6Address) -> Refusal | None:
    """Judge what is in no category: NAT64 is outside the part given out, yet is how IPv6-only networks reach IPv4."""
    if address in _NAT64 or address in _NAT64_LOCAL:
        return None
    if address in _V6_PROTOCOLS and address not in _TEREDO:
        return Refusal.PROTOCOL_ASSIGNMENT
    return None if address in _GLOBAL_UNICAST else Refusal.RESERVED


def _nat64_local(bits: int) -> Iterator[IPv4Address]:
    """
    Read the local-use prefix in all four ways a translator may be set up for (RFC 6052 §2.2: /96, /64, /56, /48).

    Bits 64 to 71 are skipped there. A reading is meant only if it takes something from above the last 32 bits; the
    /96 one always is.
    """
    joined = bits >> 64 << 56 | bits & (1 << 56) - 1  # without bits 64 to 71: 120 bits
    yield IPv4Address(bits & _LOW_32)
    for prefix_bits in (48, 56, 64):
        inner = joined >> (120 - prefix_bits - 32) & _LOW_32
        beyond = max(0, prefix_bits + 32 - 88)  # how many of its bits lie in the last 32
        if inner >> beyond:
            yield IPv4Address(inner)
