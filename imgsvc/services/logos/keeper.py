"""The keeper: has a domain's logo searched for when that is due, and keeps what was found."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial

from msgspec import Struct, field

from imgsvc.cache.coalesce import Coalescer
from imgsvc.errors import ImgsvcError, NotFound, Overloaded, RateLimited
from imgsvc.logos.domain import Domain
from imgsvc.logos.score import asked_bucket
from imgsvc.services.behind import Behind
from imgsvc.services.fetches import Errand, FoundFetches
from imgsvc.services.kept_pictures import KeptPicture, KeptPictures
from imgsvc.services.limits import Allowance, joined_for
from imgsvc.services.logos.judging import digest
from imgsvc.services.logos.record import EVERY_PX, LogoRecord
from imgsvc.services.logos.records import Known, LogoRecords
from imgsvc.services.logos.search import Found
from imgsvc.services.logos.searcher import Searcher
from imgsvc.services.logos.writing import NamedPicture, entries_of
from imgsvc.services.marks import Marks

log = logging.getLogger("imgsvc.logos")

LEAST_ASKED_PX = 128
"""A search for less would soon be made again."""

LIFETIME_SECONDS = 30 * 86400
FAILURE_SECONDS = 86400
UNENDED_SECONDS = 60
MAX_UNENDED_SECONDS = 1800
"""A search that did not really end is made again after a minute, then ever later."""

REFRESHES_AT_ONCE = 16


class KeeperStatistics(Struct, frozen=True):
    """
    State, and counters since the start.

    Attributes:
        searches: begun.
        found: of them, those that found a logo.
        validated: logos of which their source said that they hold.
        refreshing: logos being asked for again behind answers, now.
    """

    searches: int
    found: int
    validated: int
    refreshing: int


class Settled(Struct, frozen=True):
    """
    What is known now.

    Attributes:
        known: the record.
        is_new: whether it was searched for just now.
        pictures: by their keys, those that a search has just brought, wherever else they may be kept or not.
    """

    known: Known
    is_new: bool = False
    pictures: Mapping[str, bytes] = field(default_factory=dict)


class LogoKeeper:
    """
    Keeps logos; :meth:`aclose` once.

    Args:
        searcher: searches.
        fetches: asks whether a logo still holds.
        records: what is known.
        pictures: keeps those that were found.
        flights: lets equal searches be one.
        marks: number the purges.
        may_run: whether there is room for work behind answers, just now.
        clock: unix seconds.
    """

    def __init__(
        self,
        *,
        searcher: Searcher,
        fetches: FoundFetches,
        records: LogoRecords,
        pictures: KeptPictures,
        flights: Coalescer,
        marks: Marks,
        may_run: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._searcher = searcher
        self._fetches = fetches
        self._records = records
        self._pictures = pictures
        self._flights = flights
        self._marks = marks
        self._may_run = may_run
        self._clock = clock
        self._behind = Behind("logo refresh", REFRESHES_AT_ONCE)
        self.idle, self.aclose = self._behind.idle, self._behind.aclose
        self._searches = self._found = self._validated = 0

    def known(self, domain: Domain, size_px: int) -> Known | None:
        """Give what is known, fresh, and enough for *size_px*; a plain call, for the path of a hit."""
        known = self._records.known(domain.host)
        return known if known is not None and self._is_good(known.record, size_px) else None

    async def settled(self, domain: Domain, size_px: int, allowance: Allowance | None) -> Settled:
        """
        Give what is known, after a search if there is need of one; a logo past its time is refreshed behind.

        Raises:
            RateLimited: the client, or the domain, has no search left.
            Overloaded: there is no room for it.
        """
        known = await self._records.look(domain.host)
        if known is not None and known.record.has_logo and known.record.is_enough_for(size_px):
            if self._is_due(known.record) and self._may_run():
                self._behind.begin(domain.host, partial(self._refresh_behind, domain))
            return Settled(known)
        if known is not None and self._is_good(known.record, size_px):
            return Settled(known)
        try:
            return await self.searched(domain, size_px, allowance)
        except (Overloaded, RateLimited):
            if known is None or not known.record.has_logo:
                raise
            return Settled(known)  # smaller than it might be, but a logo

    async def searched(self, domain: Domain, size_px: int, allowance: Allowance | None) -> Settled:
        """
        Search, whatever is known; there is one search of a domain at a time. Raises as :meth:`settled`.

        Who joins a search for less that did not bring enough has the next one made.
        """
        asked_px = max(LEAST_ASKED_PX, asked_bucket(size_px))
        name = f"logo:{domain.host} after {self._marks.epoch}"
        work = partial(self._search, domain, asked_px, allowance)
        while True:
            outcome = await joined_for(allowance, lambda: self._flights.join(name, work))
            if not outcome.joined or outcome.value.known.record.is_enough_for(asked_px):
                return outcome.value

    async def look(self, domain: Domain) -> Known | None:
        """Give what is known of *domain*, without a search."""
        return await self._records.look(domain.host)

    def forget(self, domain: Domain) -> None:
        """Believe nothing of *domain* any more but what the store says."""
        self._records.forget(domain.host)

    def statistics(self) -> KeeperStatistics:
        """Snapshot of state and counters."""
        return KeeperStatistics(self._searches, self._found, self._validated, len(self._behind))

    def _is_good(self, record: LogoRecord, size_px: int) -> bool:
        is_enough = record.is_enough_for(size_px) if record.has_logo else True
        return is_enough and record.is_fresh(self._clock())

    def _is_due(self, record: LogoRecord) -> bool:
        """Whether it is to be asked for again; what has just failed is not, though a purge may have made it stale."""
        now = self._clock()
        return not record.is_fresh(now) and now - record.tried_at >= _rest_seconds(record.failures)

    async def _search(self, domain: Domain, asked_px: int, allowance: Allowance | None) -> Settled:
        """Search, and write down what comes of it."""
        if allowance is not None:
            allowance.take(domain.host)
        self._searches += 1
        before = await self._records.look(domain.host)
        now = self._clock()
        async with self._searcher.searched(domain, asked_px) as found:
            self._found += found.best_trust is not None
            if before is not None and _is_worse(found, before) and not await self._is_gone(domain, found, before):
                return Settled(self._records.keep(before.record.extended(now, FAILURE_SECONDS, asked_px)))
            return self._written(domain, asked_px, found, None if before is None else before.record, now)

    def _written(self, domain: Domain, asked_px: int, found: Found, before: LogoRecord | None, now: float) -> Settled:
        """Write down a search that began at unix second *now*, unless a later one has been meanwhile."""
        record, pictures = _record_of(domain, asked_px, found, before, now)
        if (later := self._records.later_than(record)) is not None:
            return Settled(later)
        for picture in pictures:
            self._keep(record, picture)
        known = self._records.keep(record, is_stored=record.has_logo or found.knows_nothing)
        return Settled(known, is_new=True, pictures={each.kept.key: each.data for each in pictures})

    def _keep(self, record: LogoRecord, picture: NamedPicture) -> None:
        kept = picture.kept
        meta = record.meta_of(kept, LIFETIME_SECONDS)
        self._pictures.keep(KeptPicture(kept.key, kept.image_format, meta), picture.data)

    async def _refresh_behind(self, domain: Domain) -> None:
        """Ask for a logo again, conditionally at first; one that fails holds for another day."""
        known = await self._records.look(domain.host)
        if known is None:
            return
        record, now = known.record, self._clock()
        try:
            if await self._still_holds(known, Errand(frozenset(domain.variants))):
                self._validated += 1
                self._records.keep(record.validated(now, LIFETIME_SECONDS))
                return
            await self.searched(domain, record.asked_px, None)
        except Overloaded as error:  # then nothing is known that was not before
            log.info("logo of %s: %s", domain.host, error.detail)
        except Exception:
            log.exception("refreshing the logo of %s failed unforeseen", domain.host)

    async def _is_gone(self, domain: Domain, found: Found, before: Known) -> bool:
        """
        Whether the logo that was known is no more: its source says so (404, 410).

        One that fails, is blocked or shows something else may have it again tomorrow. Where its address is not
        written down it is gone when all that was asked knows nothing.
        """
        entry = before.best(LEAST_ASKED_PX, None)
        if entry is None or entry.kept is None or not entry.kept.url:
            return found.knows_nothing
        try:
            async with self._fetches.picture(entry.kept.url, Errand(frozenset(domain.variants))):
                return False
        except ImgsvcError as error:
            return isinstance(error, NotFound)

    async def _still_holds(self, known: Known, errand: Errand) -> bool:
        """Whether the source of the logo says so; one whose URL is not written down cannot be asked."""
        entry = known.best(LEAST_ASKED_PX, None)
        kept = entry.kept if entry is not None else None
        if kept is None or not kept.url:
            return False
        try:
            async with self._fetches.revalidated(kept.validators, errand) as arrived:
                return arrived is None or await asyncio.to_thread(digest, arrived.body) == kept.sent_sha256
        except Overloaded:
            raise
        except ImgsvcError as error:
            log.info("logo of %s: %s", known.record.domain, error.detail)
            return False


def _record_of(
    domain: Domain, asked_px: int, found: Found, before: LogoRecord | None, now: float
) -> tuple[LogoRecord, list[NamedPicture]]:
    """Write down what a search that began at unix second *now* has found."""
    entries, pictures = entries_of(domain.host, found.seen, before)
    has_ended = found.is_whole if pictures else found.knows_nothing
    failures = 0 if has_ended else (before.failures if before is not None else 0) + 1
    record = LogoRecord(
        domain=domain.host,
        asked_px=EVERY_PX if found.is_exhaustive else asked_px,
        fetched_at=now,
        tried_at=now,
        fresh_until=now + _lifetime_seconds(failures, has_logo=bool(pictures)),
        failures=failures,
        colour=found.colour,
        entries=entries,
    )
    return record, pictures


def _is_worse(found: Found, before: Known) -> bool:
    """Whether what was found is less to be trusted than the logo that was known, or that is still named but fails."""
    entry = before.best(LEAST_ASKED_PX, None)
    if entry is None:
        return False
    candidate = entry.measured.candidate
    return found.best_trust is None or found.best_trust > candidate.trust or found.rejects(candidate.url)


def _lifetime_seconds(failures: int, *, has_logo: bool) -> int:
    if not failures:
        return LIFETIME_SECONDS if has_logo else FAILURE_SECONDS
    return FAILURE_SECONDS if has_logo else _rest_seconds(failures)


def _rest_seconds(failures: int) -> int:
    """How long nothing is tried again after so many tries in a row that did not end."""
    return min(UNENDED_SECONDS << min(failures - 1, 10), MAX_UNENDED_SECONDS) if failures else 0
