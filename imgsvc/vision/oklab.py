"""OKLCH and the colours in it that sRGB can show (Ottosson, https://bottosson.github.io/posts/oklab/; CSS Color 4)."""

from functools import cache
from typing import Any

import pyvips

_LIGHTNESSES = 181  # with hues from 0 to 360, one a degree, as many as leave the table's places within 16 bits
_MOST_CHROMA = 0.4
_HALVINGS = 12
_SLACK = 0.0005


def to_oklch(colour: Any) -> Any:
    """Convert 8-bit sRGB without alpha to lightness 0–1, chroma 0–0.33 and hue in degrees, as floats."""
    return colour.colourspace("oklch")


def to_srgb(colours: Any, shift: Any) -> Any:
    """
    Move the lightness of OKLCH colours and convert them to 8-bit sRGB.

    Where sRGB has no such colour, chroma is reduced, lightness and hue being kept.

    That is what CSS Color 4 §13.2 asks for. It searches for the chroma of each colour; here the search was done
    beforehand, for a table of lightness and hue, and what the table's steps leave is clipped as it is there.

    Args:
        colours: as :func:`to_oklch` gives them.
        shift: what is added to lightness, which stays within 0–1.
    """
    light, hue = (colours[0] + shift).clamp(), colours[2]
    places = light.bandjoin(hue).linear([_LIGHTNESSES - 1, 1], [0.5, 0.5]).cast("ushort")
    place = places.recomb([[1, _LIGHTNESSES]]).cast("ushort")
    within = colours[1].minpair(place.maplut(_chroma_table()))
    return light.bandjoin([within, hue]).copy(interpretation="oklch").colourspace("srgb").cast("uchar")


@cache
def _chroma_table() -> Any:
    """Find the greatest chroma that sRGB has, by halving, for each hue and, faster changing, each lightness."""
    place = pyvips.Image.identity(ushort=True)
    light, hue = (place % _LIGHTNESSES) / (_LIGHTNESSES - 1), (place / _LIGHTNESSES).floor()
    within, step = light * 0, _MOST_CHROMA
    for _ in range(_HALVINGS):
        step /= 2
        within = _is_shown(light, within + step, hue).ifthenelse(within + step, within).copy_memory()
    return within.cast("float").copy_memory()


def _is_shown(light: Any, chroma: Any, hue: Any) -> Any:
    lch = light.bandjoin([chroma, hue]).cast("float").copy(interpretation="oklch")
    linear = lch.colourspace("scrgb")
    return ((linear >= -_SLACK) & (linear <= 1 + _SLACK)).bandand()
