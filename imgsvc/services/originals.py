"""Originals: a source's own bytes, from the store while the source says that they hold, else from the source."""

import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial

from msgspec.structs import replace

from imgsvc.cache.coalesce import Coalescer
from imgsvc.cache.failures import RememberedFailures
from imgsvc.errors import ImgsvcError, NotAnImage, ObjectNotFound, SourceNotFound, StoreError, StoreUnavailable
from imgsvc.model.blob import BlobMeta
from imgsvc.model.formats import BY_MEDIA_TYPE, CAPABILITIES
from imgsvc.model.keys import original_key
from imgsvc.model.source import Source
from imgsvc.services.answers import Tier, Trace
from imgsvc.services.bookkeeper import Order
from imgsvc.services.claims import Claims
from imgsvc.services.incoming import Incoming
from imgsvc.services.limits import Allowance, joined_for
from imgsvc.services.marks import Marks
from imgsvc.services.original import Original
from imgsvc.services.records import RecordLookup, Records, SourceRecord
from imgsvc.services.shelf import REST_SECONDS, Shelf
from imgsvc.services.validation import Validation
from imgsvc.settings import CacheSettings
from imgsvc.store.base import StoredObject, StoredStream
from imgsvc.stream.spool import Spool
from imgsvc.stream.spoolfile import no_room
from imgsvc.stream.spools import Spools
from imgsvc.transform.pool import TransformPool

log = logging.getLogger("imgsvc.store")


