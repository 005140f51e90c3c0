"""An aiocache backend that keeps texts in this process, bounded by weight; aiocache's own has no limit."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from aiocache.base import BaseCache
from cachetools import TLRUCache

ENTRY_OVERHEAD_BYTES = 300
"""What an entry weighs beside key and text: the objects, dictionary slots and heap item around them."""


class Entry(NamedTuple):
    """A text, how long it lives from the moment it is set, and what it weighs."""

    text: str
    ttl_seconds: float
    weight_bytes: int


class BoundedMemoryBackend(BaseCache):  # type: ignore[misc]  # aiocache has no types
    """
    Texts by key; over the limit the expired go first, then the least recently used.

    Only what this room asks of aiocache is there: get, set with a lifetime, delete, clear.

    Args:
        capacity_bytes: what all entries may weigh together; a heavier one is not kept.
        clock: seconds, never going back.
        options: aiocache's own (namespace, serializer, key_builder).
    """

    NAME = "bounded-memory"

    def __init__(self, capacity_bytes: int, *, clock: Callable[[], float] = time.monotonic, **options: Any) -> None:
        super().__init__(**options)
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

    async def _get(self, key: str, encoding: str = "utf-8", _conn: object = None) -> str | None:  # noqa: ARG002 - aiocache's signature
        entry = self._entries.get(key)
        return None if entry is None else entry.text

    async def _set(
        self, key: str, value: str, ttl: float | None = None, _cas_token: object = None, _conn: object = None
    ) -> bool:  # fmt: skip
        weight_bytes = len(key.encode()) + len(value.encode()) + ENTRY_OVERHEAD_BYTES
        if weight_bytes > self._entries.maxsize:
            self._entries.pop(key, None)
            return False
        self._entries[key] = Entry(value, float("inf") if ttl is None else ttl, weight_bytes)
        return True

    async def _delete(self, key: str, _conn: object = None) -> int:
        return int(self._entries.pop(key, None) is not None)

    async def _clear(self, namespace: str | None = None, _conn: object = None) -> bool:
        if namespace is None:
            self._entries.clear()
        for key in [key for key in self._entries if key.startswith(namespace or "")]:
            self._entries.pop(key, None)
        return True


def _expires_at(_key: str, entry: Entry, now: float) -> float:
    return now + entry.ttl_seconds


def _weight_bytes(entry: Entry) -> int:
    return entry.weight_bytes
