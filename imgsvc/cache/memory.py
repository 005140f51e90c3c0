"""Tier 1: blobs in memory, weighed in bytes, the least recently used out first."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from cachetools import Cache, LRUCache

from imgsvc.model.blob import Blob

ENTRY_OVERHEAD_BYTES = 200
"""What an entry weighs beside its data: a flat allowance for the key, the metadata and the finished headers."""

LARGEST_SHARE = 4
"""An entry heavier than one part in this many of the capacity is not kept: one picture shall not empty the cache."""

EvictionReason = Literal["capacity", "expired", "purged", "pressure", "replaced"]
"""Why an entry left."""

_REASONS: tuple[EvictionReason, ...] = ("capacity", "expired", "purged", "pressure", "replaced")


@dataclass(frozen=True, slots=True)
class MemoryStatistics:
    """
    State and counters since the start.

    Attributes:
        entries: kept now.
        bytes: their weight; never above *capacity_bytes*.
        capacity_bytes: 0 = the cache is off.
        hits: look-ups that found something.
        misses: look-ups that did not.
        evictions: entries that left, by :data:`EvictionReason`; every reason is present.
    """

    entries: int
    bytes: int
    capacity_bytes: int
    hits: int
    misses: int
    evictions: Mapping[str, int]


class MemoryCache:
    """
    Blobs by key, bounded by weight.

    The sum of the weights never exceeds the capacity, not even for a moment: room is made before an entry comes in.
    No method awaits, so each is atomic for the event loop that owns the cache.

    Args:
        capacity_bytes: what all entries may weigh together; 0 switches the cache off.
        max_entry_bytes: a blob with more data is not kept.
    """

    def __init__(self, capacity_bytes: int, max_entry_bytes: int) -> None:
        self._entries = _Entries(capacity_bytes, getsizeof=weight_bytes)
        self._max_entry_bytes = max_entry_bytes
        self._hits = 0
        self._misses = 0
        self._evictions: dict[str, int] = dict.fromkeys(_REASONS, 0)

    def get(self, key: str) -> Blob | None:
        """Look *key* up and make it the most recently used; the hot path of the whole service."""
        try:
            blob = self._entries[key]
        except KeyError:
            self._misses += 1
            return None
        self._hits += 1
        return blob

    def put(self, blob: Blob) -> bool:
        """
        Keep *blob* under its own key, in place of what was there.

        Returns:
            Whether it is kept; a blob too heavy is not, and what it would have replaced is gone all the same.
        """
        self.discard(blob.key, "replaced")
        if not self._fits(blob):
            return False
        self._entries[blob.key] = blob
        return True

    def mark_stored(self, key: str, etag: str) -> None:
        """Note that the store holds the bytes called *etag*; other bytes, or none, stay as they are; no use counted."""
        blob = self._entries.peek(key)
        if blob is not None and blob.etag == etag and not blob.stored:
            self._entries.swap(key, blob.as_stored())

    def discard(self, key: str, reason: EvictionReason) -> bool:
        """Drop an entry; False when there was none."""
        if key not in self._entries:
            return False
        del self._entries[key]
        self._evictions[reason] += 1
        return True

    def discard_prefix(self, prefix: str) -> int:
        """Drop as purged what begins with *prefix*; the cost is one look at every key. Returns how many there were."""
        keys = [key for key in self._entries if key.startswith(prefix)]
        return sum(self.discard(key, "purged") for key in keys)

    def clear(self, reason: EvictionReason) -> int:
        """Drop everything. Returns the weight set free, in bytes."""
        freed_bytes = int(self._entries.currsize)
        self._evictions[reason] += len(self._entries)
        self._entries.clear()
        return freed_bytes

    def statistics(self) -> MemoryStatistics:
        """Snapshot of state and counters."""
        return MemoryStatistics(
            entries=len(self._entries),
            bytes=int(self._entries.currsize),
            capacity_bytes=int(self._entries.maxsize),
            hits=self._hits,
            misses=self._misses,
            evictions=MappingProxyType(self._evictions | {"capacity": self._entries.squeezed_out}),
        )

    def _fits(self, blob: Blob) -> bool:
        largest_bytes = self._entries.maxsize // LARGEST_SHARE
        return len(blob.data) <= self._max_entry_bytes and weight_bytes(blob) <= largest_bytes


def weight_bytes(blob: Blob) -> int:
    """What *blob* counts for in memory."""
    return len(blob.data) + ENTRY_OVERHEAD_BYTES


class _Entries(LRUCache[str, Blob]):
    """The LRU itself; what it drops to make room is counted, and an entry can be touched without being used."""

    squeezed_out = 0

    def popitem(self) -> tuple[str, Blob]:
        """Drop the least recently used entry; called by cachetools alone, and only for want of room."""
        self.squeezed_out += 1
        return super().popitem()

    def peek(self, key: str) -> Blob | None:
        """Look without making the entry the most recently used."""
        return Cache.__getitem__(self, key) if key in self else None

    def swap(self, key: str, blob: Blob) -> None:
        """Put an equally heavy blob in the place of another, its turn unchanged."""
        Cache.__setitem__(self, key, blob)
