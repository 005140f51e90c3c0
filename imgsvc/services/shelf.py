"""The shelf: the object store as the services see it, where a failure is only a miss and writes are nobody's wait."""

import logging
import time
from collections.abc import Callable

from cachetools import LRUCache

from imgsvc.errors import StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.model.keys import source_prefix
from imgsvc.model.source import Source
from imgsvc.services.persist import Persister
from imgsvc.store.base import ObjectStore, StoredObject

log = logging.getLogger("imgsvc.store")

PURGES_REMEMBERED = 4096


class Shelf:
    """
    Reads through what still waits to be written, writes behind, and remembers what was purged lately.

    The last point closes a gap: work that began before a purge must not put its old bytes back after it.
    """

    def __init__(self, store: ObjectStore, persister: Persister, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._persister = persister
        self._clock = clock
        self._purged: LRUCache[str, float] = LRUCache(PURGES_REMEMBERED)
        self.read_failed = False

    async def read(self, key: str) -> StoredObject | None:
        """Give the object of *key*; a failing store is logged and has nothing."""
        if (waiting := self._persister.pending(key)) is not None:
            return waiting
        try:
            found = await self._store.get(key)
        except StoreError as error:
            self.read_failed = True
            log.warning("not read: %s: %s", key, error.detail)
            return None
        self.read_failed = False
        return found

    def persist(self, key: str, data: bytes, meta: BlobMeta, *, if_absent: bool = False) -> None:
        """Write behind; see :meth:`Persister.put`."""
        self._persister.put(key, data, meta, if_absent=if_absent)

    def is_pending(self, key: str) -> bool:
        """Whether *key* still waits to be written."""
        return self._persister.pending(key) is not None

    def purged_since(self, source: Source, moment: float) -> bool:
        """Whether *source* was purged at or after unix second *moment*."""
        return self._purged.get(source.h16, 0.0) >= moment

    async def purge(self, source: Source) -> int:
        """
        Delete all that is kept of *source*.

        Returns:
            How many objects were deleted.

        Raises:
            StoreError: the store failed on the way; what was not deleted is still there.
        """
        self._purged[source.h16] = self._clock()
        prefix = source_prefix(source)
        await self._persister.discard(prefix)
        keys = [key async for key in self._store.list(prefix)]
        if source.object_key is not None:
            keys.append(source.object_key)
        return sum([await self._store.delete(key) for key in keys])
