"""The memory cache beside a plain model of what may be there, by any sequence of calls."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from imgsvc.cache.memory import MemoryCache, weight_bytes
from tests.support.blobs import blob_of

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
