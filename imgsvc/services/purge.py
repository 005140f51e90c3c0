"""
Purging: what it does to memory, here and on hearing of it, and to the store.

A mark alone makes what it hits stale or gone; see :mod:`imgsvc.services.marks`. Memory is changed as soon as a mark is
known, so that a hit there need not be held against marks. Behind, what a hard mark hits is deleted from the store.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.cache.memory import MemoryCache
from imgsvc.errors import StoreError
from imgsvc.model.blob import Blob
from imgsvc.model.purge import Instructions, Mark
from imgsvc.model.source import Source
from imgsvc.services.at_once import at_once
from imgsvc.services.mark_index import MarkIndex
from imgsvc.services.marks import POLL_SECONDS, Marks
from imgsvc.services.sweep import Sweep, Sweeper
from imgsvc.store.base import ObjectStore

log = logging.getLogger("imgsvc.purge")

SETTLE_SECONDS = 3 * POLL_SECONDS
"""Before a sweep: by then every replica knows the marks, and puts back nothing that they hit."""

ENTRIES_A_TURN = 250


class PurgeStatistics(Struct, frozen=True):
    """
    State, and counters since the start.

    Attributes:
        accepted: instructions.
        dropped: entries of memory that were gone.
        made_stale: entries of memory that were not yet.
        looked_up: sources whose words were read for the sake of a purged one.
        unswept: hard marks that still have to be swept by this process.
        sweeps: that came to their end.
        sweeps_failed: that the store broke off.
        deleted: objects of the store, sweeps and removals together.
    """

    accepted: int = 0
    dropped: int = 0
    made_stale: int = 0
    looked_up: int = 0
    unswept: int = 0
    sweeps: int = 0
    sweeps_failed: int = 0
    deleted: int = 0


class PurgeService:
    """
    Purges; :meth:`run` beside it.

    Args:
        memory: of this process.
        marks: this service is the one they tell.
        store: where swept objects lie.
        remove: takes all of one source out of every tier, and gives the number of stored objects that were deleted.
        tags_of_source: gives a source's words, between spaces, as the store has them.
        forget_records: told each mark, for whoever remembers what it hits.
        sweepers: look after what is not kept by its source.
        clock: unix seconds.
        pause: waits some seconds.
    """

    def __init__(  # noqa: PLR0913 - all named, by the composition root alone
        self,
        *,
        memory: MemoryCache,
        marks: Marks,
        store: ObjectStore,
        remove: Callable[[Source], Awaitable[int]],
        tags_of_source: Callable[[Source], Awaitable[str]],
        forget_records: Callable[[Mark], None],
        sweepers: Sequence[Sweeper] = (),
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sweepers = sweepers
        self._memory = memory
        self._marks = marks
        self._store = store
        self._remove = remove
        self._tags_of_source = tags_of_source
        self._forget_records = forget_records
        self._clock = clock
        self._pause = pause
        # All mutable state: what waits for the background, and counters.
        self._to_sweep = MarkIndex()
        self._to_look_up = MarkIndex()
        self._sweep_wanted = asyncio.Event()
        self._look_up_wanted = asyncio.Event()
        self._counts = dict.fromkeys(
            ("accepted", "dropped", "made_stale", "looked_up", "sweeps", "sweeps_failed", "deleted"), 0
        )
        marks.on_marks = self._apply

    async def purge(self, instructions: Instructions, at: float | None = None) -> int:
        """
        Carry out *instructions*, as far as nobody need wait for it.

        Args:
            instructions: what is to be purged, and how.
            at: unix seconds before which it must have been fetched; None = now.

        Returns:
            How many there were, each counted once.

        Raises:
            StoreError: the store failed on the way. This process counts all of them as purged, others may not.
        """
        marks = instructions.marks(self._clock() if at is None else at)
        sources = tuple(dict.fromkeys(instructions.urls)) if instructions.hard else ()
        try:
            await self._marks.add([mark for mark in marks if not (mark.hard and mark.kind == "url")])
        finally:
            self._sweep_later([mark for mark in marks if mark.hard and mark.kind != "url"])
        await self._remove_all(sources)
        self._counts["accepted"] += len(marks)
        return len(marks)

    async def remove(self, source: Source) -> int:
        """
        Remove *source* and all made from it from every tier of every replica.

        Returns:
            How many stored objects were deleted.

        Raises:
            StoreError: the store failed on the way.
        """
        return await self._remove_all([source])

    async def run(self) -> None:
        """Do in the background what nobody waits for, until cancelled; begin with what a killed process left."""
        self._sweep_later(self._marks.unswept())
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sweep_on())
            group.create_task(self._look_up_on())

    def statistics(self) -> PurgeStatistics:
        """Snapshot of state and counters."""
        return PurgeStatistics(unswept=len(self._to_sweep), **self._counts)

    async def _remove_all(self, sources: Sequence[Source]) -> int:
        """Delete at once, and mark, so that other replicas drop what they have in memory."""
        now = self._clock()
        outcomes = await at_once(sources, self._remove_one)
        marks = [
            Mark("url", source.url, hard=True, time=now, swept=isinstance(outcome, int))
            for source, outcome in zip(sources, outcomes, strict=True)
        ]
        self._sweep_later([mark for mark in marks if not mark.swept])
        await self._marks.add(marks)
        failures = [outcome for outcome in outcomes if isinstance(outcome, StoreError)]
        if failures:
            raise failures[0]
        return sum(outcome for outcome in outcomes if isinstance(outcome, int))

    async def _remove_one(self, source: Source) -> int | StoreError:
        try:
            deleted = await self._remove(source)
        except StoreError as error:
            return error
        self._counts["deleted"] += deleted
        return deleted

    async def _apply(self, marks: Sequence[Mark]) -> None:
        """Let new marks count in this process."""
        index = MarkIndex(marks)
        await self._change(lambda blob: self._judged(blob, index, blob.meta.tags))
        for mark in marks:
            self._forget_records(mark)
            if mark.kind == "tag":
                self._to_look_up.add(mark)
                self._look_up_wanted.set()

    async def _change(self, change: Callable[[Blob], Blob | None]) -> None:
        """Change memory, with turns for others in between: of thousands of entries it takes some tenths of a second."""
        keys = self._memory.keys()
        for start in range(0, len(keys), ENTRIES_A_TURN):
            self._memory.update(change, keys[start : start + ENTRIES_A_TURN])
            await asyncio.sleep(0)

    def _judged(self, blob: Blob, index: MarkIndex, words: str) -> Blob | None:
        """Give what becomes of an entry of memory whose source has these words."""
        verdict = index.verdict(blob.source, words, self._marks.comparable(blob.meta.fetched_at))
        if verdict.is_gone:
            self._counts["dropped"] += 1
            return None
        if verdict.stale_since is None or blob.meta.fresh_until <= verdict.stale_since:
            return blob
        self._counts["made_stale"] += 1
        return replace(blob, meta=blob.meta.refreshed(blob.meta.fetched_at, verdict.stale_since))

    async def _look_up_on(self) -> None:
        while True:
            await self._look_up_wanted.wait()
            self._look_up_wanted.clear()
            index, self._to_look_up = self._to_look_up, MarkIndex()
            await self._look_up(index)

    async def _look_up(self, index: MarkIndex) -> None:
        """Judge entries of memory by all words that their sources have: another replica may have been given some."""
        sources = {b.source.url: b.source for b in self._memory.blobs() if b.meta.fetched_at < index.newest}
        words = dict(zip(sources, await at_once(sources.values(), self._words), strict=True))
        await self._change(lambda blob: self._judged(blob, index, words.get(blob.source.url, "")))

    async def _words(self, source: Source) -> str:
        self._counts["looked_up"] += 1
        try:
            return await self._tags_of_source(source)
        except Exception:  # whatever it is, the words that came with the entry have been held against the mark
            log.exception("the words of a source were not read")
            return ""

    def _sweep_later(self, marks: Iterable[Mark]) -> None:
        for mark in marks:
            self._to_sweep.add(mark)
            self._sweep_wanted.set()

    async def _sweep_on(self) -> None:
        while True:
            await self._sweep_wanted.wait()
            await self._pause(SETTLE_SECONDS)
            self._sweep_wanted.clear()
            await self._sweep(tuple(self._to_sweep))

    async def _sweep(self, marks: Sequence[Mark]) -> None:
        """Sweep for all of *marks* at once; what the store breaks off is done with the next, or by the next process."""
        sweep = Sweep(self._store, marks, self._remove, self._sweepers)
        try:
            await sweep.run()
            self._to_sweep.remove(marks)
            await self._marks.note_swept(marks)
        except StoreError as error:
            self._counts["sweeps_failed"] += 1
            log.warning("a sweep was given up: %s", error.detail)
        except Exception:  # a fault of ours costs this sweep, not all that follow
            self._counts["sweeps_failed"] += 1
            log.exception("a sweep failed unforeseen")
        else:
            self._counts["sweeps"] += 1
        finally:
            self._counts["deleted"] += sweep.deleted
