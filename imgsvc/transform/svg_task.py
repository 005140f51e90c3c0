"""A document and the size at which it is to be drawn."""

import hashlib
from typing import Self

from msgspec import Struct

from imgsvc.errors import CorruptImage, ImageTooLarge, UnusableSource

_SURELY_DRAWABLE_PIXELS = 1_000_000


class SvgTask(Struct, frozen=True):
    """
    One drawing to be made.

    Attributes:
        digest: of the document as it came; the same at each size.
        document: written for exactly this size.
        width_px: at least 1.
        height_px: at least 1.
    """

    digest: bytes
    document: bytes
    width_px: int
    height_px: int

    @classmethod
    def of(cls, data: bytes, width_px: int, height_px: int) -> Self:
        """Prepare a sanitised document to be drawn, stretched to that size; for a thread. Raises as ``boxed``."""
        from imgsvc.transform.svg_size import boxed  # noqa: PLC0415 - the first drawing loads the parser of XML

        return cls(hashlib.sha256(data).digest(), boxed(data, width_px, height_px), width_px, height_px)

    @property
    def pixels(self) -> int:
        """Of the drawing."""
        return self.width_px * self.height_px

    def undrawable(self) -> UnusableSource:
        """
        Say whose fault it is that nothing was drawn.

        Filters and groups take memory by the size asked for, and the worker has only so much. That is no word on the
        document, and must not be remembered as one: at another size it may well be fine.
        """
        if self.pixels > _SURELY_DRAWABLE_PIXELS:
            return ImageTooLarge(f"The SVG cannot be drawn at {self.width_px} × {self.height_px} px.", param="w")
        return CorruptImage("The SVG cannot be drawn.", param="url")
