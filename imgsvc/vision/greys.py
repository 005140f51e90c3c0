"""Whether light grey and dark grey belong together, and have to be turned over together."""

from typing import Any

from imgsvc.vision.light import WHITE_TONE
from imgsvc.vision.outline import Outline, around
from imgsvc.vision.pixels import Pixels
from imgsvc.vision.tones import Greys, Side

_FULL = 255
_VISIBLE = 128
_GREY_SPREAD = 24
"""How far the parts of a grey may differ, of 255; near enough to OKLCH's chroma here, and much cheaper."""

_SHARED_BORDER = 0.05
_SEEN_SHARE = 0.05


def choose_greys(pixels: Pixels, tones: Any, side: Side, outline: Outline) -> Greys:
    """
    Decide what becomes of grey that reads, where grey that does not is about to be flipped.

    White letters in a black box must turn black when the box turns white, and so must the light end of a grey
    gradient. A white glyph in a coloured icon beside black text must stay, and so must white letters beside black
    ones. The border tells: how much of that of the grey that reads is shared with other grey. What must be seen itself
    is not flipped fully.

    Args:
        pixels: the picture.
        tones: its :func:`imgsvc.vision.light.tones`.
        side: where ink has to be, and from where on it reads.
        outline: the picture's.
    """
    reads = tones > _middle(side) if side.lightens else tones < _middle(side)
    if not (reads & (pixels.alpha >= _VISIBLE)).max():
        return Greys.KEEP  # the common case, and by far the cheaper one
    grey = _grey(pixels).copy_memory()
    high = (grey & reads).copy_memory()
    border = (high & (high ^ _FULL).morph(around(), "dilate")).avg()
    shared = (high & (grey > reads).morph(around(), "dilate")).avg()
    if shared <= _SHARED_BORDER * border:
        return Greys.KEEP
    seen = (high & outline.counted).avg()
    return Greys.SQUEEZE if seen > _SEEN_SHARE * outline.counted.avg() else Greys.FLIP


def _middle(side: Side) -> float:
    """Give the tone half way between what just reads and what reads best."""
    height = (side.limit + 1) / 2
    return WHITE_TONE * (height if side.lightens else 1 - height)


def _grey(pixels: Pixels) -> Any:
    """Say which pixels are visible and grey."""
    differences = pixels.colour.recomb([[1, -1, 0], [0, 1, -1], [1, 0, -1]]).abs()
    return (differences <= _GREY_SPREAD).bandand() & (pixels.alpha >= _VISIBLE)
