"""
What was purged: marks held against whatever was fetched before them, shared by all replicas on one store.

Marks lie in the store; replicas hear of new ones over Redis, or, where there is none, or while it cannot be heard, look
into the store every few seconds.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.cache.announcements import Announcements
from imgsvc.errors import StoreError
from imgsvc.model.freshness import AHEAD_SECONDS, STALE_IF_ERROR_SECONDS
from imgsvc.model.purge import Mark
from imgsvc.model.source import Source
from imgsvc.services.at_once import at_once
from imgsvc.services.mark_index import MarkIndex, Verdict
from imgsvc.services.mark_shelf import MarkShelf
from imgsvc.store.base import ObjectStore

log = logging.getLogger("imgsvc.purge")

POLL_SECONDS = 5.0
LIVE_POLLS = 12
"""While announcements are heard the store is listed this much more seldom: a replica may have failed to announce."""

MAX_MARKS = 10_000
CROWD_SHARE = 10
"""When there are too many marks, one part in this many leaves at once."""

SWEPT_SECONDS = 3600.0
"""How long a mark stays after the store holds nothing more of what it hits: slow writers may still put it back."""

OnMarks = Callable[[Sequence[Mark]], Awaitable[None]]


class MarkStatistics(Struct, frozen=True):
    """
    State, and counters since the start.

    Attributes:
        marks: held now.
        unwritten: of those, still to be put into the store.
        learnt: taken in, from wherever; a repeated purge counts again.
        dropped: that have done their work or were merged with others.
        failed: calls of the store that it did not answer.
    """

    marks: int
    unwritten: int
    learnt: int
    dropped: int
    failed: int


class Marks:
    """
    All marks there are; :meth:`catch_up` before use, :meth:`watch` beside it.

    Args:
        store: where marks lie.
        announcements: by which replicas hear of them.
        max_ttl_seconds: longest time anything is fresh; for a week more it may stand in for a source that fails, and
            then there is nothing left for a mark to hit.
        clock: unix seconds.
        poll_seconds: time between two looks into the store while nothing would be heard.
        max_marks: above so many, the oldest are merged.
        pause: waits some seconds.
    """

    def __init__(
        self,
        store: ObjectStore,
        announcements: Announcements,
        max_ttl_seconds: float,
        *,
        clock: Callable[[], float] = time.time,
        poll_seconds: float = POLL_SECONDS,
        max_marks: int = MAX_MARKS,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._announcements = announcements
        self._lifetime_seconds = max_ttl_seconds + STALE_IF_ERROR_SECONDS
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._max_marks = max_marks
        self._pause = pause
        # All mutable state: the marks, what the store has of them, whether it answered lately, and counters.
        self._index = MarkIndex()
        self._shelf = MarkShelf(store, self._lifetime_seconds)
        self._in_order = asyncio.Lock()
        self._is_readable = True
        self._learnt = self._dropped = self._failed = 0
        self.epoch = 0
        """Hard marks learnt so far; work that began at another epoch may have read what is gone."""
        self.on_marks: OnMarks = _ignore
        """Told of marks newly learnt, from wherever."""

    @property
    def learnt(self) -> int:
        """Marks learnt so far, soft ones too; whoever remembers more than marks are held against looks anew."""
        return self._learnt

    @property
    def newest(self) -> float:
        """Unix seconds of the latest mark; what was fetched since is hit by none."""
        return self._index.newest

    def verdict(self, source: Source, tags: str, fetched_at: float) -> Verdict:
        """Judge something of *source*, with these words between spaces, fetched at a unix second."""
        return self._index.verdict(source, tags, self.comparable(fetched_at))

    def comparable(self, fetched_at: float) -> float:
        """Give a moment that marks can be held against: of one that is still to come nobody knows when it was."""
        return fetched_at if fetched_at <= self._clock() + AHEAD_SECONDS else 0.0

    def latest(self, source: Source, tags: str) -> float:
        """Give the unix second of the latest mark that names *source*; 0 = none does."""
        return self._index.latest(source, tags)

    def has_tags_since(self, fetched_at: float) -> bool:
        """Whether a word was purged after this unix second: then all words of a source count, not only an answer's."""
        return self._index.newest_tag > fetched_at

    def unswept(self) -> list[Mark]:
        """Give the hard marks of which the store may still hold something."""
        return [mark for mark in self._index if mark.hard and not mark.swept]

    async def add(self, marks: Sequence[Mark]) -> None:
        """
        Take in marks of this replica's own: here at once, then in the store, and at all others.

        Raises:
            StoreError: not all could be written. They count here all the same, and where they are heard of; writing
                is tried again.
        """
        for mark in marks:
            self._take(mark)
        await self._tell(marks)
        await self._publish(marks)

    async def note_swept(self, marks: Iterable[Mark]) -> None:
        """
        Write down, here and for all, that the store holds nothing more of what these hit.

        Raises:
            StoreError: not all could be written; it is tried again.
        """
        swept = [replace(mark, swept=True) for mark in marks]
        for mark in swept:
            self._take(mark)
        await self._publish(swept)

    async def reload(self) -> None:
        """
        Read from the store what is not known yet, and forget what is gone from it; then leave it in order.

        Raises:
            StoreError: it failed; what is known stays.
        """
        async with self._in_order:
            try:
                found, gone = await self._shelf.look()
                await self._meet(found)
                self._drop(gone)
                await self._tidy()
            except StoreError:
                self._failed += 1
                raise

    async def catch_up(self) -> None:
        """Reload; a store that fails is logged."""
        try:
            await self.reload()
        except StoreError as error:
            if self._is_readable:  # the first of a row
                log.warning("purges are not shared: %s", error.detail)
            self._is_readable = False
        else:
            self._is_readable = True

    async def watch(self) -> None:
        """Go on learning of others' marks until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._announcements.listen(self._heard, self.reload))
            group.create_task(self._poll())

    def statistics(self) -> MarkStatistics:
        """Snapshot of state and counters."""
        return MarkStatistics(len(self._index), self._shelf.owed, self._learnt, self._dropped, self._failed)

    async def _poll(self) -> None:
        turn = 0
        while True:
            await self._pause(self._poll_seconds)
            turn += 1
            if self._announcements.is_live and turn % LIVE_POLLS:
                continue
            try:
                await self.catch_up()
            except Exception:  # a fault of ours costs one look, not all that follow
                log.exception("looking for purges failed unforeseen")

    async def _heard(self, text: str) -> None:
        mark = Mark.parse(text)
        if mark is None:
            log.warning("what was announced is no purge")
        else:
            await self._meet([mark])

    async def _meet(self, marks: Sequence[Mark]) -> None:
        """Take in others' marks; those that hit no more than is known already are no news."""
        latest, news = self._clock() + AHEAD_SECONDS, []
        for met in marks:
            mark = met.not_after(latest)
            if mark != met:  # written anew; else each start would move it into a future of its own
                self._shelf.owe(mark)
            known = self._index.get(mark)
            self._take(mark)
            if known is None or known.time < mark.time:
                news.append(mark)
        await self._tell(news)

    def _take(self, mark: Mark) -> None:
        self._index.add(mark)
        if len(self._index) > self._max_marks:
            self._merge()

    async def _tell(self, news: Sequence[Mark]) -> None:
        self._learnt += len(news)
        self.epoch += sum(mark.hard for mark in news)
        if news:
            await self.on_marks(news)

    async def _publish(self, marks: Sequence[Mark]) -> None:
        for mark in marks:  # all of them first: who asked may leave in the middle
            self._shelf.owe(mark)
        failures = [error for error in await at_once(marks, self._publish_one) if error is not None]
        if failures:
            raise failures[0]

    async def _publish_one(self, mark: Mark) -> StoreError | None:
        """Write and announce; whichever fails, the other is done."""
        failure = None
        try:
            await self._shelf.write(mark)
        except StoreError as error:
            self._failed += 1
            failure = error
        await self._announcements.announce(mark.to_json().decode())
        return failure

    async def _tidy(self) -> None:
        """Drop marks that have done their work; leave in the store those that count."""
        now = self._clock()
        self._drop([mark for mark in self._index if self._is_done(mark, now)])
        await self._shelf.tidy(self._index)

    def _is_done(self, mark: Mark, now: float) -> bool:
        return mark.time < now - (SWEPT_SECONDS if mark.swept else self._lifetime_seconds)

    def _drop(self, marks: Sequence[Mark]) -> None:
        if marks:
            before = len(self._index)
            self._index.remove(marks)
            self._dropped += before - len(self._index)

    def _merge(self) -> None:
        """
        Make room: the oldest of those that have done their work leave, else one mark stands for the oldest soft ones.

        It hits more than they did, but nothing that they hit is forgotten. Of hard ones that is the last resort.
        """
        marks = [mark for mark in self._index if mark.kind != "all"]
        done = [mark for mark in marks if mark.swept]
        crowd = done or [mark for mark in marks if not mark.hard] or marks
        leaving = sorted(crowd, key=lambda mark: mark.time)[: max(1, self._max_marks // CROWD_SHARE)]
        if not done:
            merged = Mark("all", "", hard=leaving[-1].hard, time=leaving[-1].time)
            self._index.add(merged)
            self._shelf.owe(merged)
        self._drop(leaving)


async def _ignore(_marks: Sequence[Mark]) -> None:
    """Do nothing."""
