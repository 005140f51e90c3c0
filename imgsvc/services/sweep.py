"""Taking out of the store what hard marks hit, so that the marks need not be kept."""

import json
import re
from collections.abc import Awaitable, Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.errors import ImgsvcError
from imgsvc.model.keys import ASSET_PREFIX, IMAGE_PREFIX, source_prefix
from imgsvc.model.purge import Mark, source_of
from imgsvc.model.source import Source
from imgsvc.services.mark_index import MarkIndex
from imgsvc.store.base import ObjectStore

Sweeper = Callable[[MarkIndex], Awaitable[int]]

_FOLDER = re.compile(rf"{IMAGE_PREFIX}[0-9a-f]{{16}}/|{ASSET_PREFIX}[0-9a-f-]{{36}}/")


class _Known(Struct, frozen=True):
    """A source's record, as far as it decides."""

    source: Source
    words: str
    fetched_at: float


class Sweep:
    """
    One walk through the store for some marks.

    A source that was fetched before the mark goes as a whole. Of one that was fetched anew since, or that nothing is
    known of, each object is looked at: a variant older than its source's record may still lie beside it.

    Args:
        store: what is walked through.
        marks: hard ones.
        remove: takes all of one source out of every tier, and gives the number of stored objects that were deleted.
        others: look after what lies elsewhere in the store: each is given the marks, and gives the number likewise.
    """

    def __init__(
        self, store: ObjectStore, marks: Iterable[Mark], remove: Callable[[Source], Awaitable[int]],
        others: Iterable[Sweeper] = (),
    ) -> None:  # fmt: skip
        self._store = store
        self._others = tuple(others)
        marks = tuple(marks)
        self._urls = [mark.value for mark in marks if mark.kind == "url"]
        self._index = MarkIndex(mark for mark in marks if mark.kind != "url")
        self._remove = remove
        self.deleted = 0
        """Objects deleted so far."""

    async def run(self) -> None:
        """
        Walk, one object at a time.

        Raises:
            StoreError: the store failed on the way.
        """
        for url in self._urls:
            self.deleted += await self._remove(source_of(url))
        if self._index:
            await self._walk(IMAGE_PREFIX)
            await self._walk(ASSET_PREFIX)
            for other in self._others:
                self.deleted += await other(self._index)

    async def _walk(self, prefix: str) -> None:
        folder, before = "", 0.0
        async for key in self._store.list(prefix):
            name = key.removeprefix(prefix).partition("/")[0]
            if name != folder:
                folder, before = name, await self._enter(f"{prefix}{name}/")
            if before:
                await self._delete_if_older(key, before)

    async def _enter(self, folder: str) -> float:
        """Deal with a folder; gives the unix second before which its objects are to be deleted, 0 = none is."""
        if not _FOLDER.fullmatch(folder):
            return 0.0
        known = await self._record(folder)
        if known is None:
            return self._index.newest
        since = self._index.latest(known.source, known.words)
        if known.fetched_at >= since:
            return since
        self.deleted += await self._remove(known.source)
        return 0.0

    async def _delete_if_older(self, key: str, before: float) -> None:
        meta = await self._store.stat(key)
        # Without a digest it is somebody else's: none of ours to delete.
        if meta is not None and meta.sha256 and meta.fetched_at < before:
            self.deleted += await self._store.delete(key)

    async def _record(self, folder: str) -> _Known | None:
        stored = await self._store.get(f"{folder}source.json")
        if stored is None:
            return None
        try:
            members = json.loads(stored.data)
            source = _of_folder(source_of(members["url"]), folder)
            known = _Known(source, str(members.get("tags", "")), float(members["fetched_at"]))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ImgsvcError):
            return None
        return known if source_prefix(source) == folder else None


def _of_folder(source: Source, folder: str) -> Source:
    """Give the source with the id of the asset in whose folder it was found, if its URL ends with that."""
    asset_id = folder.removeprefix(ASSET_PREFIX).rstrip("/")
    if not folder.startswith(ASSET_PREFIX) or not source.url.endswith(f"/{asset_id}"):
        return source
    return replace(source, asset_id=asset_id)
