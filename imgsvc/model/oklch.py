"""Colours of even lightness: from OKLCH, B. Ottosson, "A perceptual color space for image processing" (2020)."""

import math
from bisect import bisect_left

from imgsvc.model.colours import Colour

# CSS Color 4 §10.8, with OKLab's matrix to LMS and LMS' to linear sRGB as in Ottosson's article.
_TO_LMS = ((1.0, 0.3963377774, 0.2158037573), (1.0, -0.1055613458, -0.0638541728), (1.0, -0.0894841775, -1.2914855480))
_TO_RGB = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)
_CHROMA_STEPS = 20
_ROUNDING = 1e-3  # of the matrices; less than what makes a byte another

_Triple = tuple[float, float, float]


def from_oklch(lightness: float, chroma: float, hue_degrees: float) -> Colour:
    """
    Give the sRGB colour of that lightness and hue; of that chroma, or the largest share of it that sRGB has.

    Args:
        lightness: 0–1.
        chroma: 0 to about 0.4.
        hue_degrees: any.
    """
    hue = math.radians(hue_degrees)
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)

    def linear(step: int) -> _Triple:
        share = 1 - step / _CHROMA_STEPS
        l_, m_, s_ = _times(_TO_LMS, (lightness, a * share, b * share))
        return _times(_TO_RGB, (l_**3, m_**3, s_**3))

    # By halves, for a drawing may have 45,000 of them.
    step = bisect_left(range(_CHROMA_STEPS), True, key=lambda step: _in_gamut(linear(step)))
    return Colour(*(_encoded(value) for value in linear(step)))


def _times(matrix: tuple[_Triple, _Triple, _Triple], vector: _Triple) -> _Triple:
    x, y, z = vector
    first, second, third = (a * x + b * y + c * z for a, b, c in matrix)
    return first, second, third


def _in_gamut(rgb: _Triple) -> bool:
    return all(-_ROUNDING <= value <= 1 + _ROUNDING for value in rgb)


def _encoded(value: float) -> int:
    """Encode one linear part as a byte, IEC 61966-2-1."""
    value = min(max(value, 0.0), 1.0)
    curved = value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055  # noqa: PLR2004 - IEC's
    return round(curved * 255)
