"""Tier 1: blobs in memory, weighed in bytes, the least recently used out first."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from imgsvc.model.blob import Blob

ENTRY_OVERHEAD_BYTES = 2400
"""
What an entry takes beside its data and its source's URL: key, metadata, finished headers, its place in line.

Measured by ``make bench-growth``, as growth of the resident size (docs/decisions/0037-weights.md).
"""

URL_COPIES = 2
"""How often an entry holds its source's URL: as it is, and in a header."""

LARGEST_SHARE = 4
"""An entry heavier than one part in this many of the capacity is not kept: one picture shall not empty the cache."""

EvictionReason = Literal["capacity", "expired", "purged", "pressure", "replaced"]
"""Why an entry left."""

_REASONS: tuple[EvictionReason, ...] = ("capacity", "expired", "purged", "pressure", "replaced")


class MemoryStatistics(Struct, frozen=True):
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

    The sum of the weights never exceeds the capacity, not even for a moment: room is made before an entry comes in,
    and before the capacity goes down. No method awaits, so each is atomic for the event loop that owns the cache.

    Args:
        capacity_bytes: what all entries may weigh together; 0 switches the cache off.
        max_entry_bytes: a blob with more data is not kept.
    """

    def __init__(self, capacity_bytes: int, max_entry_bytes: int) -> None:
        self._entries = _Entries()
        self._capacity_bytes = capacity_bytes
        self._max_entry_bytes = max_entry_bytes
        self._entry_limit_bytes: int | None = None
        self._hits = 0
        self._misses = 0
        self._evictions: dict[str, int] = dict.fromkeys(_REASONS, 0)

    def get(self, key: str) -> Blob | None:
        """Look *key* up and make it the most recently used; the hot path of the whole service."""
        blob = self._entries.get(key)
        if blob is None:
            self._misses += 1
            return None
        self._entries.move_to_end(key)
        self._hits += 1
        return blob

    def use(self, blob: Blob) -> bool:
        """Count one more use of *blob*, as :meth:`get` does, if that is what is kept under its key; else do nothing."""
        entries, key = self._entries, blob.key
        if entries.get(key) is not blob:
            return False
        entries.move_to_end(key)
        self._hits += 1
        return True

    def peek(self, key: str) -> Blob | None:
        """Look *key* up without counting that, or making it the most recently used."""
        return self._entries.get(key)

    def put(self, blob: Blob) -> bool:
        """
        Keep *blob* under its own key, in place of what was there.

        Returns:
            Whether it is kept; a blob too heavy is not, and what it would have replaced is gone all the same.
        """
        self.discard(blob.key, "replaced")
        if not self._fits(blob):
            return False
        self._shrink(self._capacity_bytes - weight_bytes(blob), "capacity")
        self._entries.add(blob)
        return True

    def mark_stored(self, key: str, etag: str) -> None:
        """Note that the store holds the bytes called *etag*; other bytes, or none, stay as they are; no use counted."""
        blob = self._entries.get(key)
        if blob is not None and blob.etag == etag and not blob.stored:
            self._entries[key] = blob.as_stored()

    def replace(self, blob: Blob) -> None:
        """Put *blob*, the same bytes with other metadata, in the place of what is kept under its key, if any."""
        if blob.key in self._entries:
            self._entries[blob.key] = blob  # as heavy, and its turn stays

    def blobs(self) -> list[Blob]:
        """Give all entries, no use counted; whoever keeps the list keeps their bytes."""
        return list(self._entries.values())

    def keys(self) -> list[str]:
        """Name all entries there are now."""
        return list(self._entries)

    def update(self, change: Callable[[Blob], Blob | None], keys: Iterable[str] | None = None) -> None:
        """
        Look at entries, no use counted; keys that are gone are passed over.

        Args:
            change: given an entry, gives the same bytes with other metadata, the very same object where nothing is to
                be done, or None where it is to be dropped as purged.
            keys: of the entries; None = all.
        """
        for key in self.keys() if keys is None else keys:
            blob = self._entries.get(key)
            changed = change(blob) if blob is not None else None
            if changed is None:
                self.discard(key, "purged")
            elif changed is not blob:
                self._entries[key] = changed

    def discard(self, key: str, reason: EvictionReason) -> bool:
        """Drop an entry; False when there was none."""
        if not self._entries.remove(key):
            return False
        self._evictions[reason] += 1
        return True

    def discard_prefix(self, prefix: str) -> int:
        """Drop as purged what begins with *prefix*; the cost is one look at every key. Returns how many there were."""
        keys = [key for key in self._entries if key.startswith(prefix)]
        return sum(self.discard(key, "purged") for key in keys)

    def clear(self, reason: EvictionReason) -> int:
        """Drop everything. Returns the weight set free, in bytes."""
        freed_bytes = self._entries.bytes
        self._evictions[reason] += len(self._entries)
        self._entries.remove_all()
        return freed_bytes

    def evict(self, size_bytes: int, reason: EvictionReason) -> int:
        """
        Drop entries, the least recently used first, until *size_bytes* of weight are free or none is left.

        Returns:
            The weight set free, in bytes; by the last entry dropped it may be more than asked for.
        """
        return self._shrink(self._entries.bytes - size_bytes, reason)

    def resize(self, capacity_bytes: int) -> int:
        """
        Change the capacity; what no longer fits goes for want of memory, the least recently used first.

        An entry above a quarter of the new capacity stays if it is there already.

        Returns:
            The weight set free, in bytes.
        """
        freed_bytes = self._shrink(capacity_bytes, "pressure")
        self._capacity_bytes = capacity_bytes
        return freed_bytes

    def limit_entries(self, max_bytes: int | None) -> None:
        """Keep no new blob with more data than *max_bytes*, with 0 none at all; None lifts this limit."""
        self._entry_limit_bytes = max_bytes

    def statistics(self) -> MemoryStatistics:
        """Snapshot of state and counters."""
        return MemoryStatistics(
            entries=len(self._entries),
            bytes=self._entries.bytes,
            capacity_bytes=self._capacity_bytes,
            hits=self._hits,
            misses=self._misses,
            evictions=MappingProxyType(dict(self._evictions)),
        )

    def _fits(self, blob: Blob) -> bool:
        limit_bytes = self._entry_limit_bytes
        if limit_bytes is not None and (limit_bytes == 0 or len(blob.data) > limit_bytes):
            return False
        largest_bytes = self._capacity_bytes // LARGEST_SHARE
        return len(blob.data) <= self._max_entry_bytes and weight_bytes(blob) <= largest_bytes

    def _shrink(self, size_bytes: int, reason: EvictionReason) -> int:
        """Drop the least recently used until what is left weighs *size_bytes* at the most, or nothing is left."""
        before_bytes = self._entries.bytes
        while self._entries and self._entries.bytes > size_bytes:
            self._entries.remove_oldest()
            self._evictions[reason] += 1
        return before_bytes - self._entries.bytes


def weight_bytes(blob: Blob) -> int:
    """What *blob* counts for in memory."""
    return len(blob.data) + URL_COPIES * len(blob.source.url) + ENTRY_OVERHEAD_BYTES


class _Entries(OrderedDict[str, Blob]):
    """
    The entries, the least recently used first, and what they weigh together.

    The standard library's dictionary itself: another library's calls took 2 to 6 % of a hit.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def add(self, blob: Blob) -> None:
        """Take in what is not there yet, as the most recently used."""
        self[blob.key] = blob
        self.bytes += weight_bytes(blob)

    def remove(self, key: str) -> bool:
        """Drop an entry; False when there was none."""
        blob = self.pop(key, None)
        self.bytes -= 0 if blob is None else weight_bytes(blob)
        return blob is not None

    def remove_oldest(self) -> None:
        """Drop the least recently used; there has to be one."""
        self.bytes -= weight_bytes(self.popitem(last=False)[1])

    def remove_all(self) -> None:
        """Drop everything."""
        self.clear()
        self.bytes = 0
