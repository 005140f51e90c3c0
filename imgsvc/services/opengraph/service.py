"""What pages say of themselves, answered: remembered, kept for a day, asked for again behind a stale answer."""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from imgsvc.cache.coalesce import Coalescer
from imgsvc.cache.failures import RememberedFailures
from imgsvc.errors import ImgsvcError, NotAPage, NotFound, OriginTimeout, Overloaded
from imgsvc.model.blob import Blob, BlobMeta
from imgsvc.model.source import Source
from imgsvc.opengraph.tracking import untracked
from imgsvc.services.answers import Served, Tier, Trace
from imgsvc.services.behind import Behind
from imgsvc.services.documents import Documents, Known
from imgsvc.services.fetches import Errand
from imgsvc.services.limits import Allowance, joined_for
from imgsvc.services.marks import Marks
from imgsvc.services.opengraph.document import PageDocument, shown
from imgsvc.services.opengraph.reading import PageData, Read

log = logging.getLogger("imgsvc.opengraph")

LIFETIME_SECONDS = 86400
PARTIAL_SECONDS = 300
"""The same of a page that broke off."""

EXTENDED_SECONDS = 3600
"""How long what is known of a page holds on when the page fails."""

REFRESHES_AT_ONCE = 16


@dataclass(slots=True)
class KnownPage(Known[PageDocument]):
    """
    A document, and the answers made of it.

    Attributes:
        blobs: by the tier that they name.
    """

    blobs: dict[Tier, Blob] = field(default_factory=dict)

    def served(self, tier: Tier, *, stale: bool = False) -> Served:
        """Answer with it."""
        if (blob := self.blobs.get(tier)) is None:
            blob = self.blobs[tier] = _blob_of(self.record, tier)
        trace = None if tier is Tier.MEMORY else Trace(asked_store=True)
        return Served(blob, tier, hit=tier is not Tier.ORIGIN, trace=trace, stale=stale)


PageDocuments = Documents[PageDocument, KnownPage]


class PageStatistics(Struct, frozen=True):
    """
    State, and counters since the start.

    Attributes:
        read: pages that were asked for.
        failed: of them, those that gave nothing.
        refreshing: pages being asked for again behind answers, now.
    """

    read: int
    failed: int
    refreshing: int


