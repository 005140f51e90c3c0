"""How the lightness of ink is moved so that it reads on a page."""

from enum import Enum, auto
from functools import lru_cache
from typing import Any, Self

import pyvips
from msgspec import Struct

from imgsvc.model.colours import FLARE, Colour, contrast_between, luminance_of
from imgsvc.vision.light import WHITE_TONE

_GREY_CHROMA = 0.02
_COLOUR_CHROMA = 0.06
_MIRRORED = 0.2
"""How much of the differences in lightness below the limit a colour keeps, upside down; more hides glyphs in it."""


class Greys(Enum):
    """What becomes of ink without colour that reads already."""

    KEEP = auto()
    """It stays."""
    FLIP = auto()
    """It is flipped like that which does not read, so that what was lightest ends darkest."""
    SQUEEZE = auto()
    """It is flipped, and all ends beyond the limit."""


class Side(Struct, frozen=True):
    """
    On which side of a page's lightness all ink has to be, and from where on it reads.

    What reads on both sides of a page of medium lightness cannot be told apart without a jump somewhere in between,
    which would be seen in a gradient; so there is one side for all.

    Attributes:
        lightens: whether ink has to be lighter than the page.
        limit: the lightness as *height* has it from which on ink reads, 0–1.
    """

    lightens: bool
    limit: float

    @classmethod
    def of(cls, page: Colour, contrast: float) -> Self:
        """Choose the side that has more contrast to give; *contrast* is what is wanted, 1 or more."""
        light = luminance_of(page)
        lightens = contrast_between(1.0, light) >= contrast_between(0.0, light)
        wanted = (light + FLARE) * contrast - FLARE if lightens else (light + FLARE) / contrast - FLARE
        root = min(1.0, max(0.0, wanted)) ** (1 / 3)
        return cls(lightens, root if lightens else 1 - root)

    def height(self, lightness: Any) -> Any:
        """Turn lightness, 0–1, so that 1 is what reads best; turned twice it is itself."""
        return lightness if self.lightens else 1 - lightness


@lru_cache(maxsize=64)
def shifts(side: Side, greys: Greys) -> Any:
    """
    Make the table that says for each of the :func:`imgsvc.vision.light.tones` how far its lightness is moved.

    The functions are continuous, lest gradients get edges. Grey is turned upside down by a curve that brings near-black
    as near to white; with :attr:`Greys.KEEP` only what does not read. Of colour what reads is kept; of the rest as much
    is mirrored at the limit as leaves it coloured.

    Args:
        side: where ink has to be, and from where on it reads.
        greys: what becomes of grey that reads.

    Returns:
        Two bands of floats: for grey, and what is to be added to that for full colour.
    """
    lightness = pyvips.Image.identity(ushort=True, size=WHITE_TONE + 1) / WHITE_TONE
    height = side.height(lightness)
    # By lightness on either side: turned over itself, the curve would make grey of near-black, and lines of its noise.
    flipped = side.height(1 - lightness * lightness)
    match greys:
        case Greys.KEEP:
            grey = height.maxpair(1 - height * height * ((1 - side.limit) / side.limit**2))
        case Greys.FLIP:
            grey = flipped
        case Greys.SQUEEZE:
            grey = flipped * (1 - side.limit) + side.limit
    mirrored = side.limit * (1 + _MIRRORED) - height * _MIRRORED
    coloured = height.maxpair(mirrored.minpair(1.0))
    rise = (grey - height).bandjoin(coloured - grey)
    return (rise * (1 if side.lightens else -1)).cast("float").copy_memory()


def colourfulness(chroma: Any) -> Any:
    """Say how far pixels of an OKLCH chroma are colour and not grey, 0–1."""
    span = _COLOUR_CHROMA - _GREY_CHROMA
    return chroma.linear(1 / span, -_GREY_CHROMA / span).clamp()


def may_move(tones: Any, chroma: Any, side: Side) -> Any:
    """
    Say which colours one of the tables of :func:`shifts` would move: 255 where they may be, elsewhere 0.

    Those are all that do not read, and what is not wholly colour, for grey that reads may be flipped as well.

    Args:
        tones: the colours' :func:`imgsvc.vision.light.tones`.
        chroma: of the same in OKLCH.
        side: where ink has to be, and from where on it reads.
    """
    limit = WHITE_TONE * side.height(side.limit)
    return (tones < limit if side.lightens else tones > limit) | (chroma < _COLOUR_CHROMA)
