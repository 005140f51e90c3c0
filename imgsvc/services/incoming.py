"""What comes from sources: small bodies whole and looked at, large ones as soon as one can tell what they are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from msgspec.structs import replace

from imgsvc.cache.failures import RememberedFailures
from imgsvc.errors import ImgsvcError
from imgsvc.model.blob import BlobMeta
from imgsvc.model.formats import SNIFF_BYTES, ImageFormat, sniff
from imgsvc.model.keys import original_key
from imgsvc.model.source import Source
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.origin.answer import NotModified
from imgsvc.origin.fetcher import Fetcher
from imgsvc.origin.manner import Manner
from imgsvc.pressure.admission import Admission, Work
from imgsvc.services.answers import Tier, Trace
from imgsvc.services.arrivals import Arrival, Slot, Slots, is_large
from imgsvc.services.bookkeeper import Answered, Bookkeeper, Order
from imgsvc.services.download import Download, Plan
from imgsvc.services.downloads import Downloads
from imgsvc.services.inspecting import Inspector, encoded
from imgsvc.services.marks import Marks
from imgsvc.services.original import Original
from imgsvc.services.records import Records, SourceRecord
from imgsvc.services.shelf import Shelf
from imgsvc.stream.spool import Spool
from imgsvc.stream.spoolfile import no_room
from imgsvc.stream.spools import Spools
from imgsvc.transform.pool import Inspected, TransformPool

HEAD_BYTES = 64 * 1024
"""How much of a large source is looked at before it is passed on."""


# Small, so that it costs little; whatever the size asked for, every byte of the picture has to be decoded.
_ANY_PIXELS = TransformSpec(output=Output.PNG, width=16)


class Incoming:
    """
    Fetches sources, and knows which large ones are still arriving: who asks for one of those joins it.

    A fetch slot is held from the connection to the last byte.

    Args:
        manner: says how a source is asked; all others are by their own names.
    """

    def __init__(  # noqa: PLR0913 - all named, by the composition root alone
        self,
        *,
        inspector: Inspector,
        bookkeeper: Bookkeeper,
        failures: RememberedFailures,
        shelf: Shelf,
        records: Records,
        marks: Marks,
        fetcher: Fetcher,
        transforms: TransformPool,
        admission: Admission,
        spools: Spools,
        downloads: Downloads,
        slots: Slots,
        manner: Callable[[Source], Manner],
    ) -> None:
        self._inspector = inspector
        self._bookkeeper = bookkeeper
        self._failures = failures
        self._shelf = shelf
        self._records = records
        self._marks = marks
        self._fetcher = fetcher
        self._transforms = transforms
        self._admission = admission
        self._spools = spools
        self._downloads = downloads
        self._slots = slots
        self._manner = manner
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
        if self._marks.verdict(source, original.meta.tags, original.meta.fetched_at).is_gone:
            return None
        if original.spool.is_narrow:
            raise no_room()
        original.hold()
        return original

    async def committed(self, source: Source) -> None:
        """Wait until nothing of *source* is just being given its place in the store."""
        await self._downloads.committed(original_key(source))

    async def fetch(self, source: Source, trace: Trace, order: Order) -> Original:
        """
        Fetch *source*, whatever is known of it; the caller lets go what comes.

        Raises:
            ImgsvcError: what the source, the way to it or the load of this process forbids.
        """
        slot = await self._slots.take(trace)
        with trace.timed("fetch"), _kept_on_success(slot):
            asked_at = self._bookkeeper.now()
            fetched = await self._fetcher.open(source.url, self._manner(source))
            return await self._received(self._bookkeeper.answered(source, order, fetched, asked_at), slot)

    async def revalidate(
        self, source: Source, trace: Trace, order: Order, record: SourceRecord
    ) -> Original | SourceRecord | None:
        """
        Ask *source* whether *record* still holds.

        Returns:
            What comes instead, which the caller lets go; or, without a body, the record renewed and kept; or None when
            the source says that the bytes hold but may not be kept any more.

        Raises:
            ImgsvcError: as :meth:`fetch`; nothing of what is kept has changed then.
        """
        slot, manner = await self._slots.take(trace), self._manner(source)
        with trace.timed("fetch"), _kept_on_success(slot):
            asked_at = self._bookkeeper.now()
            answer = await self._fetcher.revalidate(source.url, record.validators, manner)
            if isinstance(answer, NotModified) and _is_of_another(answer, record):
                answer = await self._fetcher.open(source.url, manner)
            if not isinstance(answer, NotModified):
                return await self._received(self._bookkeeper.answered(source, order, answer, asked_at), slot)
            slot.give_back()
            return self._still_good(source, order, record, answer, asked_at)

    def _still_good(
        self, source: Source, order: Order, record: SourceRecord, answer: NotModified, asked_at: float
    ) -> SourceRecord | None:
        renewed, freshness = self._bookkeeper.validated(source, record, answer, asked_at)
        if not freshness.shareable:
            return None
        renewed = renewed.tagged(order.all_tags)
        if self._may_keep(source, order, renewed):
            self._records.keep(source, renewed)
        return renewed

    def _may_keep(self, source: Source, order: Order, record: SourceRecord) -> bool:
        """Whether neither a purge has come since the source was asked, nor a later answer."""
        if self._marks.verdict(source, record.tags, record.fetched_at).is_gone:
            return False
        return self._shelf.may_keep(source, order.purges) and not self._records.is_overtaken(source, record)

    async def _received(self, answered: Answered, slot: Slot) -> Original:
        """Take in a body, whole when it is a small one, else as far as it takes to see what it is."""
        arrival = Arrival(answered.fetched, self._spools.new(answered.fetched.body.declared_bytes), slot)
        try:
            self._admission.check(Work.source(arrival.spool.declared_bytes))
            await arrival.read_until(lambda: is_large(arrival.spool, self._spools.threshold_bytes))
            if arrival.spool.is_large and not await self._is_small_text(arrival):
                return await self._passed_on(answered, arrival)
            await arrival.aclose()
            spool = await self._in_memory(arrival.spool)
        except BaseException:
            await arrival.aclose()
            arrival.spool.let_go()
            raise
        try:
            return await self._whole(answered, spool)
        finally:
            spool.let_go()

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

    async def _whole(self, answered: Answered, spool: Spool) -> Original:
        """Look at a small body that is all there, and keep it."""
        source, order, shareable = answered.source, answered.order, answered.freshness.shareable
        inspected = await self._inspector.inspect(spool.data, answered.fetched.content_encoding)
        record = answered.record(inspected, inspected.image_format)
        await self._prove(record, order, inspected)
        kept = self._spools.holding(inspected.data, spool)
        if shareable and self._may_keep(source, order, record):
            # Two writes, one of which may never come to be; then the digests differ, and the source is asked again.
            self._shelf.persist(original_key(source), kept.data, record.original_meta(), if_absent=order.is_new)
            self._records.keep(source, record, if_absent=order.is_new)
        return Original(kept, inspected.image_format, record.original_meta(), Tier.ORIGIN, shareable=shareable)

    async def _passed_on(self, answered: Answered, arrival: Arrival) -> Original:
        """Let a large body arrive behind, once it is known to be a picture; it takes over the arrival."""
        spool, shareable = arrival.spool, answered.freshness.shareable
        if answered.fetched.content_encoding is not None:
            raise encoded()
        await arrival.read_until_recognisable()
        head = await self._transforms.inspect_head(await spool.peek(HEAD_BYTES))
        name = self._name(answered.source)
        download = self._downloads.begin(arrival, self._plan(answered), ended=partial(self._forget, name))
        meta = answered.record(None, head.image_format).original_meta()
        if head.info is not None:
            meta = replace(meta, width=head.info.width, height=head.info.height)
        original = Original(
            spool, head.image_format, meta, Tier.ORIGIN, shareable=shareable, download=download, info=head.info
        )
        if shareable:
            self._arriving[name] = original
        return original

    def _plan(self, answered: Answered) -> Plan:
        """Say what becomes of a large body once it is all there."""
        source, order = answered.source, answered.order
        records: list[SourceRecord] = []

        async def inspect(spool: Spool) -> BlobMeta:
            inspected = await self._transforms.inspect(spool.whole_file or spool.data, sha256=spool.sha256)
            record = answered.record(inspected, inspected.image_format)
            await self._prove(record, order, inspected)
            records.append(record)
            await self._failures.forget(source.h16)
            return record.original_meta()

        async def stored() -> None:
            if self._may_keep(source, order, records[0]):
                self._records.keep(source, records[0])

        async def failed(error: ImgsvcError) -> None:
            if self._shelf.may_keep(source, order.purges):
                await self._failures.remember(source.h16, error)

        return Plan(
            key=original_key(source) if answered.freshness.shareable else None,
            wanted=lambda: self._shelf.may_keep(source, order.purges),
            inspect=inspect,
            stored=stored,
            failed=failed,
        )

    async def _prove(self, record: SourceRecord, order: Order, inspected: Inspected) -> None:
        """
        Decode what would take the place of a good picture, so that a broken one does not.

        Raises:
            ImgsvcError: it cannot be decoded, or not now.
        """
        if order.proves and order.record is not None and order.record.sha256 != record.sha256:
            await self._transforms.run(inspected.data, inspected.image_format, _ANY_PIXELS, sha256=inspected.sha256)

    def _forget(self, name: str, download: Download) -> None:
        """Take note of a download's end; another of the same source may have begun since it was given up."""
        original = self._arriving.get(name)
        if original is not None and original.download is download:
            del self._arriving[name]

    def _name(self, source: Source) -> str:
        """Name what arrives; who comes after a purge does not join what began before it."""
        return f"{source.url} after {self._shelf.purges(source)}"


def _is_of_another(answer: NotModified, record: SourceRecord) -> bool:
    """Whether "not modified" speaks of a version that is not the kept one (RFC 9111 §4.3.4)."""
    tags = (answer.etag, record.etag)
    return answer.etag != record.etag and all(tag is not None and not tag.startswith("W/") for tag in tags)


@contextmanager
def _kept_on_success(slot: Slot) -> Iterator[None]:
    try:
        yield
    except BaseException:
        slot.give_back()
        raise
