"""
How much a folder may hold: what its objects take, what writes under way may add, and which objects go first.

Numbers only: who looks and deletes is :mod:`imgsvc.store.eviction`, who waits is :mod:`imgsvc.store.room`.
"""

import heapq
import threading
from typing import NamedTuple

from imgsvc.store.objectfile import HEAD_BYTES

DEFAULT_BYTES = 10 * 1024**3
BLOCK_BYTES = 4096
"""What files take is a multiple of this, or of more where the file system says so."""

HIGH_PERCENT = 95
"""Above this share of the ceiling room is made before anybody has to wait for it."""
LOW_PERCENT = 90
"""Down to this it is made, so that the folder is walked seldom."""

CANDIDATES = 16_384
"""How many objects are remembered, and so deleted, after one walk: about 4 MB of memory."""


class Seen(NamedTuple):
    """
    An object's file as a walk found it.

    Attributes:
        last_use_ns: time of the last access, in unix nanoseconds.
        path: relative to the store's folder.
        size_bytes: on disk.
    """

    last_use_ns: int
    path: str
    size_bytes: int


class Oldest:
    """
    The least recently used of any number of objects.

    Args:
        limit: how many at most.
    """

    def __init__(self, limit: int = CANDIDATES) -> None:
        self._limit = limit
        self._youngest_first: list[tuple[int, Seen]] = []

    def offer(self, seen: Seen) -> None:
        """Keep *seen*, or forget the youngest of all."""
        item = (-seen.last_use_ns, seen)
        if len(self._youngest_first) < self._limit:
            heapq.heappush(self._youngest_first, item)
        else:
            heapq.heappushpop(self._youngest_first, item)

    def in_order(self) -> list[Seen]:
        """Give them, the oldest first."""
        return sorted(seen for _, seen in self._youngest_first)


class Tally:
    """
    What the objects take as far as this process knows, and the room its writes under way have taken.

    The sum is never too small but for what other processes have written since the last count. Safe for threads; no
    call waits for a disk.

    Args:
        max_bytes: the ceiling; None sets it at the first count, to 10 GiB, or half of what was free or taken by
            objects then, where that is less. Later counts raise it where others have left more: on a disk that was
            full at the first one it would stay nothing.
    """

    def __init__(self, max_bytes: int | None = None) -> None:
        self._lock = threading.Lock()
        self._block_bytes = BLOCK_BYTES
        self._added_bytes = self._added = 0
        self.is_counted = False
        """Whether the numbers mean anything yet."""
        self._is_said = max_bytes is not None
        self.capacity_bytes = max_bytes
        self.used_bytes = 0
        self.reserved_bytes = 0
        self.entries = 0
        self.evictions = 0
        """Objects deleted to make room, since the start."""

    @property
    def ceiling_bytes(self) -> int:
        """The ceiling, once it is known; before, what it is at most."""
        return DEFAULT_BYTES if self.capacity_bytes is None else self.capacity_bytes

    def footprint_bytes(self, data_bytes: int) -> int:
        """Give what an object with so many bytes of data takes at most."""
        return -(-(data_bytes + HEAD_BYTES) // self._block_bytes) * self._block_bytes

    def has_room(self, size_bytes: int) -> bool:
        """Whether so much could be taken now; nobody knows before the first count."""
        return self.is_counted and self.used_bytes + self.reserved_bytes + size_bytes <= self.ceiling_bytes

    def take(self, size_bytes: int) -> bool:
        """Take room for a write; False when there is none."""
        with self._lock:
            if not self.has_room(size_bytes):
                return False
            self.reserved_bytes += size_bytes
            return True

    def give_back(self, size_bytes: int) -> None:
        """Give back what was taken, after what was written has been noted."""
        with self._lock:
            self.reserved_bytes -= size_bytes

    def changed(self, before_bytes: int | None, after_bytes: int | None) -> None:
        """Note what a name stood for before and after a change; None is nothing."""
        with self._lock:
            # Another process may have written what this one deletes.
            self.used_bytes = max(0, self.used_bytes + (after_bytes or 0) - (before_bytes or 0))
            self.entries = max(0, self.entries + (after_bytes is not None) - (before_bytes is not None))
            self._added_bytes += after_bytes or 0
            self._added += after_bytes is not None

    def begin_count(self) -> None:
        """Note that somebody has begun to count what is there."""
        with self._lock:
            self._added_bytes = self._added = 0

    def counted(self, found_bytes: int, found: int, free_bytes: int | None, block_bytes: int) -> None:
        """
        Note what was counted.

        Nobody knows which of the objects that came meanwhile were found, or which of those found have gone: all are
        counted, some of them twice. The next count is without them.

        Args:
            found_bytes: what the objects take.
            found: how many there are.
            free_bytes: room in the file system; None is unknown.
            block_bytes: of the file system.
        """
        with self._lock:
            self.used_bytes, self.entries = found_bytes + self._added_bytes, found + self._added
            self._block_bytes = max(BLOCK_BYTES, block_bytes)
            if not self._is_said:
                half = DEFAULT_BYTES if free_bytes is None else (free_bytes + found_bytes) // 2
                self.capacity_bytes = max(self.capacity_bytes or 0, min(DEFAULT_BYTES, half))
            self.is_counted = True

    def excess_bytes(self, wanted_bytes: int) -> int:
        """
        Give how much has to go: nothing up to the high mark, above it all down to the low one.

        Args:
            wanted_bytes: what writes wait for, beside what they have taken.
        """
        with self._lock:
            ceiling_bytes, taken = self.ceiling_bytes, self.used_bytes + self.reserved_bytes
            if taken + wanted_bytes <= ceiling_bytes * HIGH_PERCENT // 100:
                return 0
            aim = min(ceiling_bytes * LOW_PERCENT // 100, ceiling_bytes - min(wanted_bytes, ceiling_bytes))
            return max(0, taken - aim)
