"""Vector pictures: how large they are drawn, and the drawing as a source of pixels."""

import math
from dataclasses import dataclass

import pyvips

from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import TransformSpec
from imgsvc.transform.geometry import Geometry, Size, geometry
from imgsvc.transform.limits import Limits, check_size
from imgsvc.transform.probe import ImageInfo
from imgsvc.transform.source import MemorySource
from imgsvc.transform.steps import QUARTER_TURNS

SUMMARY_SIDE_PX = 128
"""Longest side of the picture that descriptions and stand-ins are computed from; they need no more."""

_BANDS = 4
# What is left after trimming is scaled up; drawn at twice the size it stays sharp down to half the picture.
_TRIM_RESERVE = 2.0


@dataclass(frozen=True, slots=True)
class Drawing:
    """
    A vector picture, as its worker drew it.

    Attributes:
        width: natural, in px, above 0.
        height: likewise.
        pixels: RGBA, straight alpha, 8 bit.
        size: of *pixels*.
    """

    width: float
    height: float
    pixels: bytes
    size: Size

    def as_source(self, data: bytes) -> MemorySource:
        """Make it readable for the pipeline; *data* is the SVG."""
        image = pyvips.Image.new_from_memory(self.pixels, self.size.width, self.size.height, _BANDS, "uchar")
        natural = Size.rounded(self.width, self.height)
        info = ImageInfo(
            image_format=ImageFormat.SVG, width=natural.width, height=natural.height, has_alpha=True, is_plain_srgb=True
        )
        return MemorySource(
            data, info, (image.copy(interpretation="srgb"),), natural_px=(self.width, self.height), scalable=True
        )


def drawing_size(width: float, height: float, spec: TransformSpec, limits: Limits) -> Size:
    """
    Say how large a drawing has to be drawn for *spec*; before it is rotated.

    Args:
        width: natural, in px, above 0.
        height: likewise.
        spec: what is asked for.
        limits: of what is drawn.

    Raises:
        ImageTooLarge: no size was asked and the natural one is over the limits.
    """
    if spec.is_json and spec.placeholder is None:
        return Size.rounded(*_within(width, height, SUMMARY_SIDE_PX))
    turned = spec.rotate in QUARTER_TURNS
    plan = geometry(*((height, width) if turned else (width, height)), spec, enlarge=True)
    if spec.width is None and spec.height is None:
        check_size(width, height, limits)
    else:
        plan = _reserve(plan, spec)
    if spec.placeholder is not None:
        plan = plan.shrunk(SUMMARY_SIDE_PX / plan.canvas.longest_px)
    plan = plan.bounded(limits.max_side_px, limits.max_pixels)
    return plan.shrunk(limits.max_side_px / plan.scaled.longest_px).scaled.swapped(turned)


def _within(width: float, height: float, side_px: int) -> tuple[float, float]:
    scale = side_px / max(width, height)
    return width * scale, height * scale


def _reserve(plan: Geometry, spec: TransformSpec) -> Geometry:
    if spec.trim is None:
        return plan
    scaled = plan.scaled
    return Geometry.plain(Size(math.ceil(scaled.width * _TRIM_RESERVE), math.ceil(scaled.height * _TRIM_RESERVE)))
