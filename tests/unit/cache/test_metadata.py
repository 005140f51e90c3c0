"""The metadata cache in this process, and where its shared place cannot be had."""

import sys

import pytest

from imgsvc.cache.metadata import MetadataCache, MetadataStatistics
from imgsvc.settings import CacheSettings, SettingsError

CAPACITY = 100_000


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def with_redis(url: str) -> CacheSettings:
    return CacheSettings.from_env({"IMGSVC_REDIS_URL": url})


async def test_roundtrip():
    """A value is kept for its time, counted, and dropped at will."""
    clock = Clock()
    cache = MetadataCache(CacheSettings(), CAPACITY, clock=clock)
    assert await cache.get("k") is None
    await cache.set("k", {"a": 1}, 10)
    assert await cache.get("k") == {"a": 1}
    clock.now += 10
    assert await cache.get("k") is None
    await cache.set("k", {"a": 2}, 10)
    await cache.delete("k")
    assert await cache.get("k") is None
    assert cache.healthy
    assert cache.statistics() == MetadataStatistics(
        shared=False, entries=0, bytes=0, capacity_bytes=CAPACITY, hits=1, misses=3, failures=0
    )
    await cache.aclose()


@pytest.mark.parametrize("ttl_seconds", [0, -1])
async def test_no_lifetime(ttl_seconds: int):
    """What has no lifetime is not kept."""
    cache = MetadataCache(CacheSettings(), CAPACITY)
    await cache.set("k", {"a": 1}, ttl_seconds)
    assert await cache.get("k") is None


async def test_value_that_is_no_json():
    """A value JSON cannot write is not kept, is counted, and raises nothing."""
    cache = MetadataCache(CacheSettings(), CAPACITY)
    await cache.set("k", {"a": object()}, 10)
    assert await cache.get("k") is None
    assert cache.statistics().failures == 1
    assert cache.healthy


async def test_no_capacity():
    """Without room nothing is kept and nothing fails."""
    cache = MetadataCache(CacheSettings(), 0)
    await cache.set("k", {"a": 1}, 10)
    assert await cache.get("k") is None
    assert cache.statistics().failures == 0


def test_redis_not_installed(monkeypatch: pytest.MonkeyPatch):
    """With a URL but without the package the message names the setting and what to install."""
    monkeypatch.setitem(sys.modules, "imgsvc.cache.shared", None)
    with pytest.raises(SettingsError, match=r"IMGSVC_REDIS_URL: .*pip install 'imgsvc\[redis\]'"):
        MetadataCache(with_redis("redis://127.0.0.1"), CAPACITY)


@pytest.mark.parametrize("url", ["http://127.0.0.1", "nonsense", "redis://127.0.0.1:port"])
def test_no_url_of_redis(url: str):
    """A URL that is none of Redis is a settings error that does not repeat it: it may hold a password."""
    try:
        settings = with_redis(url)
    except ValueError:
        return  # the settings themselves refuse it
    with pytest.raises(SettingsError, match="IMGSVC_REDIS_URL") as caught:
        MetadataCache(settings, CAPACITY)
    assert url not in str(caught.value)
