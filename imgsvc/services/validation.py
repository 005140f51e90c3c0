"""
Asking a source whether what is kept of it still holds (RFC 9111 §4.3).

One question at a time a source, whoever wants to know. A source that fails keeps its last good picture; one that says
that there is none any more loses it.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from weakref import WeakValueDictionary

from msgspec import Struct

from imgsvc.cache.coalesce import Coalescer, Outcome
from imgsvc.cache.failures import RememberedFailures
from imgsvc.errors import ImgsvcError, SourceNotFound, StoreError
from imgsvc.model.purge import Mark
from imgsvc.model.source import Source
from imgsvc.services.answers import Trace
from imgsvc.services.bookkeeper import Order
from imgsvc.services.claims import Claims
from imgsvc.services.incoming import Incoming
from imgsvc.services.marks import Marks
from imgsvc.services.original import Original
from imgsvc.services.records import Records, SourceRecord
from imgsvc.services.removal import Removal
from imgsvc.services.shelf import Shelf

log = logging.getLogger("imgsvc.validation")


class Validated(Struct, frozen=True):
    """
    What asking gave; held once by whoever gets it, who lets it go.

    Attributes:
        record: of the kept bytes, when they may be used; None when others came, or when nothing is kept any more.
        original: the bytes that came instead.
        is_stale: whether the source failed, and *record* is only the last that was good.
    """

    record: SourceRecord | None = None
    original: Original | None = None
    is_stale: bool = False

    def hold(self) -> None:
        """Want it once more."""
        if self.original is not None:
            self.original.hold()

    def let_go(self) -> None:
        """Want it once less."""
        if self.original is not None:
            self.original.let_go()


class ValidationStatistics(Struct, frozen=True):
    """
    Counters since the start.

    Attributes:
        not_modified: answers that the kept bytes hold; none of them had a body.
        replaced: answers with other bytes, or with the same once more.
        ended: sources that have no picture any more, or forbid to keep it.
        failed: questions without a good answer; what was kept stays.
        spared: questions not asked, because another replica had, or because the source failed lately.
    """

    not_modified: int
    replaced: int
    ended: int
    failed: int
    spared: int


class Validation:
    """Asks; knows nothing of who waits."""

    def __init__(  # noqa: PLR0913 - all named, by the composition root alone
        self,
        *,
        flights: Coalescer,
        failures: RememberedFailures,
        incoming: Incoming,
        records: Records,
        shelf: Shelf,
        marks: Marks,
        claims: Claims,
        removal: Removal,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._flights = flights
        self._failures = failures
        self._incoming = incoming
        self._records = records
        self._shelf = shelf
        self._marks = marks
        self._claims = claims
        self._removal = removal
        self._clock = clock
        # Of a refresh and a question of one source the later waits, for they would undo each other.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._counts = dict.fromkeys(("not_modified", "replaced", "ended", "failed", "spared"), 0)

    async def ask(self, source: Source, trace: Trace, tags: str = "", *, force: bool = False) -> Outcome[Validated]:
        """
        Ask *source*, unless it was asked a moment ago; the caller lets go what comes.

        Args:
            source: of http or https.
            trace: told what it takes.
            tags: words of the request that wants to know, between spaces.
            force: ask even when what is kept is fresh or the source failed lately, and have all bytes sent again.

        Raises:
            SourceNotFound: there is no such picture any more; nothing of it is kept now.
            ImgsvcError: the source failed, and nothing that is kept may stand in for it.
        """
        # Who comes after a purge does not join a question of before it.
        purges = f"{self._shelf.purges(source)} and {self._marks.epoch}"
        name = f"{'refresh' if force else 'validate'}:{source.url} after {purges}"
        return await self._flights.join(name, lambda: self._ask(source, trace, tags, force=force))

    async def ask_to_the_end(self, source: Source, *, force: bool = False) -> bool:
        """
        Ask as :meth:`ask` does, and stay until all that comes has come.

        Returns:
            Whether the source failed, and the last that was good stays.
        """
        validated = (await self.ask(source, Trace(), force=force)).value
        try:
            if validated.original is not None:
                await validated.original.whole_meta()
        finally:
            validated.let_go()
        return validated.is_stale

    def statistics(self) -> ValidationStatistics:
        """Snapshot of the counters."""
        return ValidationStatistics(**self._counts)

    async def _ask(self, source: Source, trace: Trace, tags: str, *, force: bool) -> Validated:
        if not force and (arriving := self._incoming.arriving(source)) is not None:
            return await self._arrived(source, arriving)
        turn = self._turns.setdefault(source.url, asyncio.Lock())
        before, waited = self._records.known(source), turn.locked()
        async with turn, self._claims.claimed(source) as claim:
            if not claim.is_ours:
                waited = True
                await self._claims.wait(source)
            purges = self._shelf.purges(source)
            look = await self._records.look(source)
            if look.record is None:
                order = Order(purges=purges, tags=tags, is_new=look.is_new)
                return Validated(None, await self._incoming.fetch(source, trace, order)) if force else Validated()
            record = look.record
            if not force and (spared := await self._spared(source, record, before if waited else None)) is not None:
                return spared
            order = Order(purges=purges, tags=tags, record=record, proves=record.may_stand_in(self._clock()))
            validated = await self._answer(source, trace, order, record, force=force)
            if validated.original is not None:
                claim.brings(validated.original)
            return validated

    async def _answer(
        self, source: Source, trace: Trace, order: Order, record: SourceRecord, *, force: bool
    ) -> Validated:
        """Ask, and take what comes, or what its failing leaves."""
        try:
            return await self._asked(source, trace, order, record, force=force)
        except SourceNotFound as error:
            raise await self.gone(source, error) from None
        except ImgsvcError as error:
            self._counts["failed"] += 1
            if self._shelf.may_keep(source, order.purges):
                await self._failures.remember(source.h16, error)
            return self._last_good(record, error)

    async def _arrived(self, source: Source, arriving: Original) -> Validated:
        """Give what comes already, because somebody else has asked; a good picture stays until all of it is there."""
        record = None
        try:
            record = await self._records.get(source)
            if record is not None and record.may_stand_in(self._clock()):
                self._flights.head_arrived()
                await arriving.whole_meta()
        except BaseException as error:
            arriving.let_go()
            if record is None or not isinstance(error, ImgsvcError):
                raise
            return self._last_good(record, error)
        return Validated(None, arriving)

    async def _spared(self, source: Source, record: SourceRecord, before: SourceRecord | None) -> Validated | None:
        """Give what is known already: what was waited for, *before* it, may have asked, or met a failure."""
        is_newer = before is not None and record.fetched_at > before.fetched_at
        if record.is_fresh(self._clock()) or is_newer:
            self._counts["spared"] += 1
            return Validated(record)
        failure = await self._failures.recall(source.h16, newer_than=self._marks.latest(source, record.tags))
        if failure is None:
            return None
        self._counts["spared"] += 1
        if isinstance(failure, SourceNotFound):
            raise await self.gone(source, failure)
        return self._last_good(record, failure)

    async def _asked(
        self, source: Source, trace: Trace, order: Order, record: SourceRecord, *, force: bool
    ) -> Validated:
        """Ask, and count what comes."""
        if force:
            came: Original | SourceRecord | None = await self._incoming.fetch(source, trace, order)
        else:
            came = await self._incoming.revalidate(source, trace, order, record)
        if isinstance(came, SourceRecord):
            self._counts["not_modified"] += 1
            await self._failures.forget(source.h16)
            return Validated(came)
        if came is None:
            await self._end(source)
            return Validated()
        try:
            await self._taken(source, came, order)
        except BaseException as error:
            came.let_go()
            if came.download is None or not isinstance(error, ImgsvcError):
                raise
            self._counts["failed"] += 1  # its download has remembered why
            return self._last_good(record, error)
        return Validated(None, came)

    async def _taken(self, source: Source, came: Original, order: Order) -> None:
        """
        Let other bytes take the place of good ones, or end what may not be kept any more.

        Raises:
            ImgsvcError: they turn out not to be what they seemed.
        """
        if not came.shareable:
            await self._end(source)
            return
        if came.download is not None and order.proves:
            # Until all is there the last good picture is the one to answer.
            self._flights.head_arrived()
            await came.whole_meta()
        if came.download is None:
            await self._failures.forget(source.h16)
        self._counts["replaced"] += 1

    async def gone(self, source: Source, error: SourceNotFound) -> SourceNotFound:
        """Keep nothing of a source that has no picture any more, but that; give the error to raise."""
        await self._end(source)
        await self._failures.remember(source.h16, error)
        return error

    async def _end(self, source: Source) -> None:
        """Keep nothing of a source; where the store fails a mark says so in its place."""
        self._counts["ended"] += 1
        try:
            await self._removal.remove(source)
        except StoreError as error:
            log.warning("%s is gone, but not from the store: %s", source.loggable, error.detail)
            before = math.nextafter(self._clock(), 0)  # what is remembered of the source from now on shall count
            with suppress(StoreError):  # it counts in this process, and is written when the store works again
                await self._marks.add([Mark("url", source.url, hard=True, time=before)])

    def _last_good(self, record: SourceRecord, error: ImgsvcError) -> Validated:
        if not record.may_stand_in(self._clock()):
            raise error
        return Validated(record, is_stale=True)