class PageService:
    """
    Answers questions about pages; knows nothing of HTTP. :meth:`aclose` once.

    Args:
        pages: reads them.
        documents: what is known.
        failures: pages that have failed lately.
        flights: lets equal questions be one.
        marks: number the purges.
        may_run: whether there is room for work behind answers, just now.
        clock: unix seconds.
    """

    def __init__(
        self,
        *,
        pages: PageData,
        documents: PageDocuments,
        failures: RememberedFailures,
        flights: Coalescer,
        marks: Marks,
        may_run: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._pages = pages
        self._documents = documents
        self._failures = failures
        self._flights = flights
        self._marks = marks
        self._may_run = may_run
        self._clock = clock
        self._behind = Behind("page refresh", REFRESHES_AT_ONCE)
        self.idle, self.aclose = self._behind.idle, self._behind.aclose
        self._read = self._failed = 0

    def lookup(self, page: Source) -> Served | None:
        """Give what is remembered and fresh; a plain call, for the path of a hit."""
        known = self._documents.known(untracked(page).url)
        if known is None or not known.record.is_declared or not known.record.is_fresh(self._clock()):
            return None
        return known.served(Tier.MEMORY)

    async def find(self, page: Source, allowance: Allowance | None) -> Served:
        """
        Give what a page says of itself; what is past its time is given at once, and asked for again behind.

        Raises:
            NotAPage: there is something else at that URL, or its sender says so.
            RateLimited: the client, or the domain, has had too many pages fetched.
            ImgsvcError: what the page, the way to it or the load of this process forbids.
        """
        is_remembered = self._documents.known(untracked(page).url) is not None
        known, is_new = await self.page(page, allowance)
        if not known.record.is_declared:
            raise NotAPage("The source does not call itself a page.", param="url")
        if is_new:
            return known.served(Tier.ORIGIN)
        is_stale = not known.record.is_fresh(self._clock())
        return known.served(Tier.MEMORY if is_remembered else Tier.STORE, stale=is_stale)

    async def page(self, page: Source, allowance: Allowance | None) -> tuple[KnownPage, bool]:
        """Give the same as it is known, be it declared a page or not, and whether it was fetched just now."""
        page = untracked(page)
        known = await self._documents.look(page.url)
        is_fresh = known is not None and known.record.is_fresh(self._clock())
        if known is None or not (is_fresh or known.record.is_declared):
            return await self._fetched(page, allowance), True
        if not is_fresh:
            self.begin(page.url, partial(self._refresh_behind, page))
        return known, False

    async def page_in_time(self, page: Source, allowance: Allowance | None, wait_seconds: float) -> KnownPage:
        """
        Give the same, as far as that takes no longer than *wait_seconds*; else it is read on for who asks later.

        Raises:
            OriginTimeout: it takes longer.
        """
        reading, name = asyncio.create_task(self.page(page, allowance), name="page"), f"reading {page.url}"
        is_behind = False
        try:
            await asyncio.wait((reading,), timeout=wait_seconds)
            if reading.done():
                return reading.result()[0]
            if name not in self._behind:
                self.begin(name, partial(self._read_on, page, reading))
                is_behind = name in self._behind
        finally:
            if not is_behind:
                reading.cancel()
        raise OriginTimeout("The page was too slow to be waited for.", param="url")

    async def refreshed(self, page: Source) -> KnownPage | None:
        """Give what is known after the page was asked again, if that was due; for work behind answers."""
        known = await self._documents.look(page.url)
        if known is None or known.record.is_fresh(self._clock()):
            return known
        await self._refresh_behind(page)
        return await self._documents.look(page.url)

    def begin(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin a piece of work behind answers that has to do with pages, if there is room for it."""
        if self._may_run():
            self._behind.begin(name, work)

    async def known(self, page: Source) -> KnownPage | None:
        """Give what is known without a fetch, be it stale."""
        return await self._documents.look(untracked(page).url)

    def keep(self, document: PageDocument) -> KnownPage:
        """Write down more of a page that is known."""
        return self._documents.keep(document)

    def statistics(self) -> PageStatistics:
        """Snapshot of state and counters."""
        return PageStatistics(self._read, self._failed, len(self._behind))

    async def _fetched(self, page: Source, allowance: Allowance | None) -> KnownPage:
        name = f"page:{page.url} after {self._marks.epoch}"
        join = partial(self._flights.join, name, partial(self._read_page, page, allowance))
        return (await joined_for(allowance, join)).value

    async def _read_on(self, page: Source, reading: asyncio.Task[Any]) -> None:
        """Wait for a page for nobody, that its reading has an end."""
        try:
            await reading
        except ImgsvcError as error:
            log.info("%s: %s", page.host, error.detail)
        except Exception:
            log.exception("reading a page of %s failed unforeseen", page.host)

    async def _read_page(self, page: Source, allowance: Allowance | None) -> KnownPage:
        """Ask a page, unless it has failed a short time ago; write down what comes of it."""
        name = f"page:{page.url}"
        if (failure := await self._failures.recall(name, newer_than=self._marks.latest(page, ""))) is not None:
            raise failure
        if allowance is not None:
            allowance.take(page.host)
        self._read += 1
        now = self._clock()
        try:
            read = await self._pages.read(page.url, Errand(frozenset((page.host,))))
        except ImgsvcError as error:
            self._failed += 1
            await self._failures.remember(name, error)
            raise
        await self._failures.forget(name)
        before = self._documents.known(page.url)  # now, for a picture may have been chosen meanwhile
        document = PageDocument(
            url=page.url, final_url=read.final_url, data=read.data,
            fetched_at=now, tried_at=now, fresh_until=now + _lifetime_seconds(read), is_declared=read.is_declared,
            picture=None if before is None else before.record.picture, chosen_until=now,
        )  # fmt: skip
        return self._documents.keep(document)

    async def _refresh_behind(self, page: Source) -> None:
        """Ask a page again; one that fails holds for another hour, one that is gone no more."""
        known = await self._documents.look(page.url)
        if known is None:
            return
        try:
            await self._fetched(page, None)
        except Overloaded as error:  # then nothing is known that was not before
            log.info("%s: %s", page.host, error.detail)
        except NotFound:
            await self._documents.remove(page.url)
        except ImgsvcError as error:
            log.info("%s: %s", page.host, error.detail)
            if (known := await self._documents.look(page.url)) is not None:  # with the picture chosen meanwhile
                self._documents.keep(known.record.extended(self._clock(), EXTENDED_SECONDS))
        except Exception:
            log.exception("refreshing the page data of %s failed unforeseen", page.host)


def _lifetime_seconds(read: Read) -> int:
    """A sender may soon be right about what it sends, until then that is as good as a failure; or send all of it."""
    if not read.is_declared:
        return NotAPage.remember_seconds
    return PARTIAL_SECONDS if read.is_partial else LIFETIME_SECONDS


def _blob_of(document: PageDocument, tier: Tier) -> Blob:
    data = _json(document, tier.value)
    # Of what the page says: who has that need not be told it again for the sake of the tier.
    digest = hashlib.sha256(_json(document, "")).hexdigest()
    meta = BlobMeta(
        media_type="application/json", sha256=digest, source_sha256=digest, fetched_at=document.fetched_at,
        fresh_until=document.fresh_until, last_modified=int(document.fetched_at),
    )  # fmt: skip
    return Blob(data=data, meta=meta, key=document.key, source=document.site, is_weak=True)


def _json(document: PageDocument, source: str) -> bytes:
    return json.dumps(shown(document, source), ensure_ascii=False, default=asdict).encode()
