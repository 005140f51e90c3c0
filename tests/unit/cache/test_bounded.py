"""Facts in a bounded memory."""

from imgsvc.cache.bounded import ENTRY_OVERHEAD_BYTES, BoundedMemoryBackend


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def backend(capacity_bytes: int = 10_000, clock: Clock | None = None) -> BoundedMemoryBackend:
    return BoundedMemoryBackend(capacity_bytes, clock=clock or Clock())


async def test_roundtrip():
    """A value goes through JSON and comes back a copy."""
    cache, value = backend(), {"a": [1, None, "ü"]}
    assert await cache.set("k", value) is True
    assert await cache.get("k") == value
    assert await cache.get("k") is not value
    assert await cache.delete("k") == 1
    assert await cache.delete("k") == 0
    assert await cache.get("k") is None


async def test_expiry():
    """A value is gone when its time is, and its room with it."""
    clock = Clock()
    cache = backend(clock=clock)
    await cache.set("k", 1, ttl=10)
    await cache.set("for-ever", 1)
    clock.now += 9.9
    assert await cache.get("k") == 1
    clock.now += 0.1
    assert await cache.get("k") is None
    assert await cache.delete("k") == 0
    assert await cache.get("for-ever") == 1
    assert cache.entries == 1


async def test_overwrite_renews():
    """A second value has its own time and weight."""
    clock = Clock()
    cache = backend(clock=clock)
    await cache.set("k", "x" * 100, ttl=10)
    clock.now += 8
    await cache.set("k", "y", ttl=10)
    clock.now += 8
    assert await cache.get("k") == "y"
    assert cache.weight_bytes == len("k") + len('"y"') + ENTRY_OVERHEAD_BYTES


async def test_bounded():
    """The weight stays within the capacity; the least recently used goes first."""
    cache = backend(capacity_bytes=4 * (ENTRY_OVERHEAD_BYTES + 103))
    for i in range(4):
        await cache.set(f"k{i}", "x" * 99, ttl=60)
    assert await cache.get("k0") is not None
    await cache.set("k4", "x" * 99, ttl=60)
    assert [i for i in range(5) if await cache.get(f"k{i}")] == [0, 2, 3, 4]
    for i in range(1000):
        await cache.set(f"many{i}", "x" * (i % 50), ttl=60)
        assert cache.weight_bytes <= cache.capacity_bytes


async def test_expired_go_before_the_living():
    """What is over makes room before anything that still counts."""
    clock = Clock()
    cache = backend(capacity_bytes=2 * (ENTRY_OVERHEAD_BYTES + 20), clock=clock)
    await cache.set("old", 1, ttl=100)
    await cache.set("short", 1, ttl=1)
    clock.now += 2
    await cache.set("new", 1, ttl=100)
    assert await cache.get("old") == 1
    assert await cache.get("new") == 1


async def test_too_heavy():
    """A value heavier than everything is not kept, and what it would have replaced is gone."""
    cache = backend(capacity_bytes=ENTRY_OVERHEAD_BYTES + 50)
    await cache.set("k", 1)
    assert await cache.set("k", "x" * 100) is False
    assert await cache.get("k") is None
    assert (cache.entries, cache.weight_bytes) == (0, 0)


async def test_clear():
    """Flushing and closing drop everything."""
    cache = backend()
    await cache.set("a", 1)
    cache.flush()
    assert cache.entries == 0
    await cache.set("b", 1)
    await cache.close()
    assert cache.entries == 0
