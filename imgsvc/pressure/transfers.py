"""What bodies on their way from a source or to the store hold, counted as it comes."""

from threading import Lock

from msgspec import Struct


class TransferStatistics(Struct, frozen=True):
    """
    State and counters since the start, in bytes.

    Attributes:
        in_use_bytes: counted now; above the capacity when much was counted regardless.
        capacity_bytes: what may be taken together.
        peak_bytes: the largest *in_use_bytes* so far.
        refused: how often there was no room.
    """

    in_use_bytes: int
    capacity_bytes: int
    peak_bytes: int
    refused: int


class TransferLedger:
    """
    The real :class:`imgsvc.stream.base.Ledger`: counts, and makes nobody wait.

    Whoever is refused finds another way (a file, or doing without); a spool that waited here while it holds what
    others wait for would be a deadlock. Callable from any thread.

    Args:
        capacity_bytes: what may be taken together.
    """

    def __init__(self, capacity_bytes: int) -> None:
        self._capacity_bytes = capacity_bytes
        self._lock = Lock()
        self._in_use_bytes = 0
        self._peak_bytes = 0
        self._refused = 0

    @property
    def in_use_bytes(self) -> int:
        """What is counted now."""
        return self._in_use_bytes

    def take(self, size_bytes: int) -> bool:
        """Count *size_bytes* more, if there is room; False when there is none, and nothing is counted."""
        with self._lock:
            if self._in_use_bytes + size_bytes > self._capacity_bytes:
                self._refused += 1
                return False
            self._count(size_bytes)
            return True

    def take_regardless(self, size_bytes: int) -> None:
        """Count what is held already, room or not."""
        with self._lock:
            self._count(size_bytes)

    def give_back(self, size_bytes: int) -> None:
        """
        Count *size_bytes* less.

        Raises:
            ValueError: more than was taken; nothing is counted then. A mistake in the program.
        """
        with self._lock:
            if size_bytes > self._in_use_bytes:
                raise ValueError(f"{size_bytes} bytes given back, {self._in_use_bytes} were taken")
            self._in_use_bytes -= size_bytes

    def statistics(self) -> TransferStatistics:
        """Snapshot of state and counters."""
        with self._lock:
            return TransferStatistics(self._in_use_bytes, self._capacity_bytes, self._peak_bytes, self._refused)

    def _count(self, size_bytes: int) -> None:
        self._in_use_bytes += size_bytes
        self._peak_bytes = max(self._peak_bytes, self._in_use_bytes)
