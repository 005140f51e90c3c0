"""Bytes in memory that are being sent: they are held by whoever sends them, whatever the cache drops meanwhile."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct


class OutgoingStatistics(Struct, frozen=True):
    """Snapshot: answers being sent, and the bytes they hold, each picture counted once."""

    answers: int
    bytes: int


class Outgoing:
    """Counts large answers while they are sent; one picture sent to many is held once."""

    def __init__(self) -> None:
        self._senders: Counter[int] = Counter()
        self._answers = 0
        self.bytes = 0
        """Held now."""

    @contextmanager
    def sending(self, data: bytes) -> Iterator[None]:
        """Count *data* as held until the end of the block."""
        name = id(data)  # the block keeps it alive, so the number is nobody else's
        self._answers += 1
        self._senders[name] += 1
        if self._senders[name] == 1:
            self.bytes += len(data)
        try:
            yield
        finally:
            self._answers -= 1
            self._senders[name] -= 1
            if not self._senders[name]:
                del self._senders[name]
                self.bytes -= len(data)

    def statistics(self) -> OutgoingStatistics:
        """Snapshot."""
        return OutgoingStatistics(self._answers, self.bytes)
