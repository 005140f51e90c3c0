"""The shelf: the object store as the services see it, where a failure is only a miss and writes are nobody's wait."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from cachetools import LRUCache

from imgsvc.errors import StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.model.keys import source_prefix
from imgsvc.model.source import Source
from imgsvc.services.at_once import at_once
from imgsvc.services.persist import Persister
from imgsvc.store.base import ObjectStore, StoredObject, StoredStream
from imgsvc.stream.base import Ledger

log = logging.getLogger("imgsvc.store")

PURGES_REMEMBERED = 4096

LOOK_SECONDS = 5.0
"""Longest look into the store; then the source is asked, for which most of the 30 s is left that clients wait."""

SLOWEST_BYTES_PER_SECOND = 512 * 1024
"""A store that has begun to answer has more time for larger objects: many at once share its line."""

REST_SECONDS = 10.0
"""How long a store that took longer is left alone, so that not every answer waits for it, and some several times."""

T = TypeVar("T")


class Shelf:
    """
    Reads through what still waits to be written, writes behind, and remembers what was purged lately.

    The last point closes a gap: work that began before a purge ended must not put its old bytes back after it. Purges
    are told apart by counting them: a clock may stand still between two of them, or go back.

    Args:
        store: where objects are.
        persister: writes to it behind.
        ledger: counts what is being read.
        buffer_bytes: gives the size up to which an object is read whole at once, just now; larger ones are streamed.
        look_seconds: longest look into the store; one that is longer is a failure. What is read whole, and has more
            than :data:`SLOWEST_BYTES_PER_SECOND`, has as much more time as it takes at that speed.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        store: ObjectStore,
        persister: Persister,
        ledger: Ledger,
        buffer_bytes: Callable[[], int],
        *,
        look_seconds: float = LOOK_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._persister = persister
        self._ledger = ledger
        self._buffer_bytes = buffer_bytes
        self._count = 0
        self._purged: LRUCache[str, int] = LRUCache(PURGES_REMEMBERED)
        self._being_purged: Counter[str] = Counter()
        self._look_seconds = look_seconds
        self._clock = clock
        self._rests_until: float | None = None
        self.read_failed = False

    async def read(self, key: str) -> StoredObject | None:
        """Give a small object, such as a record, whole; a failing store is logged and has nothing."""
        return self._persister.pending(key) or await self._ask(key, lambda: self._store.get(key))

    async def open(self, key: str) -> StoredObject | StoredStream | None:
        """
        Give an object: whole when it is small enough and there is room for it, else opened, to be closed by the caller.

        A failing store is logged and has nothing.
        """
        if (waiting := self._persister.pending(key)) is not None:
            return waiting
        limit_bytes, taken = self._buffer_bytes(), []
        limit, loop = asyncio.timeout(self._look_seconds), asyncio.get_running_loop()

        def may_buffer(size_bytes: int) -> bool:  # in any thread, but never after the call has ended
            if size_bytes > limit_bytes or not self._ledger.take(size_bytes):
                return False
            taken.append(size_bytes)
            if size_bytes > SLOWEST_BYTES_PER_SECOND:
                loop.call_soon_threadsafe(_extend, limit, size_bytes / SLOWEST_BYTES_PER_SECOND)
            return True

        try:
            return await self._ask(key, lambda: self._store.open(key, may_buffer), limit)
        finally:
            self._ledger.give_back(sum(taken))  # whoever has the bytes now counts them

    async def _ask(self, key: str, look: Callable[[], Awaitable[T]], limit: asyncio.Timeout | None = None) -> T | None:
        if self._rests():
            return None
        try:
            async with limit or asyncio.timeout(self._look_seconds):
                found = await look()
        except (StoreError, TimeoutError) as error:
            self._note_failure(key, error)
            return None
        self.read_failed = False
        self._rests_until = None
        return found

    def _rests(self) -> bool:
        """Whether the store is left alone just now; after its rest one asks, and the others see what becomes of it."""
        now = self._clock()
        if self._rests_until is None:
            return False
        if now < self._rests_until:
            return True
        self._rests_until = now + self._look_seconds
        return False

    def _note_failure(self, key: str, error: StoreError | TimeoutError) -> None:
        self.read_failed = True
        if isinstance(error, TimeoutError):
            self._rests_until = self._clock() + REST_SECONDS
            log.warning("not read: %s: The store did not answer within %g s.", key, self._look_seconds)
        else:
            self._rests_until = None  # it answers
            log.warning("not read: %s: %s", key, error.detail)

    def persist(self, key: str, data: bytes, meta: BlobMeta, *, if_absent: bool = False) -> None:
        """Write behind; see :meth:`Persister.put`."""
        self._persister.put(key, data, meta, if_absent=if_absent)

    def is_pending(self, key: str) -> bool:
        """Whether *key* still waits to be written."""
        return self._persister.pending(key) is not None

    async def written(self, *keys: str) -> None:
        """Wait until none of *keys* waits to be written."""
        await self._persister.written(*keys)

    def purges(self, source: Source) -> int:
        """Name the latest purge of *source*, 0 = none is known; to be compared with itself by :meth:`may_keep`."""
        return self._purged.get(source.h16, 0)

    def may_keep(self, source: Source, purges: int) -> bool:
        """Whether work on *source* that began at *purges* may be kept: no purge began since, and none is under way."""
        return not self._being_purged[source.h16] and self.purges(source) == purges

    @contextmanager
    def purging(self, source: Source) -> Iterator[None]:
        """Let nothing of *source* be kept that was begun before the end of the block."""
        self._note_purge(source)
        self._being_purged[source.h16] += 1
        try:
            yield
        finally:
            # Noted again: what began meanwhile may have read what was deleted only then.
            self._note_purge(source)
            self._being_purged[source.h16] -= 1
            self._being_purged += Counter()  # drops what is at zero

    async def delete(self, source: Source) -> int:
        """
        Delete all that is kept of *source*; to be called while :meth:`purging` it.

        Returns:
            How many objects were deleted.

        Raises:
            StoreError: the store failed on the way; what was not deleted is still there.
        """
        prefix = source_prefix(source)
        own_keys = [] if source.object_key is None else [source.object_key]
        await self._persister.discard(prefix, *own_keys)
        keys = [key async for key in self._store.list(prefix)]
        return sum(await at_once([*keys, *own_keys], self._store.delete))

    async def drop(self, key: str) -> None:
        """Delete one object that belongs to no source, such as a document; a failing store is logged."""
        await self._persister.discard(key, key)
        try:
            await self._store.delete(key)
        except StoreError as error:
            log.warning("not deleted: %s: %s", key, error.detail)

    def _note_purge(self, source: Source) -> None:
        self._count += 1
        self._purged[source.h16] = self._count


def _extend(limit: asyncio.Timeout, seconds: float) -> None:
    with suppress(RuntimeError):  # it is over by now
        limit.reschedule((limit.when() or 0) + seconds)
