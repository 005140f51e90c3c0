"""The metadata cache before a real Redis or Valkey: shared, slow, gone and back."""

import asyncio
import logging

import pytest

from imgsvc.cache.failures import RememberedFailures
from imgsvc.cache.metadata import PAUSE_SECONDS, TIMEOUT_SECONDS, MetadataCache
from imgsvc.errors import SourceNotFound
from imgsvc.settings import CacheSettings
from tests.support.redis import RedisServer, redis, redis_server  # noqa: F401 - a fixture
from tests.support.tools import free_ports


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def cache_at(port: int, clock: Clock | None = None) -> MetadataCache:
    settings = CacheSettings.from_env({"IMGSVC_REDIS_URL": f"redis://127.0.0.1:{port}/0"})
    return MetadataCache(settings, 0, clock=clock or Clock())


async def test_shared(redis: RedisServer):  # noqa: F811 - the fixture
    """What one replica keeps another finds; what one drops is gone for both."""
    one, other = cache_at(redis.port), cache_at(redis.port)
    await one.set("shared", {"a": [1, "ü", None]}, 60)
    assert await other.get("shared") == {"a": [1, "ü", None]}
    await other.delete("shared")
    assert await one.get("shared") is None
    assert one.healthy
    counted = one.statistics()
    assert (counted.shared, counted.hits, counted.misses, counted.failures) == (True, 0, 1, 0)
    await one.aclose()
    await other.aclose()


async def test_namespace_and_lifetime(redis: RedisServer):  # noqa: F811 - the fixture
    """The server's key carries name and version, and an end that the server keeps, fractions included."""
    cache = cache_at(redis.port)
    await cache.set("life", {"a": 1}, 90.5)
    client = cache._backend.client
    assert await client.keys("*life*") == [b"imgsvc:1:life"]
    assert 80_000 < await client.pttl("imgsvc:1:life") <= 90_500
    await cache.aclose()


@pytest.mark.parametrize("text", [b"no json", b"[1]", b"5", b"null", b"\xff\xfe", b"[" * 100_000], ids=repr)
async def test_nonsense(redis: RedisServer, text: bytes):  # noqa: F811 - the fixture
    """Whatever somebody else wrote there is a miss."""
    cache = cache_at(redis.port)
    await cache._backend.client.set("imgsvc:1:nonsense", text)
    assert await cache.get("nonsense") is None
    await cache.aclose()


async def test_failures_are_shared(redis: RedisServer):  # noqa: F811 - the fixture
    """A source one replica found gone is not asked by another."""
    one, other = cache_at(redis.port), cache_at(redis.port)
    await RememberedFailures(one).remember("h16", SourceNotFound("Gone."))
    recalled = await RememberedFailures(other).recall("h16")
    assert isinstance(recalled, SourceNotFound)
    assert 890 <= recalled.retry_after_seconds <= 900
    await one.aclose()
    await other.aclose()


async def test_gone_and_back(caplog: pytest.LogCaptureFixture):
    """A server that is gone is a miss, counted and logged once; it is not asked for a while, then found again."""
    clock = Clock()
    with redis_server() as server:
        cache = cache_at(server.port, clock)
        await cache.set("k", {"a": 1}, 60)
        assert await cache.get("k") == {"a": 1}
        port = server.port
    with caplog.at_level(logging.WARNING, "imgsvc.cache"):
        for _ in range(3):
            assert await cache.get("k") is None
            clock.now += PAUSE_SECONDS
    await cache.set("k", {"a": 2}, 60)
    assert not cache.healthy
    assert cache.statistics().failures == 4
    assert len([r for r in caplog.records if r.name == "imgsvc.cache"]) == 1
    with redis_server(port):
        assert await cache.get("k") is None
        assert cache.statistics().failures == 4
        clock.now += PAUSE_SECONDS
        await cache.set("k", {"a": 3}, 60)
        assert cache.healthy
        assert await cache.get("k") == {"a": 3}
        await cache.aclose()


async def test_nobody_listens():
    """A server that was never there is a miss for everything, and closes."""
    clock = Clock()
    cache = cache_at(free_ports(1)[0], clock)
    assert await cache.get("k") is None
    clock.now += PAUSE_SECONDS
    await cache.set("k", {"a": 1}, 60)
    clock.now += PAUSE_SECONDS
    await cache.delete("k")
    assert cache.statistics().failures == 3
    assert not cache.healthy
    await cache.aclose()


async def test_silent_server(monkeypatch: pytest.MonkeyPatch):
    """A server that takes the connection and says nothing costs its timeout once, and no task or connection."""
    connections = []

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    async with server:
        monkeypatch.setattr("imgsvc.cache.metadata.TIMEOUT_SECONDS", TIMEOUT_SECONDS)
        cache = cache_at(server.sockets[0].getsockname()[1], Clock())
        started = asyncio.get_running_loop().time()
        for _ in range(200):
            assert await cache.get("k") is None
        assert asyncio.get_running_loop().time() - started < 100 * TIMEOUT_SECONDS
        assert cache.statistics().failures == 1
        await cache.aclose()
    assert len(connections) == 1


async def test_many_at_once(redis: RedisServer):  # noqa: F811 - the fixture
    """More calls at once than there are connections all come through."""
    cache = cache_at(redis.port)
    await asyncio.gather(*(cache.set(f"m{i}", {"n": i}, 60) for i in range(50)))
    found = await asyncio.gather(*(cache.get(f"m{i}") for i in range(50)))
    assert found == [{"n": i} for i in range(50)]
    await cache.aclose()


def test_settings(redis: RedisServer):  # noqa: F811 - the fixture
    """The fixture's own settings point at it."""
    assert isinstance(redis.settings, CacheSettings)
