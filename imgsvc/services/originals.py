"""Originals: a source's own bytes, from the store while the source's record is fresh, else from the source."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from imgsvc.cache.coalesce import Coalescer
from imgsvc.cache.failures import RememberedFailures
from imgsvc.errors import ImgsvcError, NotAnImage, ObjectNotFound, StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.model.formats import BY_MEDIA_TYPE, CAPABILITIES
from imgsvc.model.keys import original_key
from imgsvc.model.source import Source
from imgsvc.services.answers import Tier, Trace
from imgsvc.services.incoming import Incoming
from imgsvc.services.original import Original
from imgsvc.services.records import Records, SourceRecord
from imgsvc.services.shelf import Shelf
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
        spools: Spools,
        incoming: Incoming,
        transforms: TransformPool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cache = cache
        self._flights = flights
        self._failures = failures
        self._shelf = shelf
        self._records = records
        self._spools = spools
        self._incoming = incoming
        self._transforms = transforms
        self._clock = clock

    async def get(self, source: Source, trace: Trace) -> Original:
        """
        Give the original of *source*, fetching it when it is not known or no longer fresh; the caller lets it go.

        Raises:
            ImgsvcError: whatever the source or the way to it did wrong; remembered where that is due.
        """
        # Who comes after a purge does not join a fetch that began before it.
        name = f"source:{source.url} after {self._shelf.purges(source)}"
        outcome = await self._flights.join(name, lambda: self._load(source, trace))
        if outcome.joined and not outcome.value.shareable:
            outcome.value.let_go()
            return await self._load(source, trace)
        return outcome.value

    async def record(self, source: Source) -> SourceRecord | None:
        """Give what is known of *source*."""
        return await self._records.get(source)

    async def forget(self, source: Source) -> None:
        """Know nothing of *source* any more but what the store says, and wait for what is just being written there."""
        self._records.forget(source)
        await self._incoming.committed(source)

    def current(self, meta: BlobMeta) -> BlobMeta:
        """Count a stored object that is its own source as fresh from now on, for the shortest time there is."""
        now = int(self._clock())
        return meta.refreshed(now, max(meta.fresh_until, now + self._cache.min_ttl_seconds))

    async def _load(self, source: Source, trace: Trace) -> Original:
        if source.object_key is not None:
            return await self._from_key(source.object_key, trace)
        if (arriving := self._incoming.arriving(source)) is not None:
            return arriving
        if (found := await self._from_record(source, trace)) is not None:
            return found
        if (failure := await self._failures.recall(source.h16)) is not None:
            raise failure
        purges = self._shelf.purges(source)
        try:
            return await self._incoming.fetch(source, trace, purges)
        except ImgsvcError as error:
            if self._shelf.may_keep(source, purges):
                await self._failures.remember(source.h16, error)
            raise

    async def _from_key(self, key: str, trace: Trace) -> Original:
        """Read an object of our own store that a client named; what is not a picture does not exist for clients."""
        with trace.timed("store"):
            stored = await self._shelf.open(key)
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

    async def _from_record(self, source: Source, trace: Trace) -> Original | None:
        with trace.timed("store"):
            record = await self._records.get(source)
            if record is None or not record.is_fresh(self._clock()):
                return None
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


async def _fill(spool: Spool, stored: StoredStream) -> None:
    async for chunk in stored.chunks():
        await spool.add(chunk)
        if spool.is_narrow:  # nobody reads it before it is whole
            raise no_room()
    await spool.end()
    if spool.is_narrow:  # there was no room for the last of it
        raise no_room()
