"""What is fetched because a page or a service named it: pages, manifests, pictures; each bounded, none kept here."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from msgspec import Struct, field
from msgspec.structs import replace

from imgsvc.errors import SourceTooLarge
from imgsvc.model.freshness import may_be_kept
from imgsvc.origin.answer import Fetched, NotModified, Validators
from imgsvc.origin.fetcher import Fetcher
from imgsvc.origin.manner import FOUND_PICTURE, MANIFEST, PAGE, Manner
from imgsvc.pages.manifest import MAX_MANIFEST_BYTES, Manifest, read_manifest
from imgsvc.pages.parser import MAX_HEAD_BYTES, MAX_PAGE_BYTES, PageReader
from imgsvc.pages.tags import Page
from imgsvc.pressure.admission import Admission, Work
from imgsvc.services.answers import Trace
from imgsvc.services.arrivals import Arrival, Slot, Slots
from imgsvc.services.heads import Head, HeadReader
from imgsvc.services.pouring import End, pour
from imgsvc.services.tracing import part
from imgsvc.stream.base import FileRange
from imgsvc.stream.spoolfile import no_room
from imgsvc.stream.spools import Spools

PAGE_SECONDS = 5.0
"""For so long a page may arrive, from its first bytes on."""

BODY_SECONDS = 2.0
"""For so long what is behind its head is waited for: pages that are made while they are sent may take their time."""


class Arrived(Struct, frozen=True):
    """
    A picture that has arrived whole.

    Attributes:
        body: as sent; in a file where there was no room in memory.
        content_encoding: of *data*, lower case; None = none.
        validators: by which its source can be asked whether it still holds.
        may_be_kept: whether its source lets it be kept and shared.
    """

    body: bytes | FileRange
    content_encoding: str | None
    validators: Validators
    may_be_kept: bool = True


class Errand(Struct):
    """
    For whose sake something is fetched.

    Attributes:
        own_hosts: of the site that it is about: what lies there may be at an address that only the operator trusts.
        waiting: fetches that just now wait for this process, and not for whoever is asked.
    """

    own_hosts: frozenset[str] = field(default=frozenset())
    waiting: int = 0

    @contextmanager
    def waits(self) -> Iterator[None]:
        """Say that what is done inside the block is this process's own."""
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1

    def manner(self, kind: Manner) -> Manner:
        """Ask in this manner, for the sake of these hosts."""
        return replace(kind, found_for=self.own_hosts)


