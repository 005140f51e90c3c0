"""What comes from sources: small bodies whole and looked at, large ones as soon as one can tell what they are."""

import asyncio
import time
from collections.abc import Callable
from functools import partial

from imgsvc.cache.failures import RememberedFailures
from imgsvc.errors import ImgsvcError, OriginStatus, UnusableSource
from imgsvc.model.blob import BlobMeta
from imgsvc.model.formats import CAPABILITIES, SNIFF_BYTES, ImageFormat, sniff
from imgsvc.model.freshness import Freshness, judge
from imgsvc.model.keys import original_key
from imgsvc.model.source import Source
from imgsvc.origin.answer import Fetched
from imgsvc.origin.fetcher import Fetcher
from imgsvc.pressure.admission import Admission, Work
from imgsvc.services.answers import Tier, Trace
from imgsvc.services.arrivals import Arrival, Slot, Slots, is_large
from imgsvc.services.download import Download, Plan
from imgsvc.services.downloads import Downloads
from imgsvc.services.original import Original
from imgsvc.services.records import Records, SourceRecord, record_of
from imgsvc.services.shelf import Shelf
from imgsvc.settings import CacheSettings, OriginSettings
from imgsvc.stream.inflate import beginning, inflate
from imgsvc.stream.spool import Spool
from imgsvc.stream.spoolfile import no_room
from imgsvc.stream.spools import Spools
from imgsvc.transform.pool import Inspected, TransformPool
from imgsvc.transform.svg import MAX_SVG_BYTES

HEAD_BYTES = 64 * 1024
"""How much of a large source is looked at before it is passed on."""


