"""How light a colour is: relative luminance and contrast (WCAG 2.2), and lightness in OKLab's measure."""

import math
from functools import cache
from typing import Any

import pyvips

from imgsvc.model.spec import Colour

MOST_CONTRAST = 21.0
"""Between black and white; the least there is, between equals, is 1."""

_WEIGHTS = (0.2126, 0.7152, 0.0722)
_FLARE = 0.05

WHITE_LEVEL = 65_535
WHITE_TONE = 4095

STEPS = 1024
"""Steps of :func:`contrast_steps`: two neighbours differ by 0.3 % in contrast."""


def luminance_of(colour: Colour) -> float:
    """Give the relative luminance (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance), 0–1; alpha is left out."""
    parts = (colour.red, colour.green, colour.blue)
    return sum(weight * _linear(part / 255) for weight, part in zip(_WEIGHTS, parts, strict=True))


def contrast_between(one: float, other: float) -> float:
    """Give the contrast ratio (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio) of two luminances, 1–21."""
    return (max(one, other) + _FLARE) / (min(one, other) + _FLARE)


def levels(colour: Any) -> Any:
    """Give the relative luminance of each pixel of 8-bit sRGB without alpha, in 16 bits, white being 65535."""
    linear = colour.maplut(_linear_table())
    return (linear.recomb([[weight * WHITE_LEVEL for weight in _WEIGHTS]]) + 0.5).cast("ushort")


def tones(light: Any) -> Any:
    """
    Give for each of the :func:`levels` the OKLab lightness of a grey that is as luminous, white being 4095.

    Of greys OKLab's L is the cube root of luminance (Ottosson, https://bottosson.github.io/posts/oklab/).
    """
    return light.maplut(_tone_table())


def contrast_steps(light: Any) -> Any:
    """Sort :func:`levels` into :data:`STEPS` steps of equal contrast, black in the first and white in the last."""
    return light.maplut(_step_table())


@cache
def luminance_of_step(step: int) -> float:
    """Give the luminance in the middle of a step; the first and the last are exactly black and white."""
    return _FLARE * math.exp(step / (STEPS - 1) * math.log(MOST_CONTRAST)) - _FLARE


def _linear(value: float) -> float:
    """Undo sRGB's transfer function (IEC 61966-2-1)."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004


@cache
def _linear_table() -> Any:
    return pyvips.Image.new_from_array([[_linear(value / 255) for value in range(256)]]).cast("float").copy_memory()


@cache
def _tone_table() -> Any:
    roots = (pyvips.Image.identity(ushort=True) / WHITE_LEVEL) ** (1 / 3)
    return (roots * WHITE_TONE + 0.5).cast("ushort").copy_memory()


@cache
def _step_table() -> Any:
    above_black = pyvips.Image.identity(ushort=True) / (WHITE_LEVEL * _FLARE) + 1
    return (above_black.log() * ((STEPS - 1) / math.log(MOST_CONTRAST)) + 0.5).cast("ushort").copy_memory()