class Originals:
    """
    Finds originals; equal questions asked at once cost one fetch.

    Nothing is held while waiting for another's fetch.
    """

    def __init__(  # noqa: PLR0913 - all named, by the composition root alone
        self,
        *,
        cache: CacheSettings,
        flights: Coalescer,
        failures: RememberedFailures,
        shelf: Shelf,
        records: Records,
        marks: Marks,
        spools: Spools,
        incoming: Incoming,
        validation: Validation,
        claims: Claims,
        transforms: TransformPool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cache = cache
        self._flights = flights
        self._failures = failures
        self._shelf = shelf
        self._records = records
        self._marks = marks
        self._spools = spools
        self._incoming = incoming
        self._validation = validation
        self._claims = claims
        self._transforms = transforms
        self._clock = clock

    async def get(
        self, source: Source, trace: Trace, *, tags: str = "", allowance: Allowance | None = None
    ) -> Original:
        """
        Give the original of *source*, asking the source when it is not known or no longer fresh; the caller lets it go.

        Args:
            source: where it comes from.
            trace: told what it takes.
            tags: words of the request, between spaces.
            allowance: what the client may still cause; None = no limit.

        Raises:
            RateLimited: the client, or the source's domain, has no fetch left.
            ImgsvcError: whatever the source or the way to it did wrong; remembered where that is due.
        """
        # Who comes after a purge does not join a fetch that began before it.
        name = f"source:{source.url} after {self._shelf.purges(source)} and {self._marks.epoch}"
        work = partial(self._load, source, trace, tags, allowance)
        outcome = await joined_for(allowance, lambda: self._flights.join(name, work))
        if outcome.joined and not outcome.value.shareable:
            outcome.value.let_go()
            return await work()
        return outcome.value

    async def validated(self, source: Source, trace: Trace) -> Original | None:
        """
        Have *source* asked whether what is kept still holds.

        Returns:
            What came instead, if it may be shared with the caller, who lets it go; None otherwise.

        Raises:
            ImgsvcError: there is no picture any more, or the source failed and nothing may stand in for it.
        """
        outcome = await self._validation.ask(source, trace)
        original = outcome.value.original
        if original is not None and outcome.joined and not original.shareable:
            original.let_go()
            return None
        return original

    def current(self, meta: BlobMeta) -> BlobMeta:
        """Count a stored object that is its own source as fresh from now on, for the shortest time there is."""
        now = int(self._clock())
        return meta.refreshed(now, max(meta.fresh_until, now + self._cache.min_ttl_seconds))

    async def _load(self, source: Source, trace: Trace, tags: str, allowance: Allowance | None) -> Original:
        if source.object_key is not None:
            return await self._from_key(source.object_key, trace)
        with trace.timed("store"):
            look = await self._records.look(source)
        if (found := await self._kept(source, look.record, trace, tags)) is not None:
            return found
        if (arriving := self._incoming.arriving(source)) is not None:
            return arriving
        since = self._marks.latest(source, tags)
        if (failure := await self._failures.recall(source.h16, newer_than=since)) is not None:
            raise failure
        if allowance is not None:
            await allowance.limits.ready()
            allowance.take(source.host)
        return await self._fetched(source, trace, tags, look)

    async def _kept(self, source: Source, record: SourceRecord | None, trace: Trace, tags: str) -> Original | None:
        """Give what the store has, when the source says, has said lately, or cannot say, that it holds."""
        now = self._clock()
        if record is None or not record.may_stand_in(now):
            return None
        if record.is_fresh(now):
            return await self._stored(source, record, trace)
        outcome = await self._validation.ask(source, trace, tags)
        validated = outcome.value
        if validated.original is None:
            if validated.record is None or (kept := await self._stored(source, validated.record, trace)) is None:
                return None
            return replace(kept, is_stale=validated.is_stale)
        if validated.original.shareable or not outcome.joined:
            return validated.original
        validated.let_go()
        return None

    async def _fetched(self, source: Source, trace: Trace, tags: str, look: RecordLookup) -> Original:
        """Fetch, unless another replica just does, or did: then what that brings is what is wanted."""
        purges = self._shelf.purges(source)
        async with self._claims.claimed(source) as claim:
            if not claim.is_ours:
                await self._claims.wait(source)
            if not claim.is_alone and (found := await self._brought(source, trace, tags, look)) is not None:
                return found
            order = Order(purges=purges, tags=tags, is_new=look.is_new, record=look.record)
            try:
                original = await self._incoming.fetch(source, trace, order)
            except ImgsvcError as error:
                if isinstance(error, SourceNotFound) and look.record is not None:
                    raise await self._validation.gone(source, error) from None
                if self._shelf.may_keep(source, purges):
                    await self._failures.remember(source.h16, error)
                raise
            claim.brings(original)
            if original.download is None:  # else it is too early to say that all is well
                await _or_let_go(original, self._failures.forget(source.h16))
            return original

    async def _brought(self, source: Source, trace: Trace, tags: str, look: RecordLookup) -> Original | None:
        """
        Give what another replica has brought since *look*; None when it brought nothing that can be shared.

        A claim that is granted at once may be free because the other has just given it back.
        """
        record = await self._records.get(source)
        known_at = 0.0 if look.record is None else look.record.fetched_at
        if record is not None and (record.is_fresh(self._clock()) or record.fetched_at > known_at):
            return await self._stored(source, record, trace)
        failure = await self._failures.recall(source.h16, newer_than=self._marks.latest(source, tags))
        if failure is not None:
            raise failure
        return None

    async def _from_key(self, key: str, trace: Trace) -> Original:
        """Read an object of our own store that a client named; what is not a picture does not exist for clients."""
        with trace.timed("store"):
            stored = await self._shelf.open(key)
            if stored is None and self._shelf.read_failed:
                raise StoreUnavailable("The store does not answer.", param="url", retry_after_seconds=int(REST_SECONDS))
            spool = await self._taken(key, stored)
        if stored is None or spool is None:
            raise ObjectNotFound("The store has no such image.", param="url")
        try:
            return await self._named(spool, stored.meta)
        except NotAnImage as error:
            raise ObjectNotFound("The store has no such image.", param="url") from error
        finally:
            spool.let_go()

    async def _named(self, spool: Spool, stored: BlobMeta) -> Original:
        """Say what a stored object is; the bytes are not its own where the sanitiser was at work."""
        inspected = await self._transforms.inspect(spool.whole_file or spool.data, sha256=spool.sha256)
        meta = replace(
            self.current(stored),
            media_type=CAPABILITIES[inspected.image_format].media_type,
            sha256=inspected.sha256,
            width=inspected.width,
            height=inspected.height,
        )
        return Original(self._spools.holding(inspected.data, spool), inspected.image_format, meta, Tier.STORE)

    async def _stored(self, source: Source, record: SourceRecord, trace: Trace) -> Original | None:
        """Read the bytes that *record* speaks of; None when the store has others, or none."""
        with trace.timed("store"):
            key = original_key(source)
            stored = await self._shelf.open(key)
            is_right = stored is not None and stored.meta.sha256 == record.sha256 and record.media_type in BY_MEDIA_TYPE
            if not is_right and not isinstance(stored, StoredObject | None):
                stored.close()
            spool = await self._taken(key, stored) if is_right else None
        if spool is None:
            self._records.forget(source)
            return None
        return Original(spool, BY_MEDIA_TYPE[record.media_type], record.original_meta(), Tier.STORE)

    async def _taken(self, key: str, stored: StoredObject | StoredStream | None) -> Spool | None:
        """
        Take what the store gave, to be let go; None when there is nothing, or when it turns out to be damaged.

        Raises:
            NoSpoolRoom: it is too large for memory, and there is no room for it on disk.
        """
        if stored is None:
            return None
        if isinstance(stored, StoredObject):
            return self._spools.of(stored.data)
        spool = self._spools.new(stored.size_bytes)
        try:
            await _fill(spool, stored)
        except StoreError as error:
            log.warning("not read: %s: %s", key, error.detail)
            spool.let_go()
            return None
        except BaseException:
            spool.let_go()
            raise
        finally:
            stored.close()
        return spool


async def _or_let_go(original: Original, work: Awaitable[None]) -> None:
    """Do *work* while nobody else holds *original*."""
    try:
        await work
    except BaseException:
        original.let_go()
        raise


async def _fill(spool: Spool, stored: StoredStream) -> None:
    async for chunk in stored.chunks():
        await spool.add(chunk)
        if spool.is_narrow:  # nobody reads it before it is whole
            raise no_room()
    await spool.end()
    if spool.is_narrow:  # there was no room for the last of it
        raise no_room()
