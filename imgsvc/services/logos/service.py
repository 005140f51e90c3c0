"""Logos, answered: whose, which, and in which form."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.errors import ImgsvcError, LogoNotFound, ObjectNotFound
from imgsvc.logos.domain import DomainReader
from imgsvc.model.look import Theme
from imgsvc.model.source import Source
from imgsvc.services.answers import ImageRequest, Served, Trace
from imgsvc.services.fetches import Errand, FoundFetches
from imgsvc.services.images import ImageService
from imgsvc.services.kept_pictures import KEPT_SECONDS, KeptPicture, KeptPictures
from imgsvc.services.limits import Allowance
from imgsvc.services.logos.answers import (
    Fallback,
    LogoRequest,
    LogoServed,
    Subject,
    Verdict,
)
from imgsvc.services.logos.companies import CompanyFinder
from imgsvc.services.logos.explaining import Explained, explained
from imgsvc.services.logos.fallbacks import LIFETIME_SECONDS, Fallbacks
from imgsvc.services.logos.judging import Judge
from imgsvc.services.logos.keeper import LogoKeeper, Settled
from imgsvc.services.logos.record import Entry, Kept, LogoRecord
from imgsvc.services.logos.records import Known
from imgsvc.services.original import Original
from imgsvc.services.refreshes import Refresh

MOST_ASKED = 64
"""Questions remembered of one domain: more are not asked of a logo in earnest."""

_CONTENT_CHARS = 8


class LogoStatistics(Struct, frozen=True):
    """
    Counters since the start.

    Attributes:
        answered: by what the answer was found by, or what stood in for it.
    """

    answered: Mapping[str, int]


class LogoService:
    """Answers questions about logos; knows nothing of HTTP."""

    def __init__(  # noqa: PLR0913 - all named, by the composition root alone
        self,
        *,
        reader: DomainReader,
        companies: CompanyFinder,
        keeper: LogoKeeper,
        images: ImageService,
        fallbacks: Fallbacks,
        fetches: FoundFetches,
        judge: Judge,
        pictures: KeptPictures,
        refresh_cooldown_seconds: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._reader = reader
        self._companies = companies
        self._keeper = keeper
        self._images = images
        self._fallbacks = fallbacks
        self._fetches = fetches
        self._judge = judge
        self._pictures = pictures
        self._cooldown_seconds = refresh_cooldown_seconds
        self._clock = clock
        self._answered: Counter[str] = Counter()

    def subject(self, text: str, *, param: str = "website") -> Subject:
        """
        Read what a client calls a website.

        Raises:
            BadDomain: it names none.
        """
        return Subject(self._reader.read(text, param=param))

    async def company(self, name: str, allowance: Allowance | None) -> Subject:
        """
        Find a company's domain; without one its name is all there is.

        Raises:
            RateLimited, Overloaded: as :meth:`find`.
        """
        return Subject(await self._companies.find(name, allowance), name)

    def lookup(self, request: LogoRequest) -> LogoServed | None:
        """Give what memory has and may answer; a plain call, so that a hit never leaves the loop's turn."""
        domain = request.subject.domain
        known = None if domain is None else self._keeper.known(domain, request.size_px)
        if domain is not None and known is None:
            return None
        entry = None if known is None else known.best(request.size_px, request.theme)
        if entry is None and request.fallback is Fallback.NOT_FOUND:
            return None
        served = self._images.lookup(self._asked(request, known, entry))
        return None if served is None else self._answer(request, known, entry, served)

    async def find(self, request: LogoRequest, allowance: Allowance | None = None) -> LogoServed:
        """
        Answer *request*, after a search if there is need of one; the caller lets go what is served.

        Raises:
            LogoNotFound: there is none, and the client wants to be told so.
            RateLimited: the client, or the domain, has no search left.
            Overloaded: there is no room for it; then nobody knows whether there is a logo.
        """
        domain = request.subject.domain
        if domain is None:
            return await self._stand_in(request, None)
        settled = await self._keeper.settled(domain, request.size_px, allowance)
        try:
            return await self._found(request, settled)
        except ObjectNotFound:
            # The store has let it go, or has another replica's by now.
            self._keeper.forget(domain)
            settled = await self._keeper.settled(domain, request.size_px, allowance)
        try:
            return await self._found(request, settled)
        except ObjectNotFound:
            settled = await self._keeper.searched(domain, request.size_px, allowance)
        return await self._found(request, settled)

    async def refresh(self, subject: Subject, allowance: Allowance | None, *, is_admin: bool) -> Refresh:
        """Search anew, unless that was done a short time ago by anybody but the operator."""
        domain = subject.domain
        if domain is None:
            return Refresh.IGNORED
        known = await self._keeper.look(domain)
        is_early = known is not None and self._clock() - known.record.tried_at < self._cooldown_seconds
        if is_early and not is_admin:
            return Refresh.IGNORED
        try:
            settled = await self._keeper.searched(domain, 0 if known is None else known.record.asked_px, allowance)
        except ImgsvcError:
            return Refresh.FAILED
        return Refresh.FAILED if settled.known.record.failures else Refresh.DONE

    async def explain(
        self, subject: Subject, size_px: int, allowance: Allowance | None, *, theme: Theme | None = None
    ) -> Explained:
        """
        Say what was found and why which of it is the logo on a page, without a fetch where that is known.

        Raises:
            RateLimited, Overloaded: as :meth:`find`.
        """
        if subject.domain is None:
            return Explained(self._clock() + LIFETIME_SECONDS, explained(subject, None, size_px, theme))
        settled = await self._keeper.settled(subject.domain, size_px, allowance)
        record = settled.known.record
        return Explained(record.fresh_until, explained(subject, record, size_px, theme))

    async def judge(self, data: bytes) -> Verdict:
        """
        Say whether a picture is one of those that stand for any site.

        Raises:
            UnusableSource: it is none that can be read.
            Overloaded: there is no room for it.
        """
        return await self._judge.verdict(data)

    async def judge_url(self, source: Source, allowance: Allowance | None) -> Verdict:
        """
        Fetch a picture and judge it.

        Raises:
            ImgsvcError: as :meth:`judge`, and what the source, or the way to it, forbids.
        """
        if allowance is not None:
            allowance.take(source.host)
        async with self._fetches.picture(source.url, Errand()) as arrived:
            return await self._judge.verdict(arrived.body, arrived.content_encoding, source.host)

    def statistics(self) -> LogoStatistics:
        """Snapshot of the counters."""
        return LogoStatistics(MappingProxyType(dict(self._answered)))

    async def _found(self, request: LogoRequest, settled: Settled) -> LogoServed:
        known = settled.known
        entry = known.best(request.size_px, request.theme)
        if entry is None:
            return await self._stand_in(request, known)
        asked = self._asked(request, known, entry)
        if settled.is_new and entry.kept is not None:
            asked = replace(asked, bring=self._bring(known.record, entry.kept, settled.pictures))
        served = await self._images.get(asked)
        if not known.record.is_fresh(self._clock()):
            served = served._replace(stale=True)
        return self._answer(request, known, entry, served)

    async def _stand_in(self, request: LogoRequest, known: Known | None) -> LogoServed:
        if request.fallback is Fallback.NOT_FOUND:
            raise self._not_found(known)
        served = await self._images.get(self._asked(request, known, None))
        return self._answer(request, known, None, served)

    def _not_found(self, known: Known | None) -> LogoNotFound:
        left_seconds = LIFETIME_SECONDS if known is None else int(known.record.fresh_until - self._clock())
        return LogoNotFound("No logo was found.", retry_after_seconds=max(1, left_seconds))

    def _asked(self, request: LogoRequest, known: Known | None, entry: Entry | None) -> ImageRequest:
        """Ask the spine for a logo's variant, or for what stands in; a question that was asked before is remembered."""
        if known is None:
            return self._fallbacks.request(request, None)
        place = (request.spec, request.size_px, request.theme, request.fallback, request.subject.name)
        if (asked := known.asked.get(place)) is None:
            if len(known.asked) >= MOST_ASKED:
                known.asked.clear()
            asked = known.asked[place] = self._understood(request, known, entry)
        return asked

    def _understood(self, request: LogoRequest, known: Known, entry: Entry | None) -> ImageRequest:
        if entry is None or entry.kept is None:
            return self._fallbacks.request(request, known.record.colour)
        kept, remembered = entry.kept, None
        if request.theme is not None and request.spec.page == request.theme.page:
            remembered = request.theme in kept.lost_on
        spec = replace(request.spec, content=kept.sha256[:_CONTENT_CHARS], remembered=remembered)
        bring = self._bring(known.record, kept, {})
        return ImageRequest(Source.stored(kept.key), spec.normalised(), bring=bring)

    def _bring(
        self, record: LogoRecord, kept: Kept, new: Mapping[str, bytes]
    ) -> Callable[[Trace], Awaitable[Original]]:
        picture = KeptPicture(kept.key, kept.image_format, record.meta_of(kept, KEPT_SECONDS))
        return partial(self._pictures.original, picture, new)

    def _answer(self, request: LogoRequest, known: Known | None, entry: Entry | None, served: Served) -> LogoServed:
        """Say beside the picture what is known of it."""
        is_fallback = entry is None
        source = request.fallback.value if entry is None else entry.measured.candidate.source.value
        self._answered[source] += 1
        domain = request.subject.domain
        return LogoServed(
            served=served,
            source=source,
            domain="" if domain is None else domain.host,
            fresh_until=known.record.fresh_until if known else self._clock() + LIFETIME_SECONDS,
            url=None if entry is None else entry.measured.candidate.url,
            is_fallback=is_fallback,
            look=_described(request, entry),
        )


def _described(request: LogoRequest, entry: Entry | None) -> str:
    """Say what was seen of a logo that is described and not shown; on an exact page nobody has looked at it."""
    is_described = request.spec.is_json and not request.is_exact
    if entry is None or entry.kept is None or request.theme is None or not is_described:
        return ""
    return entry.kept.look_on(request.theme).to_text()
