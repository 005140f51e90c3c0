"""Whether light grey and dark grey belong together, and have to be turned over together."""

from collections.abc import Iterator
from typing import Any

from imgsvc.vision.light import WHITE_TONE
from imgsvc.vision.outline import Outline, around
from imgsvc.vision.tones import Greys, Side

_FULL = 255
_GREY_SPREAD = 24
"""How far the parts of a grey may differ, of 255; near enough to OKLCH's chroma here, and much cheaper."""

_DIFFERENCES = [[1, -1, 0], [0, 1, -1], [1, 0, -1]]

_SHARED_BORDER = 0.05
_SEEN_SHARE = 0.05


def choose_greys(high: Any, low: Any, outline: Outline) -> Greys:
    """
    Decide what becomes of grey that reads, where grey that does not is about to be flipped.

    White letters in a black box must turn black when the box turns white, and so must the light end of a grey
    gradient. White letters beside black ones must stay. The border tells: how much of that of the grey that reads is
    shared with other grey. What must be seen itself is not flipped fully.

    Args:
        high: 255 where there is grey that reads well, elsewhere 0; see :func:`greys_of`.
        low: likewise where there is other grey.
        outline: the picture's.
    """
    high = (high & outline.is_visible).copy_memory()
    if not high.max():
        return Greys.KEEP  # the common case, and by far the cheaper one
    beside = (high ^ _FULL).bandjoin(low & outline.is_visible).morph(around(), "dilate") & high
    border, shared, seen, counted = _sums(beside.bandjoin([outline.counted & high, outline.counted]))
    if shared <= _SHARED_BORDER * border:
        return Greys.KEEP
    return Greys.SQUEEZE if seen > _SEEN_SHARE * counted else Greys.FLIP


def _sums(image: Any) -> Iterator[float]:
    """Give the sum of each band."""
    # Of the table's rows the first is of all bands together; of its columns the third holds sums.
    table = image.stats()
    cells = memoryview(table.write_to_memory()).cast("B").cast("d")
    return (cells[row * table.width + 2] for row in range(1, table.height))


def greys_of(colour: Any, tones: Any, side: Side) -> tuple[Any, Any]:
    """
    Tell two kinds of grey from colour.

    Args:
        colour: 8-bit sRGB.
        tones: its :func:`imgsvc.vision.light.tones`.
        side: where ink has to be, and from where on it reads.

    Returns:
        Where there is grey that reads well, and where there is other grey: 255 there, elsewhere 0.
    """
    grey, reads = grey_of(colour), _reads(tones, side)
    return grey & reads, grey > reads


def _reads(tones: Any, side: Side) -> Any:
    return tones > _middle(side) if side.lightens else tones < _middle(side)


def _middle(side: Side) -> float:
    """Give the tone half way between what just reads and what reads best."""
    height = (side.limit + 1) / 2
    return WHITE_TONE * (height if side.lightens else 1 - height)


def grey_of(colour: Any) -> Any:
    """Say which colours of 8-bit sRGB are grey, or near enough: 255 where they are, elsewhere 0."""
    return (colour.recomb(_DIFFERENCES).abs() <= _GREY_SPREAD).bandand()
