"""Decoded pixels as this room wants them: 8-bit sRGB with straight alpha, in memory."""

from dataclasses import dataclass
from typing import Any, Self

import pyvips

_WITH_ALPHA = 4
_NEARLY_OPAQUE = 250
_GREY = "b-w"


@dataclass(frozen=True, slots=True)
class Pixels:
    """
    A picture of four 8-bit bands, evaluated, so that it may be read in any order, again and from any thread.

    Attributes:
        image: libvips' picture, tagged sRGB; colour is not multiplied by alpha.
        colour: its three bands of colour.
        alpha: its band of alpha, as a grey picture of its own.
    """

    image: Any
    colour: Any
    alpha: Any

    @classmethod
    def of(cls, image: Any) -> Self:
        """
        Take what a decoder or a step of a transform gives: 8-bit sRGB or grey, with or without alpha.

        Evaluates *image*; call it in a thread.

        Raises:
            ValueError: it is of another colour space or depth.
            pyvips.Error: the pixels cannot be decoded.
        """
        if image.format != "uchar" or image.interpretation not in ("srgb", _GREY):
            raise ValueError("Pixels are 8-bit sRGB or grey.")
        if image.interpretation == _GREY:
            image = image.colourspace("srgb")
        return cls._of_four_bands((image if image.hasalpha() else image.addalpha()).copy_memory())

    @classmethod
    def of_rgba(cls, width_px: int, height_px: int, rgba: bytes) -> Self:
        """
        Take pixels row by row, four bytes each.

        Raises:
            ValueError: the sides do not fit the number of bytes.
        """
        if min(width_px, height_px) < 1 or len(rgba) != width_px * height_px * _WITH_ALPHA:
            raise ValueError("There are four bytes a pixel.")
        # libvips does not copy the bytes: they live as long as the object that they were given to.
        image = pyvips.Image.new_from_memory(rgba, width_px, height_px, _WITH_ALPHA, "uchar")
        return cls._of_four_bands(image.copy(interpretation="srgb"))

    @classmethod
    def _of_four_bands(cls, image: Any) -> Self:
        alpha = image.extract_band(_WITH_ALPHA - 1).copy(interpretation=_GREY).copy_memory()
        return cls(image, image.extract_band(0, n=_WITH_ALPHA - 1).copy_memory(), alpha)

    @property
    def rgba(self) -> bytes:
        """The pixels row by row, four bytes each."""
        return bytes(self.image.write_to_memory())

    def transparent_share(self) -> float:
        """Say how many of all pixels let the page through, 0–1: alpha below 250, for encoders stray a little."""
        # Counted in whole numbers: a mean of floats would fall just short of a limit that is met exactly.
        counts = memoryview(self.alpha.hist_find().write_to_memory()).cast("B").cast("I")
        return sum(counts[:_NEARLY_OPAQUE]) / sum(counts)
