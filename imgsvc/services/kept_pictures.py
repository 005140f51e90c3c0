"""Pictures that were found, and kept under names of their own, given to the spine."""

from collections.abc import Mapping

from msgspec import Struct

from imgsvc.cache.memory import MemoryCache
from imgsvc.errors import ObjectNotFound, StoreError
from imgsvc.model.blob import Blob, BlobMeta
from imgsvc.model.formats import ImageFormat
from imgsvc.model.source import Source
from imgsvc.services.answers import Tier, Trace
from imgsvc.services.original import Original
from imgsvc.services.shelf import Shelf
from imgsvc.store.base import StoredObject
from imgsvc.stream.spools import Spools

KEPT_SECONDS = 365 * 86400
"""How long what was made of one may be answered: it is named by the picture's digest, and a record says which."""


class KeptPicture(Struct, frozen=True):
    """
    A picture that a record speaks of.

    Attributes:
        key: where it lies.
        image_format: of its bytes.
        meta: of its bytes; another digest under the same key is another picture.
    """

    key: str
    image_format: ImageFormat
    meta: BlobMeta


class KeptPictures:
    """
    Keeps them, and gives them back.

    Args:
        memory: has those that were found or used lately.
        shelf: has them all.
        spools: hold them while they are read.
    """

    def __init__(self, memory: MemoryCache, shelf: Shelf, spools: Spools) -> None:
        self._memory = memory
        self._shelf = shelf
        self._spools = spools

    def keep(self, picture: KeptPicture, data: bytes) -> None:
        """Memory now, so that the next size need not wait for the store; the store behind."""
        source = Source.stored(picture.key)
        self._memory.put(Blob(data=data, meta=picture.meta, key=picture.key, source=source))
        self._shelf.persist(picture.key, data, picture.meta)

    async def original(self, picture: KeptPicture, new: Mapping[str, bytes], trace: Trace) -> Original:
        """
        Give a picture as it was just found, from memory or from the store.

        Args:
            picture: which; another one under its key is not it.
            new: those that have just been found, by their keys.
            trace: told of the look into the store.

        Raises:
            ObjectNotFound: it is not there any more.
        """
        data = new.get(picture.key) or self._in_memory(picture)
        if data is None:
            with trace.timed("store"):
                data = await self._in_store(picture)
        if data is None:
            raise ObjectNotFound("The picture is not kept any more.")
        tier = Tier.ORIGIN if picture.key in new else Tier.STORE
        return Original(self._spools.of(data), picture.image_format, picture.meta, tier)

    def _in_memory(self, picture: KeptPicture) -> bytes | None:
        blob = self._memory.peek(picture.key)
        return blob.data if blob is not None and blob.meta.sha256 == picture.meta.sha256 else None

    async def _in_store(self, picture: KeptPicture) -> bytes | None:
        stored = await self._shelf.open(picture.key)
        if stored is None:
            return None
        if isinstance(stored, StoredObject):
            return stored.data if stored.meta.sha256 == picture.meta.sha256 else None
        try:
            if stored.meta.sha256 != picture.meta.sha256:
                return None
            return b"".join([chunk async for chunk in stored.chunks()])
        except StoreError:
            return None
        finally:
            stored.close()
