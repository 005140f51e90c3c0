"""What came from a source, looked at: is it a picture, and of which kind."""

import asyncio

from imgsvc.errors import OriginStatus, UnusableSource
from imgsvc.model.formats import SNIFF_BYTES, ImageFormat, sniff
from imgsvc.stream.base import FileRange
from imgsvc.stream.inflate import beginning, inflate
from imgsvc.transform.pool import Inspected, TransformPool
from imgsvc.transform.svg_names import MAX_SVG_BYTES


class Inspector:
    """
    Looks at small bodies that are all there.

    Args:
        transforms: knows pictures.
        max_image_size_bytes: the largest source.
    """

    def __init__(self, transforms: TransformPool, max_image_size_bytes: int) -> None:
        self._transforms = transforms
        self._text_limit_bytes = min(max_image_size_bytes, MAX_SVG_BYTES)

    async def inspect(self, body: bytes | FileRange, content_encoding: str | None) -> Inspected:
        """
        Say what *body* is; only SVG, which is text, may come compressed although nobody asked for that.

        Raises:
            OriginStatus: something else did.
            ImgsvcError: as :meth:`TransformPool.inspect`.
        """
        if content_encoding is None:
            return await self._transforms.inspect(body)
        data = body if isinstance(body, bytes) else await asyncio.to_thread(body.read)
        head = await asyncio.to_thread(beginning, data, content_encoding, SNIFF_BYTES)
        if sniff(head) is not ImageFormat.SVG:
            raise encoded()
        plain = await asyncio.to_thread(inflate, data, content_encoding, self._text_limit_bytes)
        try:
            return await self._transforms.inspect(plain)
        except UnusableSource as error:
            raise encoded() from error


def encoded() -> OriginStatus:
    """Say that a picture came compressed."""
    return OriginStatus("The source compressed a picture with a Content-Encoding nobody asked for.", param="url")
