"""Originals: a source's own bytes, from the store while the source's record is fresh, else from the source."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from cachetools import LRUCache

from imgsvc.cache.coalesce import Coalescer
from imgsvc.cache.failures import RememberedFailures
from imgsvc.errors import ImgsvcError, NotAnImage, ObjectNotFound, OriginStatus, QueueFull, UnusableSource
from imgsvc.model.blob import BlobMeta
from imgsvc.model.formats import BY_MEDIA_TYPE, CAPABILITIES, ImageFormat
from imgsvc.model.freshness import Freshness, judge
from imgsvc.model.keys import original_key, record_key
from imgsvc.model.source import Source
from imgsvc.origin.answer import Fetched
from imgsvc.origin.fetcher import Fetcher
from imgsvc.services.answers import Tier, Trace
from imgsvc.services.records import SourceRecord, record_of
from imgsvc.services.shelf import Shelf
from imgsvc.settings import CacheSettings, OriginSettings
from imgsvc.stream.inflate import inflate
from imgsvc.stream.limit import read_all
from imgsvc.transform.pool import Inspected, TransformPool

SLOT_TIMEOUT_SECONDS = 10.0
RECORDS_REMEMBERED = 4096
"""About 3 MB at the most; each spares a variant of a known source one look-up in the store."""


@dataclass(frozen=True, slots=True)
class Original:
    """
    A source's bytes, ready to be transformed.

    Attributes:
        shareable: False when the source forbids to keep or share them.
        tier: STORE or ORIGIN.
    """

    data: bytes
    image_format: ImageFormat
    meta: BlobMeta
    tier: Tier
    shareable: bool = True


class Originals:
    """
    Finds originals; equal questions asked at once cost one fetch.

    Nothing is held while waiting for another's fetch; a fetch slot is held from the connection to the last byte.
    """

    def __init__(  # noqa: PLR0913 - all named, by the composition root alone
        self,
        *,
        origin: OriginSettings,
        cache: CacheSettings,
        flights: Coalescer,
        failures: RememberedFailures,
        shelf: Shelf,
        fetcher: Fetcher,
        transforms: TransformPool,
        clock: Callable[[], float] = time.time,
        slot_timeout_seconds: float = SLOT_TIMEOUT_SECONDS,
    ) -> None:
        self._limit_bytes = origin.max_image_size_bytes
        self._cache = cache
        self._flights = flights
        self._failures = failures
        self._shelf = shelf
        self._fetcher = fetcher
        self._transforms = transforms
        self._clock = clock
        self._slots = asyncio.Semaphore(origin.fetch_slots)
        self._records: LRUCache[str, SourceRecord] = LRUCache(RECORDS_REMEMBERED)
        self._slot_timeout_seconds = slot_timeout_seconds

    async def get(self, source: Source, trace: Trace) -> Original:
        """
        Give the original of *source*, fetching it when it is not known or no longer fresh.

        Raises:
            ImgsvcError: whatever the source or the way to it did wrong; remembered where that is due.
        """
        # Who comes after a purge does not join a fetch that began before it.
        name = f"source:{source.url} after {self._shelf.purges(source)}"
        outcome = await self._flights.join(name, lambda: self._load(source, trace))
        if outcome.joined and not outcome.value.shareable:
            return await self._load(source, trace)
        return outcome.value

    async def _load(self, source: Source, trace: Trace) -> Original:
        if source.object_key is not None:
            return await self._from_key(source.object_key, trace)
        if (found := await self._from_record(source, trace)) is not None:
            return found
        if (failure := await self._failures.recall(source.h16)) is not None:
            raise failure
        purges = self._shelf.purges(source)
        try:
            return await self._fetch(source, trace, purges)
        except ImgsvcError as error:
            if self._shelf.may_keep(source, purges):
                await self._failures.remember(source.h16, error)
            raise

    async def _from_key(self, key: str, trace: Trace) -> Original:
        """Read an object of our own store that a client named; what is not a picture does not exist for clients."""
        with trace.timed("store"):
            stored = await self._shelf.read(key)
        if stored is None:
            raise ObjectNotFound("The store has no such image.", param="url")
        try:
            inspected = await self._transforms.inspect(stored.data)
        except NotAnImage as error:
            raise ObjectNotFound("The store has no such image.", param="url") from error
        # The bytes are not the object's own where the sanitiser was at work, nor then is their digest.
        meta = replace(
            self.current(stored.meta),
            media_type=CAPABILITIES[inspected.image_format].media_type,
            sha256=inspected.sha256,
            width=inspected.width,
            height=inspected.height,
        )
        return Original(inspected.data, inspected.image_format, meta, Tier.STORE)

    def current(self, meta: BlobMeta) -> BlobMeta:
        """Count a stored object that is its own source as fresh from now on, for the shortest time there is."""
        now = int(self._clock())
        return meta.refreshed(now, max(meta.fresh_until, now + self._cache.min_ttl_seconds))

    async def _from_record(self, source: Source, trace: Trace) -> Original | None:
        with trace.timed("store"):
            record = await self.record(source)
            if record is None or not record.is_fresh(self._clock()):
                return None
            stored = await self._shelf.read(original_key(source))
        if stored is None or stored.meta.sha256 != record.sha256 or record.media_type not in BY_MEDIA_TYPE:
            self.forget(source)
            return None
        return Original(stored.data, BY_MEDIA_TYPE[record.media_type], record.original_meta(), Tier.STORE)

    async def record(self, source: Source) -> SourceRecord | None:
        """Give what is known of *source*; a record that is fresh need not be read again until it ends."""
        known = self._records.get(source.url)
        if known is not None and known.is_fresh(self._clock()):
            return known
        stored = await self._shelf.read(record_key(source))
        record = SourceRecord.parse(stored.data, source) if stored else None
        if record is not None:
            self._records[source.url] = record
        return record

    def forget(self, source: Source) -> None:
        """Know nothing of *source* any more but what the store says."""
        self._records.pop(source.url, None)

    async def _fetch(self, source: Source, trace: Trace, purges: int) -> Original:
        async with _Slot(self._slots, trace, self._slot_timeout_seconds):
            with trace.timed("fetch"):
                fetched = await self._fetcher.open(source.url)
                data = await read_all(fetched.body)
        inspected = await self._inspect(fetched, data)
        freshness = judge(
            cache_control=fetched.cache_control,
            expires=fetched.expires,
            date=fetched.date,
            age=fetched.age,
            now=self._clock(),
            min_ttl_seconds=self._cache.min_ttl_seconds,
            max_ttl_seconds=self._cache.max_ttl_seconds,
        )
        return self._recorded(source, fetched, inspected, freshness, purges)

    async def _inspect(self, fetched: Fetched, data: bytes) -> Inspected:
        """Look at what came; only SVG, which is text, may come compressed although nobody asked for that."""
        if fetched.content_encoding is None:
            return await self._transforms.inspect(data)
        plain = await asyncio.to_thread(inflate, data, fetched.content_encoding, self._limit_bytes)
        try:
            inspected = await self._transforms.inspect(plain)
        except UnusableSource as error:
            raise _encoded() from error
        if inspected.image_format is not ImageFormat.SVG:
            raise _encoded()
        return inspected

    def _recorded(
        self, source: Source, fetched: Fetched, inspected: Inspected, freshness: Freshness, purges: int
    ) -> Original:
        """
        Keep original and record.

        They are two writes, and one of them may never come to be; then the digests differ, and the source is asked
        again.
        """
        record = record_of(
            source,
            fetched,
            freshness,
            int(self._clock()),
            sha256=inspected.sha256,
            size_px=(inspected.width, inspected.height),
            media_type=CAPABILITIES[inspected.image_format].media_type,
        )
        if freshness.shareable and self._shelf.may_keep(source, purges):
            self._shelf.persist(original_key(source), inspected.data, record.original_meta())
            self._records[source.url] = record
            text = record.to_json()
            self._shelf.persist(record_key(source), text, record.own_meta(text))
        return Original(
            inspected.data, inspected.image_format, record.original_meta(), Tier.ORIGIN, shareable=freshness.shareable
        )


class _Slot:
    """One of the few places for a source that is being buffered; waiting for it counts as queueing."""

    def __init__(self, slots: asyncio.Semaphore, trace: Trace, timeout_seconds: float) -> None:
        self._slots = slots
        self._trace = trace
        self._timeout_seconds = timeout_seconds

    async def __aenter__(self) -> None:
        with self._trace.timed("queue"):
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    await self._slots.acquire()
            except TimeoutError:
                raise QueueFull(
                    "Too many sources are being fetched; set by IMGSVC_FETCH_SLOTS.", retry_after_seconds=5
                ) from None

    async def __aexit__(self, *_: object) -> None:
        self._slots.release()


def _encoded() -> OriginStatus:
    return OriginStatus("The source compressed a picture with a Content-Encoding nobody asked for.", param="url")
