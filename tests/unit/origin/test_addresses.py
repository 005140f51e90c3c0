"""Every category of address, with its edges, and every way of hiding an IPv4 address in an IPv6 one."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.origin.addresses import Refusal, embedded, refusal

PUBLIC = """
1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15
168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0
192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255
198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255
2000::1 2001:200::1 2001:4860:4860::8888 2606:4700::1111 2a00:1450::1 3ffe::1 3fff:1000::1 3fff:ffff::1
::ffff:8.8.8.8 64:ff9b::808:808 64:ff9b:1::808:808 2002:808:808::1
2001:0:808:808::f7f7:f7f7 2606:4700::5efe:808:808
"""

REFUSED = {
    Refusal.THIS_NETWORK: "0.0.0.0 0.255.255.255 ::",
    Refusal.LOOPBACK: "127.0.0.0 127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1",
    Refusal.PRIVATE: "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 ::ffff:10.0.0.1",
    Refusal.LINK_LOCAL: "169.254.0.0 169.254.169.254 169.254.255.255 fe80:: febf:ffff:: ::ffff:169.254.169.254",
    Refusal.CGNAT: "100.64.0.0 100.127.255.255",
    Refusal.PROTOCOL_ASSIGNMENT: "192.0.0.0 192.0.0.255 2001:1::1 2001:10::1 2001:20::1 2001:1ff:ffff::",
    Refusal.BENCHMARKING: "198.18.0.0 198.19.255.255 2001:2::1",
    Refusal.DOCUMENTATION: "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8:: 2001:db8:ffff::1 3fff:: 3fff:fff::1",
    Refusal.MULTICAST: "224.0.0.0 239.255.255.255 ff00:: ff02::1 ffff::",
    Refusal.RESERVED: "240.0.0.0 255.255.255.254 192.88.99.1 1::1 200::1 400::1 4000::1 5f00::1 e000::1 "
    "::808:808 ::ffff:0:808:808 64:ff9b:2::808:808 100:0:0:1::1 1fff:ffff::",
    Refusal.BROADCAST: "255.255.255.255",
    Refusal.UNIQUE_LOCAL: "fc00:: fd00:ec2::254 fdff:ffff::",
    Refusal.SITE_LOCAL: "fec0:: feff:ffff::",
    Refusal.DISCARD: "100:: 100::ffff:ffff:ffff:ffff",
    Refusal.PLATFORM: "168.63.129.16 ::ffff:168.63.129.16",
    Refusal.ZONE_ID: "fe80::1%eth0 2606:4700::1111%1 ::1%lo ::1%25eth0",
    Refusal.COMPATIBLE_EMBEDDED: "::127.0.0.1 ::10.0.0.1 ::2 ::ffff:0:127.0.0.1 ::ffff:0:10.0.0.1",
    Refusal.NAT64_EMBEDDED: "64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b:: "
    "64:ff9b::168.63.129.16 64:ff9b:1::10.0.0.1 64:ff9b:1:a00:0:100:: 64:ff9b:1:a00:0:100:808:808 "
    "64:ff9b:1:7f:0:1:808:808 64:ff9b:1::7f:0:100:0 64:ff9b:1:0:7f:0:100:0",
    Refusal.SIX_TO_FOUR_EMBEDDED: "2002:7f00:1::1 2002:a00:1:: 2002:a9fe:a9fe::1 2002:c0a8:101:1:2:3:4:5",
    Refusal.TEREDO_EMBEDDED: "2001:0:a00:1::f7f7:f7f7 2001:0:808:808::80ff:fffe 2001::",
    Refusal.ISATAP_EMBEDDED: "2606:4700::5efe:10.0.0.1 2606:4700::200:5efe:127.0.0.1",
}


@pytest.mark.parametrize("text", PUBLIC.split())
def test_public(text):
    """Globally routable unicast passes, up to the edges of what does not."""
    assert refusal(ip_address(text)) is None


@pytest.mark.parametrize(("text", "reason"), [(t, r) for r, texts in REFUSED.items() for t in texts.split()])
def test_refused(text, reason):
    """Everything else is refused, with its own reason."""
    assert refusal(ip_address(text)) is reason


def test_every_reason_is_shown():
    """No category of addresses is without an example here."""
    assert set(Refusal) - set(REFUSED) == {Refusal.LEGACY_SPELLING, Refusal.OWN_ADDRESS}


ADDRESSES_V4 = st.integers(0, 2**32 - 1)
LOW_64 = st.integers(0, 2**64 - 1)


def _wrappings(inner: int, noise: int) -> dict[str, int]:
    """Hide an IPv4 address in each of the ways there are; *noise* fills what is free."""
    return {
        "mapped": 0xFFFF << 32 | inner,
        "compatible": inner,
        "translated": 0xFFFF << 48 | inner,
        "nat64": 0x0064FF9B << 96 | inner,
        "nat64-local": 0x0064FF9B0001 << 80 | inner,
        "nat64-local-48": 0x0064FF9B0001 << 80 | inner >> 16 << 64 | (inner & 0xFFFF) << 40 | noise & (1 << 40) - 1,
        "nat64-local-56": 0x0064FF9B0001 << 80 | inner >> 24 << 64 | (inner & 0xFFFFFF) << 32 | noise & (1 << 32) - 1,
        "nat64-local-64": 0x0064FF9B0001 << 80 | inner << 24 | noise & (1 << 24) - 1,
        "6to4": 0x2002 << 112 | inner << 80 | noise,
        "teredo-server": 0x20010000 << 96 | inner << 64 | noise,
        "teredo-client": 0x20010000 << 96 | 0x08080808 << 64 | inner ^ 0xFFFFFFFF,
        "isatap": 0x26064700 << 96 | 0x00005EFE << 32 | inner,
        "isatap-global": 0x26064700 << 96 | 0x02005EFE << 32 | inner,
    }


@given(inner=ADDRESSES_V4, noise=LOW_64)
def test_what_is_not_public_stays_so_in_any_wrapping(inner, noise):
    """However an address that is refused is embedded, the whole is refused too."""
    if refusal(IPv4Address(inner)) is not None:
        passed = {k for k, v in _wrappings(inner, noise).items() if refusal(IPv6Address(v)) is None}

        # 0.0.0.x in a local NAT64 prefix is not told from another address in a longer one; no translator sends it on.
        assert inner < 2**8 or not passed
        assert all(name.startswith("nat64-local-") for name in passed)


@given(inner=ADDRESSES_V4)
def test_unwrapping_finds_the_address(inner):
    """What is put in is among what is found."""
    for name, bits in _wrappings(inner, 0).items():
        found = [address for _, address in embedded(IPv6Address(bits))]
        # A local NAT64 reading that takes nothing from above the last 32 bits is not told from the /96 one.
        assert name == "mapped" or IPv4Address(inner) in found or inner < 2**8 or name.startswith("nat64-local-")


@given(st.integers(0, 2**128 - 1))
def test_only_unicast_of_the_right_part_passes(bits):
    """No address outside 2000::/3 passes, but for those that translate to IPv4."""
    address = IPv6Address(bits)
    if refusal(address) is None:
        assert bits >> 125 == 1 or address.ipv4_mapped or bits >> 96 == 0x64FF9B or bits >> 80 == 0x64FF9B0001
