"""The memory cache: weights, order, reasons."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from imgsvc.cache.memory import ENTRY_OVERHEAD_BYTES, URL_COPIES, MemoryCache, weight_bytes
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


ALL_KEYS = [f"{folder}/{n}" for folder in "ab" for n in range(4)]
KEYS = st.sampled_from(ALL_KEYS)
CAPACITY = 16_000


class MemoryMachine(RuleBasedStateMachine):
    """Any sequence of calls beside a plain model of what may be there."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = MemoryCache(CAPACITY, 700)
        self.latest: dict[str, object] = {}
        self.kept = 0
        self.capacity = CAPACITY
        self.limit = 700

    @rule(key=KEYS, size=st.integers(0, 1200), byte=st.sampled_from([b"x", b"y"]))
    def put(self, key: str, size: int, byte: bytes) -> None:
        blob = blob_of(byte * size, key)
        kept = self.cache.put(blob)
        fits = size <= min(700, self.limit) and weight_bytes(blob) <= self.capacity // 4
        assert kept is (fits and self.limit > 0)
        self.kept += kept
        self.latest.pop(key, None)
        if kept:
            self.latest[key] = blob

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        blob = self.cache.get(key)
        if blob is None:
            self.latest.pop(key, None)
        else:
            assert blob.data is self.latest[key].data

    @rule(key=KEYS)
    def mark(self, key: str) -> None:
        if key in self.latest:
            self.cache.mark_stored(key, self.latest[key].etag)

    @rule(key=KEYS)
    def discard(self, key: str) -> None:
        self.cache.discard(key, "purged")
        self.latest.pop(key, None)

    @rule(dropped=st.sets(KEYS))
    def update(self, dropped: set[str]) -> None:
        self.cache.update(lambda b: None if b.key in dropped else replace(b, meta=b.meta.refreshed(1, 2)), ALL_KEYS)
        self.latest = {k: b for k, b in self.latest.items() if k not in dropped}

    @rule()
    def discard_prefix(self) -> None:
        self.cache.discard_prefix("a/")
        self.latest = {k: b for k, b in self.latest.items() if not k.startswith("a/")}

    @rule()
    def clear(self) -> None:
        held = self.cache.statistics().bytes
        assert self.cache.clear("pressure") == held
        self.latest.clear()

    @rule(capacity=st.integers(0, 24_000))
    def resize(self, capacity: int) -> None:
        held = self.cache.statistics().bytes
        freed = self.cache.resize(capacity)
        assert self.cache.statistics().bytes == held - freed
        assert freed == 0 or held > capacity
        self.capacity = capacity

    @rule(size=st.integers(0, 12_000))
    def evict(self, size: int) -> None:
        held = self.cache.statistics().bytes
        assert self.cache.evict(size, "pressure") >= min(size, held)

    @rule(limit=st.sampled_from([0, 100, 500, None]))
    def limit_entries(self, limit: int | None) -> None:
        self.cache.limit_entries(limit)
        self.limit = 700 if limit is None else limit

    @invariant()
    def sum_of_weights_is_the_counter_and_below_the_capacity(self) -> None:
        counted = self.cache.statistics()
        weights = [weight_bytes(b) for b in self.cache._entries.values()]
        assert sum(weights) == counted.bytes <= counted.capacity_bytes == self.capacity
        assert len(weights) == counted.entries
        assert counted.entries + sum(counted.evictions.values()) == self.kept


MemoryMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestMemoryMachine = MemoryMachine.TestCase
