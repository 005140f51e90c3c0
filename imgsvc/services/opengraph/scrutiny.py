"""Whether a picture can be passed on to people who did not ask for it: its own bytes, or what was made of it."""

from collections.abc import Awaitable, Callable
from functools import partial

from cachetools import LRUCache

from imgsvc.errors import Overloaded
from imgsvc.model.blob import Blob
from imgsvc.model.formats import BY_MEDIA_TYPE, ImageFormat
from imgsvc.transform.pool import TransformPool
from imgsvc.vision.generic import is_blank
from imgsvc.vision.pixels import Pixels

REMEMBERED = 2048
"""Verdicts; the same pictures are shared again and again."""

LOOKED_AT_PX = 256

_LOOKED_AT = frozenset((ImageFormat.JPEG, ImageFormat.PNG, ImageFormat.GIF))


class Scrutiny:
    """
    Looks at pictures as they came, and remembers by their digest what it saw. Belongs to one event loop.

    Args:
        transforms: decodes them.
    """

    def __init__(self, transforms: TransformPool) -> None:
        self._transforms = transforms
        self._verdicts: LRUCache[str, bool] = LRUCache(REMEMBERED)
        self._blanks: LRUCache[str, bool] = LRUCache(REMEMBERED)

    async def is_clean(self, blob: Blob) -> bool:
        """
        Say whether a JPEG, PNG or GIF is whole, upright, of colours that everybody shows, without EXIF, XMP and IPTC.

        What a GIF tells does not count: it would have to be written anew in all its frames. Of other formats, and where
        there is no room to look, the answer is that it is.

        Raises:
            UnusableSource: it is broken, or too large.
        """
        kind = BY_MEDIA_TYPE.get(blob.meta.media_type)
        if kind not in _LOOKED_AT:
            return True
        return await self._remembered(self._verdicts, blob, partial(self._look, kind), unseen=True)

    async def is_blank(self, blob: Blob) -> bool:
        """
        Say whether nothing is to be seen of a JPEG that was made here; where there is no room to look, something is.

        Raises:
            UnusableSource: it cannot be decoded.
        """
        return await self._remembered(self._blanks, blob, self._see, unseen=False)

    async def _remembered(
        self, verdicts: LRUCache[str, bool], blob: Blob, look: Callable[[bytes, str], Awaitable[bool]], *, unseen: bool
    ) -> bool:
        """Give the verdict on a picture, which is looked at once; where there is no room for that, *unseen*."""
        sha256 = blob.meta.sha256
        if (verdict := verdicts.get(sha256)) is None:
            try:
                verdict = await look(blob.data, sha256)
            except Overloaded:
                return unseen
            verdicts[sha256] = verdict
        return verdict

    async def _see(self, data: bytes, sha256: str) -> bool:
        return await self._transforms.examine(
            data, ImageFormat.JPEG, LOOKED_AT_PX, lambda image: is_blank(Pixels.of(image)), sha256
        )

    async def _look(self, kind: ImageFormat, data: bytes, sha256: str) -> bool:
        info = (await self._transforms.inspect(data, sha256=sha256)).info
        if kind is not ImageFormat.GIF and (info is None or not info.is_clean):
            return False  # who makes it anew will see whether it is whole
        await self._transforms.examine(data, kind, LOOKED_AT_PX, lambda _: None, sha256)
        return True
