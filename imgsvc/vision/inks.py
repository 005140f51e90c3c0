"""Which colours a picture is drawn in."""

import math
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, Self

import pyvips
from msgspec import Struct

from imgsvc.model.colours import Colour
from imgsvc.vision.light import WHITE_LEVEL
from imgsvc.vision.pixels import Pixels

_SIDE = 16
_SAMPLE_PX = 48
_NEIGHBOURS = ((0, 0, 0), (1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
_NOTHING = Colour(255, 255, 255)

_ONE_INK_SHARE = 0.95
_ONE_INK_DISTANCE = 0.1
"""In OKLab: five times what CSS Color 4 §13.2.1 calls just noticeable, so that a soft shade is still the same ink."""


class _Ink(Struct, frozen=True):
    """Like colours taken together: their weight, the sum of their alphas, and their mean."""

    box: tuple[int, int, int]
    weight: float
    mean: tuple[float, float, float]
    lab: tuple[float, float, float]


class Inks(Struct, frozen=True):
    """
    The colours of a picture, each weighted by its alpha.

    Attributes:
        brightness: mean relative luminance, 0–1.
        dominant: mean of the largest group of like colours; not the mean of all, which may be nowhere in the picture.
        chroma: mean OKLCH chroma, 0–0.33.
        is_one: whether 95 % are as good as the dominant one.
    """

    brightness: float
    dominant: Colour
    chroma: float
    is_one: bool

    @classmethod
    def of(cls, pixels: Pixels, light: Any, step_px: int) -> Self:
        """
        Sort the colours of a picture into 16 boxes a side and look at these.

        Args:
            pixels: the picture, or the part of it that shows something.
            light: its :func:`levels`.
            step_px: of the whole picture, see :func:`sample_step_px`; a part begins and ends at a multiple of it.
        """
        alpha = pixels.alpha
        inks = list(_inks(pixels, step_px))
        if not inks:
            return cls(0.0, _NOTHING, 0.0, is_one=True)
        dominant = _dominant(inks)
        total = sum(ink.weight for ink in inks)
        near = sum(ink.weight for ink in inks if math.dist(ink.lab, dominant.lab) <= _ONE_INK_DISTANCE)
        return cls(
            (light * alpha).avg() / alpha.avg() / WHITE_LEVEL,
            Colour(*(round(part) for part in dominant.mean)),
            sum(ink.weight * math.hypot(*ink.lab[1:]) for ink in inks) / total,
            is_one=near >= _ONE_INK_SHARE * total,
        )


def sample_step_px(pixels: Pixels) -> int:
    """Say how many pixels across and down are looked at as one, in a whole picture."""
    side_px: int = max(pixels.image.width, pixels.image.height)
    return math.ceil(side_px / _SAMPLE_PX)


def _inks(pixels: Pixels, step_px: int) -> Iterator[_Ink]:
    """Add up alpha, and colour weighted by it, in each box; of a smaller picture, for like colours lie together."""
    small = pixels.image.premultiply().shrink(step_px, step_px, ceil=True).write_to_memory()
    sums: dict[tuple[int, int, int], list[float]] = {}
    for red, green, blue, alpha in zip(*(iter(array("f", bytes(small))),) * 4, strict=True):
        if alpha:
            box = _box(red / alpha, green / alpha, blue / alpha)
            of_box = sums.setdefault(box, [0.0] * 4)
            for band, value in enumerate((red, green, blue, alpha)):
                of_box[band] += value
    means = {box: _mean(*of_box) for box, of_box in sums.items()}
    for (box, mean), lab in zip(means.items(), _labs(list(means.values())), strict=True):
        yield _Ink(box, sums[box][-1], mean, lab)


def _box(red: float, green: float, blue: float) -> tuple[int, int, int]:
    """Say in which box a colour of parts 0–1 lies."""
    last = _SIDE - 1
    return min(last, int(red * _SIDE)), min(last, int(green * _SIDE)), min(last, int(blue * _SIDE))


def _mean(red: float, green: float, blue: float, alpha: float) -> tuple[float, float, float]:
    """Turn sums of weighted parts into a colour of 0–255; floats may have strayed beyond."""
    scale = 255 / alpha
    return min(255.0, red * scale), min(255.0, green * scale), min(255.0, blue * scale)


def _labs(means: Sequence[tuple[float, float, float]]) -> Iterator[tuple[float, float, float]]:
    """Convert colours of 0–255 to OKLab."""
    if not means:
        return iter(())
    row = pyvips.Image.new_from_memory(bytes(round(part) for mean in means for part in mean), len(means), 1, 3, "uchar")
    lab = row.copy(interpretation="srgb").colourspace("oklab").write_to_memory()
    return zip(*(iter(array("f", bytes(lab))),) * 3, strict=True)


def _dominant(inks: Sequence[_Ink]) -> _Ink:
    """Find the heaviest; each counts with the six boxes around it, lest an edge between boxes splits a group."""
    weights = {ink.box: ink.weight for ink in inks}

    def with_neighbours(ink: _Ink) -> tuple[float, float]:
        red, green, blue = ink.box
        around = sum(weights.get((red + r, green + g, blue + b), 0.0) for r, g, b in _NEIGHBOURS)
        return around, ink.weight

    return max(inks, key=with_neighbours)
