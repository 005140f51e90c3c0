"""No address is reached that should not be: names, literals, rebinding, ourselves."""

import pytest

from imgsvc.errors import (
    AddressNotPublic,
    PortNotAllowed,
    SourceNotAllowed,
)
from imgsvc.origin.addresses import Refusal
from imgsvc.origin.own import LoopGuard
from tests.support.fetching import BODY, Names, fetch, fetching, near
from tests.support.origin import Canary


@pytest.mark.parametrize(
    "target", ["http://{ip}:8080/x", "http://[::ffff:7f00:1]:8080/x", "http://2130706433/x", "http://inside.test/x"]
)
async def test_redirect_to_a_private_address(origin, target):
    """A redirect to a private address, in whatever spelling or behind a name, is refused; nothing is connected."""
    origin.redirect("/a", target.format(ip="127.0.0.1"))
    names = Names(inside_test=[["10.0.0.1"]])
    async with fetching(names=names, **near(origin)) as fetcher:
        with pytest.raises(AddressNotPublic):
            await fetcher.open(origin.url("/a"))


@pytest.mark.parametrize(
    ("addresses", "reason"),
    [
        (["127.0.0.1"], Refusal.LOOPBACK),
        (["::1"], Refusal.LOOPBACK),
        (["::ffff:127.0.0.1"], Refusal.LOOPBACK),
        (["::1", "127.0.0.1"], Refusal.LOOPBACK),
        (["64:ff9b::7f00:1", "10.0.0.1", "fe80::1"], Refusal.NAT64_EMBEDDED),
        (["fe80::1%lo"], Refusal.ZONE_ID),
    ],
)
async def test_names_of_private_addresses(addresses, reason):
    """A name that leads to private addresses of either family is refused for what it is, and the canary sleeps on."""
    async with Canary() as canary:
        # The canary's port stands in TRUSTED_ORIGINS for another network, so that only the address can be refused.
        trusted = {"IMGSVC_TRUSTED_ORIGINS": f"bad.test:{canary.port}=192.168.77.0/24"}
        async with fetching(names=Names(bad_test=[addresses]), **trusted) as fetcher:
            with pytest.raises(AddressNotPublic, match="IMGSVC_TRUSTED_ORIGINS or IMGSVC_CONNECT_TO") as caught:
                await fetcher.open(f"http://bad.test:{canary.port}/x")

            assert not any(a in str(caught.value) for a in addresses)
            assert reason in fetcher.statistics().refused
            assert fetcher.statistics().outcomes == {"AddressNotPublic": 1}
        assert canary.connections == 0


async def test_rebinding(origin):
    """A name that first leads to a good address and then to another is judged anew for each connection."""
    origin.serve("/a", BODY, headers={"Connection": "close"})
    origin.script("/a", lambda x: x.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"))
    trusted = {"IMGSVC_TRUSTED_ORIGINS": f"origin.test:{origin.port}=127.0.0.1/32"}
    names = Names(origin_test=[["127.0.0.1"], ["127.0.0.2"]])
    async with Canary("127.0.0.2", origin.port) as canary, fetching(names=names, **trusted) as fetcher:
        assert await fetch(fetcher, origin.url("/a")) == b"ok"
        with pytest.raises(AddressNotPublic):
            await fetcher.open(origin.url("/a"))

        assert canary.connections == 0
    assert names.lookups == ["origin.test", "origin.test"]
    assert names.closed


async def test_pooled_connection_keeps_its_host(origin):
    """A connection made for a trusted name is not handed to another name or literal with the same address."""
    origin.serve("/a", BODY)
    trusted = {"IMGSVC_TRUSTED_ORIGINS": f"origin.test:{origin.port}=127.0.0.0/8,b.test:{origin.port}=10.0.0.0/8"}
    async with fetching(names=Names(origin_test=[["127.0.0.1"]], b_test=[["127.0.0.1"]]), **trusted) as fetcher:
        assert await fetch(fetcher, origin.url("/a")) == BODY
        with pytest.raises(AddressNotPublic):
            await fetcher.open(origin.url("/a", host="b.test"))
        with pytest.raises(PortNotAllowed):
            await fetcher.open(origin.url("/a", host="127.0.0.1"))

    assert origin.hits("/a") == 1


@pytest.mark.parametrize("host", ["203.0.113.7", "[2001:db8::7]", "pictures.origin.test"])
async def test_connect_to(origin, host):
    """IMGSVC_CONNECT_TO leads names, names below a suffix and literal addresses elsewhere; the host header stays."""
    origin.serve("/a", BODY)
    async with fetching(**near(origin, "203.0.113.7", "2001:db8::7", "*.origin.test")) as fetcher:
        assert await fetch(fetcher, f"http://{host}/a") == BODY
        assert await fetch(fetcher, f"http://{host}:81/a") == BODY

    assert [r.headers["Host"] for r in origin.requests] == [host, f"{host}:81"]


async def test_unlisted_literal(origin):
    """A literal address that no setting names is refused before anything is connected."""
    async with fetching() as fetcher:
        for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "127.1", "0x7f.1", "0"):
            with pytest.raises(AddressNotPublic):
                await fetcher.open(f"http://{host}:8080/a")

    assert origin.connections == 0


async def test_own_address_under_another_name(origin):
    """A name that ends at ourselves, by DNS or by a setting, is refused as a loop, trusted or not."""
    own = LoopGuard()
    own.listening("127.0.0.1", origin.port)
    settings = {
        "IMGSVC_CONNECT_TO": origin.connect_to("origin.test"),
        "IMGSVC_TRUSTED_ORIGINS": f"b.test:{origin.port}=127.0.0.0/8",
    }
    async with fetching(own=own, names=Names(b_test=[["127.0.0.1"]]), **settings) as fetcher:
        for host in ("origin.test", "b.test", "localhost", "127.0.0.1"):
            with pytest.raises(SourceNotAllowed, match="itself"):
                await fetcher.open(origin.url("/a", host=host))

    assert origin.connections == 0


async def test_demo_pictures(origin):
    """With the demo on our own sample pictures can be fetched on loopback, and nothing else of ours."""
    own = LoopGuard(demo=True)
    own.listening("127.0.0.1", origin.port)
    origin.serve("/demo/a.jpg", BODY)
    async with fetching(own=own, names=Names(localhost=[["127.0.0.1", "::1"]])) as fetcher:
        assert await fetch(fetcher, origin.url("/demo/a.jpg", host="localhost")) == BODY
        assert await fetch(fetcher, origin.url("/demo/a.jpg", host="127.0.0.1")) == BODY
        for path in ("/api/health", "/demo/../api", "/demo/%2e%2e/api", "/demo/..%2fapi", "/demo", "/demo/"):
            with pytest.raises(SourceNotAllowed):
                await fetcher.open(origin.url(path, host="localhost"))

    assert len(origin.requests) == 2
