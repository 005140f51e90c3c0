"""The memory cache: weights, order, reasons."""

import pytest

from imgsvc.cache.memory import ENTRY_OVERHEAD_BYTES, URL_COPIES, MemoryCache
from tests.support.blobs import SOURCE, blob_of

MIB = 1024 * 1024
EMPTY_BYTES = ENTRY_OVERHEAD_BYTES + URL_COPIES * len(SOURCE.url)
"""What an entry weighs beside its data."""


def of_weight(key: str, weight: int, byte: bytes = b"x"):
    return blob_of(byte * (weight - EMPTY_BYTES), key)


def test_roundtrip():
    """What was put is got, the very object, and counted."""
    cache, blob = MemoryCache(MIB, MIB), blob_of(b"data", "k")
    assert cache.get("k") is None
    assert cache.put(blob) is True
    assert cache.get("k") is blob
    counted = cache.statistics()
    assert (counted.entries, counted.bytes, counted.capacity_bytes) == (1, EMPTY_BYTES + 4, MIB)
    assert (counted.hits, counted.misses) == (1, 1)


def test_least_recently_used_goes_first():
    """Room is made by dropping what was longest not asked for."""
    cache = MemoryCache(40_000, MIB)
    for key in "abcd":
        cache.put(of_weight(key, 10_000))
    cache.get("a")
    cache.put(of_weight("e", 10_000))
    assert [key for key in "abcde" if cache.get(key)] == ["a", "c", "d", "e"]
    assert cache.statistics().evictions["capacity"] == 1


@pytest.mark.parametrize(
    ("capacity", "max_entry", "data_bytes", "kept"),
    [
        (4 * (EMPTY_BYTES + 800), 800, 800, True),
        (4 * (EMPTY_BYTES + 800), 799, 800, False),
        (4 * (EMPTY_BYTES + 800), MIB, 801, False),
        (0, MIB, 1, False),
        (100, MIB, 1, False),
    ],
)  # fmt: skip
def test_limits(capacity: int, max_entry: int, data_bytes: int, kept: bool):
    """A blob above the entry limit or a quarter of the capacity is not kept; with no capacity none is."""
    cache = MemoryCache(capacity, max_entry)
    assert cache.put(blob_of(b"x" * data_bytes, "k")) is kept
    assert (cache.get("k") is not None) is kept


def test_replace():
    """A second blob of a key replaces the first, and one too large removes it: what is old must not be served."""
    cache = MemoryCache(40_000, MIB)
    cache.put(of_weight("k", 3000))
    cache.put(of_weight("k", 5000))
    assert cache.statistics().bytes == 5000
    cache.put(of_weight("k", 20_000))
    assert cache.get("k") is None
    assert cache.statistics().evictions["replaced"] == 2
    assert cache.statistics().bytes == 0


def test_mark_stored():
    """The entry becomes known to be stored, its turn and the counters unchanged."""
    cache = MemoryCache(40_000, MIB)
    blobs = {key: of_weight(key, 10_000) for key in "abcd"}
    for blob in blobs.values():
        cache.put(blob)
    cache.mark_stored("a", blobs["a"].etag)
    cache.put(of_weight("e", 10_000))
    assert cache.get("a") is None
    cache.mark_stored("b", blobs["b"].etag)
    assert cache.get("b").stored is True
    assert cache.get("b").data is blobs["b"].data
    assert cache.get("c").stored is False
    assert cache.statistics().bytes == 40_000


def test_mark_stored_other_bytes():
    """Bytes that came in since are not called stored; a key that is gone is no error."""
    cache = MemoryCache(MIB, MIB)
    old, new = blob_of(b"old", "k"), blob_of(b"new", "k")
    cache.put(new)
    cache.mark_stored("k", old.etag)
    cache.mark_stored("gone", old.etag)
    assert cache.get("k").stored is False


def test_discard():
    """Dropping says whether there was something, and counts the reason."""
    cache = MemoryCache(MIB, MIB)
    cache.put(blob_of(b"x", "k"))
    assert cache.discard("k", "expired") is True
    assert cache.discard("k", "expired") is False
    assert cache.statistics().evictions == {"capacity": 0, "expired": 1, "purged": 0, "pressure": 0, "replaced": 0}


