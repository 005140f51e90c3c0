"""Facts kept in this process as texts, bounded by weight."""

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from cachetools import TLRUCache

ENTRY_OVERHEAD_BYTES = 500
"""What an entry weighs beside key and text: the objects, dictionary slots and heap item around them, measured."""


class Entry(NamedTuple):
    """A text, how long it lives from the moment it is set, and what it weighs."""

    text: str
    ttl_seconds: float
    weight_bytes: int


class BoundedMemoryBackend:
    """
    Facts by key; over the limit the expired go first, then the least recently used.

    Kept as JSON, as a shared cache keeps them: whoever looks one up has a copy of his own, and its weight is known. It
    is asked as aiocache's backends are, without being one: aiocache loads every client that is installed.

    Args:
        capacity_bytes: what all entries may weigh together; a heavier one is not kept.
        clock: seconds, never going back.
    """

    def __init__(self, capacity_bytes: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries: TLRUCache[str, Entry] = TLRUCache(
            capacity_bytes, ttu=_expires_at, timer=clock, getsizeof=_weight_bytes
        )

    @property
    def entries(self) -> int:
        """How many there are."""
        return len(self._entries)

    @property
    def weight_bytes(self) -> int:
        """What they weigh together."""
        return int(self._entries.currsize)

    @property
    def capacity_bytes(self) -> int:
        """What they may weigh together."""
        return int(self._entries.maxsize)

    def flush(self) -> None:
        """Drop all entries."""
        self._entries.clear()

    async def get(self, key: str) -> Any:
        """Give a copy of what is kept as *key*; None = nothing."""
        entry = self._entries.get(key)
        return None if entry is None else json.loads(entry.text)

    async def set(self, key: str, value: Any, ttl: float | None = None) -> bool:
        """
        Keep *value* for *ttl* seconds; None = for ever. False where it is too heavy: then nothing is kept as *key*.

        Raises:
            TypeError, ValueError: JSON cannot write it.
        """
        text = json.dumps(value)
        weight_bytes = len(key.encode()) + len(text.encode()) + ENTRY_OVERHEAD_BYTES
        if weight_bytes > self._entries.maxsize:
            self._entries.pop(key, None)
            return False
        self._entries[key] = Entry(text, float("inf") if ttl is None else ttl, weight_bytes)
        return True

    async def delete(self, key: str) -> int:
        """Drop *key*; how many entries that were."""
        return int(self._entries.pop(key, None) is not None)

    async def close(self) -> None:
        """Drop all."""
        self.flush()


def _expires_at(_key: str, entry: Entry, now: float) -> float:
    return now + entry.ttl_seconds


def _weight_bytes(entry: Entry) -> int:
    return entry.weight_bytes
