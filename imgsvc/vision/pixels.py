"""Decoded pixels as this room wants them: 8-bit sRGB with straight alpha, in memory."""

from typing import Any, Self

from msgspec import Struct

_WITH_ALPHA = 4
_NEARLY_OPAQUE = 250
_GREY = "b-w"


class Pixels(Struct, frozen=True):
    """
    A picture of four 8-bit bands, in memory or cut from what is.

    So it may be read in any order, again and from any thread.

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

    def recoloured(self, colour: Any) -> Self:
        """Give it in another colour, 8-bit sRGB of three bands and its size; evaluates that."""
        image = colour.bandjoin(self.alpha).copy(interpretation="srgb").copy_memory()
        return type(self)(image, image.extract_band(0, n=_WITH_ALPHA - 1), self.alpha)

    @classmethod
    def _of_four_bands(cls, image: Any) -> Self:
        alpha = image.extract_band(_WITH_ALPHA - 1).copy(interpretation=_GREY).copy_memory()
        return cls(image, image.extract_band(0, n=_WITH_ALPHA - 1).copy_memory(), alpha)

    @property
    def rgba(self) -> bytes:
        """The pixels row by row, four bytes each."""
        return bytes(self.image.write_to_memory())

    def inked(self, margin_px: int, step_px: int = 1) -> "Part":
        """
        Cut off what is clear all over; all of it is kept when nothing is visible.

        Args:
            margin_px: how much of what is clear stays around the rest, where there is as much.
            step_px: what the place of each border is a multiple of, but at the picture's own.
        """
        across, down = (_span(sums, margin_px, step_px) for sums in self.alpha.project())
        area = (across.start, down.start, len(across), len(down))
        if area[2:] == (self.image.width, self.image.height):
            return Part(self, (0, 0))
        image, alpha = (each.crop(*area).copy_memory() for each in (self.image, self.alpha))
        return Part(type(self)(image, image.extract_band(0, n=_WITH_ALPHA - 1), alpha), area[:2])

    def transparent_share(self, beside_px: int = 0) -> float:
        """
        Say how many of all pixels let the page through, 0–1: alpha below 250, for encoders stray a little.

        Args:
            beside_px: how many pixels that are clear all over were cut off before, and count as well.
        """
        # Counted in whole numbers: a mean of floats would fall just short of a limit that is met exactly.
        counts = memoryview(self.alpha.hist_find().write_to_memory()).cast("B").cast("I")
        return (sum(counts[:_NEARLY_OPAQUE]) + beside_px) / (sum(counts) + beside_px)


class Part(Struct, frozen=True):
    """
    Some of a picture's pixels.

    Attributes:
        pixels: these.
        corner_px: where they begin in the picture, from its left and from its top.
    """

    pixels: Pixels
    corner_px: tuple[int, int]


def _span(sums: Any, margin_px: int, step_px: int) -> range:
    """Give the places whose sum is not zero, those between, and the margin around."""
    values = memoryview(sums.write_to_memory()).cast("B").cast("I").tolist()
    filled = [at for at, value in enumerate(values) if value]
    if not filled:
        return range(len(values))
    first, end = max(0, filled[0] - margin_px), filled[-1] + 1 + margin_px
    return range(first - first % step_px, min(len(values), end + -end % step_px))
