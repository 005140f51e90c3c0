"""Which pixels of a picture must be seen, and how well they are seen on a page."""

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any, Self

import pyvips
from msgspec import Struct

from imgsvc.model.colours import Colour, contrast_between, luminance_of
from imgsvc.vision.light import (
    STEPS,
    contrast_steps,
    levels,
    luminance_of_step,
)

REACH_PX = 2
"""How far from transparency a pixel touches the page."""

_VISIBLE = 128
_OPAQUE = 255
_PERCENTILE = 0.10
_FAINT_SHARE = 0.01
"""Of the outline; less, such as the tips of letters, cannot move its tenth far and is not worth the time."""

_AROUND = 2 * REACH_PX + 1


class Outline(Struct, frozen=True):
    """
    The pixels that must be seen: those of alpha 128 or more within 2 px of transparency, else all that are visible.

    They are laid over the page as a browser does it, in sRGB, but not with their own alpha: with the greatest within
    2 px, that of the ink they are the edge of. Else an anti-aliased edge, whose share grows as a picture gets
    smaller, would pass for faint ink, and the same logo be judged differently at 16 and at 512 px. Ink that is faint
    all over stays faint.

    Attributes:
        is_visible: 255 where alpha is 128 or more, elsewhere 0.
        counted: 255 where a pixel counts, elsewhere 0; in memory.
        opacity: of the ink around each pixel, 0–255; None when it is opaque but for a hundredth.
        is_empty: whether nothing can be seen at all.
    """

    is_visible: Any
    counted: Any
    opacity: Any | None
    is_empty: bool

    @classmethod
    def of(cls, alpha: Any) -> Self:
        """Find the outline in an 8-bit band of alpha; beyond a picture's border its last pixels go on."""
        # Two questions in two bands, so that one morphology answers both: is it visible, is it not opaque?
        marks = alpha.maplut(_mark_table()).copy_memory()
        inner = marks.morph(around(), "erode").copy_memory()
        visible = marks[0]
        counted = (visible > inner[0]).copy_memory()
        share = counted.avg()
        if not share:
            counted = _all_visible(alpha)
            share = counted.avg()
        faint = (counted & inner[1]).avg()
        opacity = _greatest(alpha).copy_memory() if faint > _FAINT_SHARE * share else None
        return cls(visible, counted, opacity, is_empty=not share)

    def contrast(self, colour: Any, page: Colour) -> float:
        """
        Give the contrast that nine tenths of the outline reach or surpass on *page*, 1–21; 1 when there is none.

        Args:
            colour: 8-bit sRGB, not multiplied by alpha, of the outline's size.
            page: the background; its alpha is left out.
        """
        (contrast,) = self.contrasts(colour, (page,))
        return contrast

    def contrasts(self, colour: Any, pages: Sequence[Colour], light: Any | None = None) -> tuple[float, ...]:
        """
        Give :meth:`contrast` for several pages; faster than one by one where all ink is opaque.

        *light* are the colours' :func:`levels`, if they are known.
        """
        if self.opacity is None:
            counts = self._counts(levels(colour) if light is None else light)
            return tuple(_lowest_tenth(counts, page) for page in pages)
        return tuple(_lowest_tenth(self._counts(levels(_over(colour, self.opacity, page))), page) for page in pages)

    def counts(self, values: Any, end: int) -> list[int]:
        """Count the outline's pixels that have each of the *values*, whole numbers below *end* (32768 at the most)."""
        # What does not count gets a bit of its own, and is behind the others; quicker than a choice for each pixel.
        within = self.counted.maplut(_outside_table(1 << (end - 1).bit_length())) | values
        return memoryview(within.hist_find().write_to_memory()).cast("B").cast("I")[:end].tolist()

    def _counts(self, light: Any) -> list[int]:
        """Count the outline's pixels in each step of luminance."""
        return self.counts(contrast_steps(light), STEPS)


def _over(colour: Any, opacity: Any, page: Colour) -> Any:
    """Lay colours over a page."""
    share, behind = _over_tables(page)
    return (colour * opacity.maplut(share) + opacity.maplut(behind)).cast("uchar")


@cache
def _mark_table() -> Any:
    """Make the table that says of each alpha, whether it is visible and whether it is not opaque: 255 or 0."""
    alpha = pyvips.Image.identity()
    return (alpha >= _VISIBLE).bandjoin(alpha < _OPAQUE).copy_memory()


@cache
def _outside_table(bit: int) -> Any:
    """Make the table that gives *bit* where a mask is 0, and 0 where it is 255."""
    return pyvips.Image.new_from_array([[bit] + [0] * _OPAQUE]).cast("ushort").copy_memory()


@lru_cache(maxsize=16)
def _over_tables(page: Colour) -> tuple[Any, Any]:
    """Give for each opacity, what it leaves of a colour, and what it lets through of the page."""
    share = (pyvips.Image.identity() / _OPAQUE).copy_memory()
    return share, (1 - share).linear([page.red, page.green, page.blue], [0.5] * 3).copy_memory()


@cache
def around() -> Any:
    """Give the square of pixels around one that are within reach, as a mask for libvips' morphology."""
    return pyvips.Image.new_from_array([[_OPAQUE] * _AROUND] * _AROUND)


def _all_visible(alpha: Any) -> Any:
    """Say what is visible: alpha of 128 or more, or where nothing has that much, whatever is not clear."""
    visible = (alpha >= _VISIBLE).copy_memory()
    return visible if visible.max() else (alpha > 0).copy_memory()


def _greatest(alpha: Any) -> Any:
    """Give each pixel the greatest alpha in the square around it; row by row first, which is five times less work."""
    return alpha.rank(_AROUND, 1, _AROUND - 1).rank(1, _AROUND, _AROUND - 1)


def contrast_of(counts: Iterable[int], light: Any, page: Colour) -> float:
    """
    Give :meth:`Outline.contrast` of an outline that is opaque and has few colours.

    Args:
        counts: how many pixels of it have each colour.
        light: the colours' :func:`levels`, in a row.
        page: the background.
    """
    in_steps = [0] * STEPS
    steps = memoryview(contrast_steps(light).write_to_memory()).cast("B").cast("H")
    for step, count in zip(steps, counts, strict=False):  # the last colours may be in no pixel of the outline
        in_steps[step] += count
    return _lowest_tenth(in_steps, page)


def _lowest_tenth(counts: Sequence[int], page: Colour) -> float:
    """Give the 10th percentile of contrast: the least that is not surpassed by fewer than a tenth of the pixels."""
    behind = luminance_of(page)
    contrasts = sorted((contrast_between(luminance_of_step(step), behind), n) for step, n in enumerate(counts) if n)
    wanted = _PERCENTILE * sum(counts)
    seen = 0
    for contrast, count in contrasts:
        seen += count
        if seen >= wanted:
            return contrast
    return 1.0
