"""Vector pictures: how large they are drawn, and the drawing as a source of pixels."""

import math
from typing import Any

import pyvips
from msgspec import Struct
from msgspec.structs import replace

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


class Drawing(Struct, frozen=True):
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

    def as_picture(self, data: bytes) -> MemorySource:
        """Make it readable as a picture of the size it is drawn at; *data* is the SVG."""
        return MemorySource(data, drawing_info(self.size), (self._image(),), (self.size.width, self.size.height))

    def as_source(self, data: bytes) -> MemorySource:
        """Make it readable for the pipeline; *data* is the SVG."""
        return replace(undrawn(self.width, self.height, data), images=(self._image(),))

    def _image(self) -> Any:
        image = pyvips.Image.new_from_memory(self.pixels, self.size.width, self.size.height, _BANDS, "uchar")
        return image.copy(interpretation="srgb")


def undrawn(width: float, height: float, data: bytes) -> MemorySource:
    """Give what is known of a drawing before it is drawn: enough to decide what becomes of it."""
    info = drawing_info(Size.rounded(width, height))
    return MemorySource(data, info, (), natural_px=(width, height), scalable=True)


def drawing_info(size: Size) -> ImageInfo:
    """Say what a drawing is as a picture of *size*."""
    return ImageInfo(
        image_format=ImageFormat.SVG, width=size.width, height=size.height, has_alpha=True, is_plain_srgb=True
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
        return glance_size(width, height, SUMMARY_SIDE_PX)
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


def glance_size(width: float, height: float, longest_px: int) -> Size:
    """Say how large a drawing of this natural size has to be drawn to have a longest side of *longest_px*."""
    scale = longest_px / max(width, height)
    return Size.rounded(width * scale, height * scale)


def _reserve(plan: Geometry, spec: TransformSpec) -> Geometry:
    if spec.trim is None:
        return plan
    scaled = plan.scaled
    return Geometry.plain(Size(math.ceil(scaled.width * _TRIM_RESERVE), math.ceil(scaled.height * _TRIM_RESERVE)))