def test_discard_prefix():
    """All of one source goes at once, and nothing else."""
    cache = MemoryCache(MIB, MIB)
    for key in ("a/1", "a/2", "ab/1"):
        cache.put(blob_of(b"x", key))
    assert cache.discard_prefix("a/") == 2
    assert cache.discard_prefix("a/") == 0
    assert cache.get("ab/1") is not None
    assert cache.statistics().evictions["purged"] == 2


def test_clear():
    """Clearing tells what it set free."""
    cache = MemoryCache(MIB, MIB)
    cache.put(blob_of(b"x" * 100, "a"))
    cache.put(blob_of(b"x" * 200, "b"))
    assert cache.clear("pressure") == 2 * EMPTY_BYTES + 300
    assert cache.clear("pressure") == 0
    assert cache.statistics().evictions["pressure"] == 2
    assert cache.statistics().entries == 0


def filled(capacity: int = 40_000, keys: str = "abcd") -> MemoryCache:
    cache = MemoryCache(capacity, MIB)
    for key in keys:
        assert cache.put(of_weight(key, 10_000))
    return cache


@pytest.mark.parametrize(
    ("size", "freed", "left"),
    [
        (-1, 0, "abcd"),
        (0, 0, "abcd"),
        (1, 10_000, "acd"),
        (10_000, 10_000, "acd"),
        (10_001, 20_000, "ad"),
        (99_999, 40_000, ""),
    ],
)
def test_evict(size: int, freed: int, left: str):
    """As many go as weigh what is asked for, the least recently used first."""
    cache = filled()
    cache.get("a")
    assert cache.evict(size, "pressure") == freed
    assert "".join(key for key in "abcd" if cache.get(key)) == left
    assert cache.statistics().evictions["pressure"] == freed // 10_000
    assert cache.statistics().capacity_bytes == 40_000


def test_resize():
    """A smaller capacity drops the least recently used at once; a larger one makes room again."""
    cache = filled()
    cache.get("a")
    assert cache.resize(25_000) == 20_000
    assert [key for key in "abcd" if cache.get(key)] == ["a", "d"]
    counted = cache.statistics()
    assert (counted.bytes, counted.capacity_bytes, counted.evictions["pressure"]) == (20_000, 25_000, 2)

    assert cache.put(of_weight("e", 6_251)) is False
    assert cache.put(of_weight("e", 6_250)) is True
    assert cache.statistics().evictions["capacity"] == 1

    assert cache.resize(80_000) == 0
    assert cache.put(of_weight("f", 20_000)) is True
    assert cache.resize(0) == 10_000 + 6_250 + 20_000
    assert cache.put(of_weight("g", EMPTY_BYTES + 1)) is False


def test_an_entry_that_became_too_heavy_stays():
    """What came in under a larger capacity is kept, and can be marked, as long as all together fit."""
    cache = filled(keys="a")
    cache.resize(10_000)
    cache.mark_stored("a", cache.get("a").etag)
    assert cache.get("a").stored is True
    assert cache.statistics().bytes == 10_000


def test_limit_entries():
    """Under the limit only small blobs come in, with 0 none; what is there stays, but for what would be replaced."""
    cache = filled()
    cache.limit_entries(500)
    assert cache.put(blob_of(b"x" * 501, "a")) is False
    assert cache.get("a") is None
    assert cache.put(blob_of(b"x" * 500, "a")) is True
    assert cache.get("b") is not None

    cache.limit_entries(0)
    assert cache.put(blob_of(b"", "a")) is False

    cache.limit_entries(None)
    assert cache.put(of_weight("a", 10_000)) is True


def test_statistics_are_a_snapshot():
    """What was read does not change afterwards, and cannot be changed."""
    cache = MemoryCache(MIB, MIB)
    before = cache.statistics()
    cache.put(blob_of(b"x", "k"))
    cache.discard("k", "purged")
    assert before.evictions["purged"] == 0
    with pytest.raises(TypeError):
        before.evictions["purged"] = 1
