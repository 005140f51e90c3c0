"""Who the client of a request is, whatever proxies say."""

import json

import pytest
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st

from imgsvc.settings import LimitSettings
from imgsvc.web.clients import MAX_PROXIES, UNKNOWN, Clients
from tests.support.wire import serving

PROXIES = "10.0.0.0/8,2001:db8:aaaa::/48,127.0.0.1"


def name(peer: str | None, *forwarded: str, proxies: str = PROXIES) -> str:
    return Clients(LimitSettings.from_env({"IMGSVC_TRUSTED_PROXIES": proxies})).name(peer, forwarded)


class TestPeers:
    """The other end of the connection."""

    def test_an_address(self):
        """Without a proxy it is the client, however much it says of others."""
        assert name("203.0.113.9") == "203.0.113.9"
        assert name("203.0.113.9", "198.51.100.7") == "203.0.113.9"

    def test_nobody_is_trusted_by_default(self):
        """Without the setting no header counts, from loopback neither."""
        assert name("127.0.0.1", "198.51.100.7", proxies="") == "127.0.0.1"

    @pytest.mark.parametrize("peer", [None, "", "/run/imgsvc.sock", "localhost"])
    def test_none(self, peer):
        """All peers without an address are one, and what they forward is nobody's word."""
        assert name(peer, "198.51.100.7") == UNKNOWN

    def test_ipv6_counts_by_its_network(self):
        """Addresses that one customer may change at will are one client; the next network is another."""
        assert name("2001:db8:1:2::1") == name("2001:db8:1:2:ffff:ffff:ffff:ffff") == "2001:db8:1:2::/64"
        assert name("2001:db8:1:3::1") == "2001:db8:1:3::/64"

    def test_a_zone(self):
        """A link-local peer's interface is no part of the name."""
        assert name("fe80::1%eth0") == "fe80::/64"

    def test_ipv4_inside_ipv6(self):
        """What a dual socket says of an IPv4 peer is that peer, as a client and as a proxy."""
        assert name("::ffff:203.0.113.9") == "203.0.113.9"
        assert name("::ffff:10.0.0.1", "::ffff:203.0.113.9") == "203.0.113.9"


class TestForwarded:
    """``X-Forwarded-For`` from trusted proxies."""

    @pytest.mark.parametrize(
        ("forwarded", "client"),
        [
            (["203.0.113.9"], "203.0.113.9"),
            (["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
            (["198.51.100.7", "203.0.113.9"], "203.0.113.9"),
            (["203.0.113.9, 10.0.0.2,10.0.0.3"], "203.0.113.9"),
            (["198.51.100.7,203.0.113.9", " 10.0.0.2 ", "10.0.0.3\t,10.0.0.4"], "203.0.113.9"),
            (["198.51.100.7, 203.0.113.9, 2001:db8:aaaa::1"], "203.0.113.9"),
            (["10.0.0.4, 10.0.0.3, 10.0.0.2"], "10.0.0.4"), ([], "10.0.0.1"), ([""], "10.0.0.1"),
        ],
    )  # fmt: skip
    def test_from_the_right(self, forwarded, client):
        """The first that is no trusted proxy is the client; all before it is its own invention."""
        assert name("10.0.0.1", *forwarded) == client

    @pytest.mark.parametrize(
        "garbage", ["unknown", "_hidden", "", "10.0.0", "10.0.0.0/8", "[::1", "\udc80", "1.2.3.4:x"]
    )
    def test_garbage_ends_the_walk(self, garbage):
        """What is no address makes the last good one the client, not one beyond."""
        assert name("10.0.0.1", f"203.0.113.9, {garbage}, 10.0.0.2") == "10.0.0.2"

    @pytest.mark.parametrize(
        ("text", "client"),
        [
            ("203.0.113.9:51234", "203.0.113.9"), ("[2001:db8:1::5]:51234", "2001:db8:1::/64"),
            ("[2001:db8:1::5]", "2001:db8:1::/64"), ("2001:db8:1::5", "2001:db8:1::/64"),
            ("2001:DB8:1::1:5", "2001:db8:1::/64"),
        ],
    )  # fmt: skip
    def test_ports(self, text, client):
        """A port is no part of the name, nor is it taken for the end of an IPv6 address."""
        assert name("10.0.0.1", text) == client

    def test_a_long_walk_ends(self):
        """A header of nothing but trusted addresses is read no further than any real chain is long."""
        assert name("10.0.0.1", *(f"10.0.{number}.1" for number in range(200))) == f"10.0.{200 - MAX_PROXIES}.1"

    @given(st.none() | st.text(max_size=50), st.lists(st.text() | st.ip_addresses().map(str), max_size=10))
    @example("10.0.0.1", ["1" * 5000])
    @example("10.0.0.1", ["10.0.0.1%" + "x" * 5000])
    @example("10.0.0.1", ["fe80::1%" + "x" * 5000])
    @example("10.0.0.1", ["²³.1.1.1", "[]:5", "[]"])
    @example("10.0.0.1\n", [])
    def test_any_text(self, peer, forwarded):
        """Whatever the header holds, the name is short, and made of what names are made of."""
        for proxy in (peer, "10.0.0.1"):
            named = name(proxy, *forwarded)
            assert 0 < len(named) <= 43
            assert named == UNKNOWN or set(named) <= set("0123456789abcdef.:/")


@pytest.mark.slow
@pytest.mark.parametrize(("proxies", "client"), [("127.0.0.0/8", "203.0.113.9"), ("10.0.0.0/8", "127.0.0.1")])
async def test_over_a_socket(tmp_path, proxies, client):
    """Two fields of one request, as they come over a real connection, are one list; from a stranger they are none."""
    clients = Clients(LimitSettings.from_env({"IMGSVC_TRUSTED_PROXIES": proxies}))

    async def who(request):
        return web.json_response(clients.of(request))

    async with serving(tmp_path, routes=[web.get("/who", who)]) as server, await server.connect() as wire:
        await wire.send(
            b"GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.7, 203.0.113.9\r\n"
            b"x-forwarded-for: 127.0.0.2\r\n\r\n"
        )
        reply = await wire.reply()

    assert json.loads(reply.body) == client
