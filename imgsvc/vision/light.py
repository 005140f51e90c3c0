"""How light a colour is: relative luminance and contrast (WCAG 2.2), and lightness in OKLab's measure."""

import math
from functools import cache
from typing import Any

import pyvips

from imgsvc.model.colours import FLARE, LUMINANCE_WEIGHTS, linear

MOST_CONTRAST = 21.0
"""Between black and white; the least there is, between equals, is 1."""

WHITE_LEVEL = 65_535
WHITE_TONE = 4095

STEPS = 1024
"""Steps of :func:`contrast_steps`: two neighbours differ by 0.3 % in contrast."""


def levels(colour: Any) -> Any:
    """Give the relative luminance of each pixel of 8-bit sRGB without alpha, in 16 bits, white being 65535."""
    return colour.maplut(_level_table()).bandmean().cast("ushort")


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
    return FLARE * math.exp(step / (STEPS - 1) * math.log(MOST_CONTRAST)) - FLARE


@cache
def _level_table() -> Any:
    """Give three times what a part adds to a level, for a mean is quicker than a sum, and half a step to round."""
    curve = pyvips.Image.new_from_array([[linear(value / 255) for value in range(256)]])
    return (
        curve.linear([3 * weight * WHITE_LEVEL for weight in LUMINANCE_WEIGHTS], [0.5] * 3).cast("float").copy_memory()
    )


@cache
def _tone_table() -> Any:
    roots = (pyvips.Image.identity(ushort=True) / WHITE_LEVEL) ** (1 / 3)
    return (roots * WHITE_TONE + 0.5).cast("ushort").copy_memory()


@cache
def _step_table() -> Any:
    above_black = pyvips.Image.identity(ushort=True) / (WHITE_LEVEL * FLARE) + 1
    return (above_black.log() * ((STEPS - 1) / math.log(MOST_CONTRAST)) + 0.5).cast("ushort").copy_memory()
