"""Marks as the store has them: below ``purge/``, each written once, so that a listing tells which ones are new."""

import hashlib
import logging

from imgsvc.model.blob import BlobMeta
from imgsvc.model.purge import MARKS_PREFIX, Mark
from imgsvc.services.at_once import at_once
from imgsvc.services.mark_index import MarkIndex
from imgsvc.store.base import ObjectStore

log = logging.getLogger("imgsvc.purge")


class MarkShelf:
    """
    Knows which marks the store has, and which it still has to get.

    A later mark of the same name lies under another key; the older one is deleted once the later is there.

    Args:
        store: where they lie.
        lifetime_seconds: how long a mark counts; written down beside it.
    """

    def __init__(self, store: ObjectStore, lifetime_seconds: float) -> None:
        self._store = store
        self._lifetime_seconds = lifetime_seconds
        self._known: dict[str, Mark | None] = {}  # by key; None: what lies there is no mark
        self._owed: dict[str, Mark] = {}

    @property
    def owed(self) -> int:
        """How many marks are still to be written."""
        return len(self._owed)

    async def look(self) -> tuple[list[Mark], list[Mark]]:
        """
        Give the marks that have come into the store since the last look, and those that have left it.

        Raises:
            StoreError: it cannot be read.
        """
        known = set(self._known)  # before listing: of what is written meanwhile the list may know nothing
        listed = {key async for key in self._store.list(MARKS_PREFIX)}
        come = dict(await at_once(listed - known, self._read))
        self._known.update(come)
        left = [self._known.pop(key, None) for key in known - listed]
        return [mark for mark in come.values() if mark is not None], [mark for mark in left if mark is not None]

    async def write(self, mark: Mark) -> None:
        """
        Put a mark into the store.

        Raises:
            StoreError: the store failed.
        """
        data = mark.to_json()
        digest = hashlib.sha256(data).hexdigest()
        meta = BlobMeta(
            media_type="application/json",
            sha256=digest,
            source_sha256=digest,
            fetched_at=mark.time,
            fresh_until=mark.time + self._lifetime_seconds,
            last_modified=int(mark.time),
        )
        await self._store.put(mark.key, data, meta)
        self._known[mark.key] = mark
        self._owed.pop(mark.key, None)

    def owe(self, mark: Mark) -> None:
        """See to it that a mark is written, with the next :meth:`tidy` if not before."""
        self._owed[mark.key] = mark

    async def tidy(self, index: MarkIndex) -> None:
        """
        Write what is owed of *index*, then delete what does not count there any more.

        Raises:
            StoreError: the store failed on the way; the rest is done the next time.
        """
        self._owed = {key: mark for key, mark in self._owed.items() if index.get(mark) == mark}
        await at_once(tuple(self._owed.values()), self.write)
        await at_once(self._obsolete_keys(index), self._delete)

    def _obsolete_keys(self, index: MarkIndex) -> list[str]:
        """Name the stored marks that were dropped, or for which a later one in the store stands."""
        obsolete = []
        for key, mark in self._known.items():
            if mark is None or (counts := index.get(mark)) == mark:
                continue
            if counts is None or counts.key in self._known:
                obsolete.append(key)
        return obsolete

    async def _read(self, key: str) -> tuple[str, Mark | None]:
        stored = await self._store.get(key)
        mark = Mark.parse(stored.data) if stored else None
        if stored is not None and mark is None:
            log.warning("%s is no purge", key)
        return key, mark

    async def _delete(self, key: str) -> None:
        await self._store.delete(key)
        self._known.pop(key, None)
