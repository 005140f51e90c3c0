"""Kept pictures of logos, given to the spine."""

from imgsvc.cache.memory import MemoryCache
from imgsvc.errors import ObjectNotFound, StoreError
from imgsvc.services.answers import Tier, Trace
from imgsvc.services.logos.keeper import Settled
from imgsvc.services.logos.record import Kept, LogoRecord
from imgsvc.services.original import Original
from imgsvc.services.shelf import Shelf
from imgsvc.store.base import StoredObject
from imgsvc.stream.spools import Spools

KEPT_SECONDS = 365 * 86400
"""How long what was made of a logo may be answered: it is named by the logo's digest, and the record says which."""


class KeptPictures:
    """
    Pictures that records speak of.

    Args:
        memory: has those that were found or used lately.
        shelf: has them all.
        spools: hold them while they are read.
    """

    def __init__(self, memory: MemoryCache, shelf: Shelf, spools: Spools) -> None:
        self._memory = memory
        self._shelf = shelf
        self._spools = spools

    async def original(self, record: LogoRecord, kept: Kept, settled: Settled | None, trace: Trace) -> Original:
        """Give a kept picture, as it was just found, from memory or the store; another one under its key is not it."""
        data = (settled.pictures.get(kept.key) if settled is not None else None) or self._in_memory(kept)
        if data is None:
            with trace.timed("store"):
                data = await self._in_store(kept)
        if data is None:
            raise ObjectNotFound("The logo is not kept any more.")
        tier = Tier.STORE if settled is None else Tier.ORIGIN
        return Original(self._spools.of(data), kept.image_format, record.meta_of(kept, KEPT_SECONDS), tier)

    def _in_memory(self, kept: Kept) -> bytes | None:
        blob = self._memory.peek(kept.key)
        return blob.data if blob is not None and blob.meta.sha256 == kept.sha256 else None

    async def _in_store(self, kept: Kept) -> bytes | None:
        stored = await self._shelf.open(kept.key)
        if stored is None:
            return None
        if isinstance(stored, StoredObject):
            return stored.data if stored.meta.sha256 == kept.sha256 else None
        try:
            if stored.meta.sha256 != kept.sha256:
                return None
            return b"".join([chunk async for chunk in stored.chunks()])
        except StoreError:
            return None
        finally:
            stored.close()