class FoundFetches:
    """
    Fetches what no client named itself, by the one client for sources.

    Args:
        fetcher: asks.
        slots: the places for sources being read.
        spools: hold what arrives, and count it.
        admission: refuses work for which there is no memory.
    """

    def __init__(self, fetcher: Fetcher, slots: Slots, spools: Spools, admission: Admission) -> None:
        self._fetcher = fetcher
        self._slots = slots
        self._spools = spools
        self._admission = admission

    @asynccontextmanager
    async def picture(self, url: str, errand: Errand) -> AsyncIterator[Arrived]:
        """
        Fetch a picture that a page or a service named; its bytes are accounted for until the end of the block.

        Raises:
            SourceTooLarge: it has more bytes than are buffered.
            ImgsvcError: what the source, the way to it or the load of this process forbids.
        """
        async with self._taken(url, errand, None) as answer:
            assert isinstance(answer, Arrived)  # noqa: S101 - without validators nothing else comes
            yield answer

    @asynccontextmanager
    async def revalidated(self, validators: Validators, errand: Errand) -> AsyncIterator[Arrived | None]:
        """Ask whether a picture still holds; None when it does, else as :meth:`picture` what came instead."""
        async with self._taken(validators.url, errand, validators) as answer:
            yield answer

    async def beginning(self, url: str, errand: Errand, most_bytes: int) -> bytes:
        """
        Fetch the first bytes of a picture, and no more of it; those of a broken one as far as they came.

        Raises:
            ImgsvcError: as :meth:`picture`.
        """
        data = bytearray()

        def take(chunk: bytes) -> bool:
            data.extend(chunk)
            return len(data) < most_bytes

        async with self._opened(url, FOUND_PICTURE, errand) as fetched:
            await pour(fetched, take, most_bytes)
        return bytes(data[:most_bytes])

    async def page(self, url: str, errand: Errand) -> Page:
        """
        Read a page as far as it is of interest; one that breaks off, or takes long, is read as far as it came.

        Raises:
            ImgsvcError: as :meth:`picture`.
        """
        async with self._opened(url, PAGE, errand) as fetched:
            reader, now = PageReader(fetched.url, fetched.content_type or ""), asyncio.get_running_loop().time
            began, over = now(), math.inf

            def until() -> float:
                nonlocal over
                over = min(over, now() if reader.is_head_over else math.inf)
                return min(began + PAGE_SECONDS, over + BODY_SECONDS)

            await pour(fetched, reader.feed, MAX_PAGE_BYTES, until)
            return await asyncio.to_thread(reader.finish)

    async def head(self, url: str, errand: Errand, until: float = math.inf) -> Head:
        """
        Read the head of a page, likewise.

        Args:
            url: of the page.
            errand: for whose sake.
            until: the loop's time at which what has come has to do.

        Raises:
            NotAPage: it is something else, whatever it is declared to be.
            ImgsvcError: as :meth:`picture`.
        """
        async with self._opened(url, PAGE, errand) as fetched:
            reader = HeadReader(fetched.url, fetched.content_type or "")
            end = await pour(fetched, reader.feed, MAX_HEAD_BYTES, lambda: until)
            head = await asyncio.to_thread(reader.finish)
            return replace(head, broke_off=end is End.BROKEN, was_late=end is End.LATE)

    async def manifest(self, url: str, errand: Errand) -> Manifest:
        """
        Read a web app manifest; what is none, or too long, says nothing.

        Raises:
            ImgsvcError: as :meth:`picture`.
        """
        data = bytearray()

        def take(chunk: bytes) -> bool:
            data.extend(chunk)
            return len(data) <= MAX_MANIFEST_BYTES

        async with self._opened(url, MANIFEST, errand) as fetched:
            await pour(fetched, take, MAX_MANIFEST_BYTES + 1)
            return await asyncio.to_thread(read_manifest, bytes(data), fetched.url)

    @asynccontextmanager
    async def _opened(self, url: str, kind: Manner, errand: Errand) -> AsyncIterator[Fetched]:
        """Hold a place and a connection until the end of the block."""
        slot = await self._slot(errand)
        try:
            with part("fetch"):
                fetched = await self._fetcher.open(url, errand.manner(kind))
            try:
                yield fetched
            finally:
                await fetched.body.aclose()
        finally:
            slot.give_back()

    @asynccontextmanager
    async def _taken(self, url: str, errand: Errand, validators: Validators | None) -> AsyncIterator[Arrived | None]:
        slot, manner = await self._slot(errand), errand.manner(FOUND_PICTURE)
        try:
            with part("fetch"):
                if validators is None:
                    answer: Fetched | NotModified = await self._fetcher.open(url, manner)
                else:
                    answer = await self._fetcher.revalidate(url, validators, manner)
        except BaseException:
            slot.give_back()
            raise
        if isinstance(answer, NotModified):
            slot.give_back()
            yield None
            return
        spool = self._spools.new(answer.body.declared_bytes)
        arrival = Arrival(answer, spool, slot)
        try:
            try:
                body = await self._whole(arrival)
            finally:
                await arrival.aclose()
            kept = may_be_kept(answer.cache_control)
            yield Arrived(body, answer.content_encoding, _validators_of(answer), may_be_kept=kept)
        finally:
            spool.let_go()

    async def _slot(self, errand: Errand) -> Slot:
        self._admission.check(Work.anything())
        with errand.waits():
            return await self._slots.take(Trace())

    async def _whole(self, arrival: Arrival) -> bytes | FileRange:
        """Read a body to its end, in memory, or where there is no room there in a file."""
        spool, most_bytes = arrival.spool, self._spools.threshold_bytes
        if max(spool.declared_bytes or 0, spool.size_bytes) > most_bytes:
            raise _too_large(most_bytes)
        await arrival.read_until(lambda: spool.size_bytes > most_bytes or spool.is_narrow)
        if spool.is_narrow:
            raise no_room()
        if spool.size_bytes > most_bytes:
            raise _too_large(most_bytes)
        return spool.whole_file or spool.data


def _validators_of(fetched: Fetched) -> Validators:
    return Validators(url=fetched.url, etag=fetched.etag, last_modified=fetched.last_modified)


def _too_large(limit_bytes: int) -> SourceTooLarge:
    return SourceTooLarge(
        f"The picture has more than {limit_bytes} bytes, set by IMAGE_STREAM_THRESHOLD_BYTES.", param="url"
    )