class Incoming:
    """
    Fetches sources, and knows which large ones are still arriving: who asks for one of those joins it.

    A fetch slot is held from the connection to the last byte.
    """

    def __init__(  # noqa: PLR0913 - all named, by the composition root alone
        self,
        *,
        origin: OriginSettings,
        cache: CacheSettings,
        failures: RememberedFailures,
        shelf: Shelf,
        records: Records,
        fetcher: Fetcher,
        transforms: TransformPool,
        admission: Admission,
        spools: Spools,
        downloads: Downloads,
        slots: Slots,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._text_limit_bytes = min(origin.max_image_size_bytes, MAX_SVG_BYTES)
        self._cache = cache
        self._failures = failures
        self._shelf = shelf
        self._records = records
        self._fetcher = fetcher
        self._transforms = transforms
        self._admission = admission
        self._spools = spools
        self._downloads = downloads
        self._clock = clock
        self._slots = slots
        self._arriving: dict[str, Original] = {}

    def arriving(self, source: Source) -> Original | None:
        """
        Give what is arriving of *source*, held for the caller; None when nothing is that may be shared.

        Raises:
            NoSpoolRoom: something is, but for want of a file only its first client can have it.
        """
        original = self._arriving.get(self._name(source))
        if original is None or original.spool.error is not None:
            return None
        if original.spool.is_narrow:
            raise no_room()
        original.hold()
        return original

    async def committed(self, source: Source) -> None:
        """Wait until nothing of *source* is just being given its place in the store."""
        await self._downloads.committed(original_key(source))

    async def fetch(self, source: Source, trace: Trace, purges: int) -> Original:
        """
        Fetch *source*; the caller lets go what comes.

        Raises:
            ImgsvcError: what the source, the way to it or the load of this process forbids.
        """
        slot = await self._slots.take(trace)
        with trace.timed("fetch"):
            arrival = await self._opened(source, slot)
            try:
                await arrival.read_until(lambda: is_large(arrival.spool, self._spools.threshold_bytes))
                if arrival.spool.is_large and not await self._is_small_text(arrival):
                    return await self._passed_on(source, arrival, purges)
                await arrival.aclose()
                spool = await self._in_memory(arrival.spool)
            except BaseException:
                await arrival.aclose()
                arrival.spool.let_go()
                raise
        try:
            return await self._whole(source, arrival.fetched, spool, purges)
        finally:
            spool.let_go()

    async def _opened(self, source: Source, slot: Slot) -> Arrival:
        try:
            fetched = await self._fetcher.open(source.url)
        except BaseException:
            slot.give_back()
            raise
        declared_bytes = fetched.body.declared_bytes
        arrival = Arrival(fetched, self._spools.new(declared_bytes), slot)
        try:
            self._admission.check(Work.source(declared_bytes))
        except ImgsvcError:
            await arrival.aclose()
            arrival.spool.let_go()
            raise
        return arrival

    async def _is_small_text(self, arrival: Arrival) -> bool:
        """Whether a body for which there merely was no memory is text: that is read whole, or not at all."""
        spool = arrival.spool
        if max(spool.size_bytes, spool.declared_bytes or 0) > self._spools.threshold_bytes:
            return False
        await arrival.read_until_recognisable()
        return arrival.fetched.content_encoding is not None or sniff(await spool.peek(SNIFF_BYTES)) is ImageFormat.SVG

    async def _in_memory(self, spool: Spool) -> Spool:
        """Give a small body as one in memory, letting go the one it was in; without a file there is none to give."""
        if not spool.is_large:
            return spool
        if spool.is_narrow or not spool.ended:
            raise no_room()
        kept = self._spools.of(await spool.peek(spool.size_bytes))
        spool.let_go()
        return kept

    async def _whole(self, source: Source, fetched: Fetched, spool: Spool, purges: int) -> Original:
        """Look at a small body that is all there, and keep it."""
        inspected = await self._inspect(fetched, spool.data)
        freshness = self._judge(fetched)
        record = self._record(source, fetched, freshness, inspected)
        kept = self._spools.holding(inspected.data, spool)
        if freshness.shareable and self._shelf.may_keep(source, purges):
            # Two writes, one of which may never come to be; then the digests differ, and the source is asked again.
            self._shelf.persist(original_key(source), kept.data, record.original_meta())
            self._records.keep(source, record)
        return Original(
            kept, inspected.image_format, record.original_meta(), Tier.ORIGIN, shareable=freshness.shareable
        )

    async def _passed_on(self, source: Source, arrival: Arrival, purges: int) -> Original:
        """Let a large body arrive behind, once it is known to be a picture; it takes over the arrival."""
        fetched, spool = arrival.fetched, arrival.spool
        if fetched.content_encoding is not None:
            raise _encoded()
        await arrival.read_until_recognisable()
        head = await self._transforms.inspect_head(await spool.peek(HEAD_BYTES))
        freshness = self._judge(fetched)
        name = self._name(source)
        download = self._downloads.begin(
            arrival,
            self._plan(source, fetched, freshness, purges),
            ended=partial(self._forget, name),
        )
        meta = self._record(source, fetched, freshness, None, CAPABILITIES[head.image_format].media_type)
        original = Original(
            spool,
            head.image_format,
            meta.original_meta(),
            Tier.ORIGIN,
            shareable=freshness.shareable,
            download=download,
        )
        if freshness.shareable:
            self._arriving[name] = original
        return original

    def _plan(self, source: Source, fetched: Fetched, freshness: Freshness, purges: int) -> Plan:
        """Say what becomes of a large body once it is all there."""
        records: list[SourceRecord] = []

        async def inspect(spool: Spool) -> BlobMeta:
            inspected = await self._transforms.inspect(spool.whole_file or spool.data, sha256=spool.sha256)
            records.append(self._record(source, fetched, freshness, inspected))
            return records[0].original_meta()

        async def stored() -> None:
            self._records.keep(source, records[0])

        async def failed(error: ImgsvcError) -> None:
            if self._shelf.may_keep(source, purges):
                await self._failures.remember(source.h16, error)

        return Plan(
            key=original_key(source) if freshness.shareable else None,
            wanted=lambda: self._shelf.may_keep(source, purges),
            inspect=inspect,
            stored=stored,
            failed=failed,
        )

    async def _inspect(self, fetched: Fetched, data: bytes) -> Inspected:
        """Look at what came; only SVG, which is text, may come compressed although nobody asked for that."""
        if fetched.content_encoding is None:
            return await self._transforms.inspect(data)
        head = await asyncio.to_thread(beginning, data, fetched.content_encoding, SNIFF_BYTES)
        if sniff(head) is not ImageFormat.SVG:
            raise _encoded()
        plain = await asyncio.to_thread(inflate, data, fetched.content_encoding, self._text_limit_bytes)
        try:
            return await self._transforms.inspect(plain)
        except UnusableSource as error:
            raise _encoded() from error

    def _judge(self, fetched: Fetched) -> Freshness:
        return judge(
            cache_control=fetched.cache_control,
            expires=fetched.expires,
            date=fetched.date,
            age=fetched.age,
            now=self._clock(),
            min_ttl_seconds=self._cache.min_ttl_seconds,
            max_ttl_seconds=self._cache.max_ttl_seconds,
        )

    def _record(
        self,
        source: Source,
        fetched: Fetched,
        freshness: Freshness,
        inspected: Inspected | None,
        media_type: str = "",
    ) -> SourceRecord:
        """Write down one fetch; of a body that still arrives neither digest nor size is known."""
        return record_of(
            source,
            fetched,
            freshness,
            int(self._clock()),
            sha256=inspected.sha256 if inspected else "",
            size_px=(inspected.width, inspected.height) if inspected else (0, 0),
            media_type=CAPABILITIES[inspected.image_format].media_type if inspected else media_type,
        )

    def _forget(self, name: str, download: Download) -> None:
        """Take note of a download's end; another of the same source may have begun since it was given up."""
        original = self._arriving.get(name)
        if original is not None and original.download is download:
            del self._arriving[name]

    def _name(self, source: Source) -> str:
        """Name what arrives; who comes after a purge does not join what began before it."""
        return f"{source.url} after {self._shelf.purges(source)}"


def _encoded() -> OriginStatus:
    return OriginStatus("The source compressed a picture with a Content-Encoding nobody asked for.", param="url")
