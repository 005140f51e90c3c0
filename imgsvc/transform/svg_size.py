"""
How large an SVG wants to be, and how it is told to be another size.

Lengths as in CSS Values and Units Level 4 (96 px to the inch), default sizes as in SVG 2 §7 and CSS 2.2 §10.3.2.
"""

import math
import re

from lxml import etree

from imgsvc.errors import CorruptImage, ImageTooLarge
from imgsvc.transform.svg_css import clean_style
from imgsvc.transform.svg_names import SVG_NAMESPACE
from imgsvc.transform.svg_sanitiser import parse

DEFAULT_WIDTH_PX, DEFAULT_HEIGHT_PX = 300.0, 150.0
"""What browsers take for a picture that says nothing at all."""

MAX_NATURAL_PX = 1e7
"""Beyond this a size is no size; the caller's own limits are far below."""

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_LENGTH = re.compile(rf"({_NUMBER})([a-zA-Z%]*)")
_NUMBERS = re.compile(rf"(?:{_NUMBER})(?:(?:\s*,\s*|\s+)(?:{_NUMBER})){{3}}")
# An em is the initial font size, an ex about half of it; neither changes for a picture that stands alone.
_PX = {
    "": 1.0, "px": 1.0, "pt": 96 / 72, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6,
    "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0,
}  # fmt: skip
_SAME_RATIO = 0.005


def natural_size(data: bytes) -> tuple[float, float]:
    """
    Give width and height in px: from ``width`` and ``height``, else from ``viewBox``, else 300 × 150.

    CPU only; call it in a thread. Percentages say nothing where there is nothing they could be of.

    Raises:
        CorruptImage: no SVG, or one of zero width or height.
        ImageTooLarge: a side is beyond :data:`MAX_NATURAL_PX`.
        SourceTooLarge: more than 1 MiB.
    """
    return _size_of(parse(data))


def boxed(data: bytes, width_px: int, height_px: int) -> bytes:
    """
    Write an SVG anew so that it draws at exactly *width_px* × *height_px*, stretched if need be.

    CPU only; call it in a thread. Errors as with :func:`natural_size`.
    """
    root = parse(data)
    width, height = _size_of(root)
    box = _view_box(root)
    if box and root.get("preserveAspectRatio") != "none" and not _same_ratio(box, (width, height)):
        # The picture has margins of its own inside its natural size: stretch the whole, margins included.
        root = _wrapped(root, width, height)
    elif not box:
        root.set("viewBox", f"0 0 {width!r} {height!r}")
    root.set("preserveAspectRatio", "none")
    _fix_size(root, width_px, height_px)
    return etree.tostring(root, encoding="utf-8", xml_declaration=False)


def _size_of(root: etree._Element) -> tuple[float, float]:
    styled = _styled_lengths(root)
    width = _length(styled.get("width") or root.get("width"))
    height = _length(styled.get("height") or root.get("height"))
    if width == 0 or height == 0:
        raise CorruptImage("The SVG has no extent.")
    size = _completed(width, height, _view_box(root))
    if not all(0 < side <= MAX_NATURAL_PX for side in size):
        raise ImageTooLarge("The SVG is larger than is drawn.")
    return size


def _completed(width: float | None, height: float | None, box: tuple[float, float] | None) -> tuple[float, float]:
    """Fill in the sides that are not said."""
    if width is not None and height is not None:
        return width, height
    if width is not None:
        return width, width * box[1] / box[0] if box else DEFAULT_HEIGHT_PX
    if height is not None:
        return height * box[0] / box[1] if box else DEFAULT_WIDTH_PX, height
    return box or (DEFAULT_WIDTH_PX, DEFAULT_HEIGHT_PX)


def _styled_lengths(root: etree._Element) -> dict[str, str]:
    """Width and height in the ``style`` attribute, which goes before the attributes."""
    declarations = (item.partition(":") for item in clean_style(root.get("style", "")).split(";"))
    return {name: value.partition("!")[0] for name, _, value in declarations if name in ("width", "height")}


def _length(text: str | None) -> float | None:
    """Read a length in px; None for what says nothing: none, ``auto``, a percentage, a negative or unknown one."""
    match = _LENGTH.fullmatch((text or "").strip())
    scale = _PX.get(match[2].lower()) if match else None
    if match is None or scale is None:
        return None
    length = float(match[1]) * scale
    return length if length >= 0 else None


def _view_box(root: etree._Element) -> tuple[float, float] | None:
    """Width and height of the ``viewBox``; None when there is none that is valid."""
    text = root.get("viewBox", "").strip()
    if not _NUMBERS.fullmatch(text):
        return None
    _, _, width, height = (float(number) for number in text.replace(",", " ").split())
    return (width, height) if width > 0 and height > 0 and math.isfinite(width / height) else None


def _same_ratio(box: tuple[float, float], size: tuple[float, float]) -> bool:
    return math.isclose(box[0] * size[1], box[1] * size[0], rel_tol=_SAME_RATIO)


def _wrapped(root: etree._Element, width: float, height: float) -> etree._Element:
    outer = etree.Element(f"{{{SVG_NAMESPACE}}}svg", viewBox=f"0 0 {width!r} {height!r}")
    _fix_size(root, width, height)
    outer.append(root)
    return outer


def _fix_size(element: etree._Element, width: float, height: float) -> None:
    """Set a size so that no style of the document's own goes before it."""
    element.set("width", f"{width!r}")
    element.set("height", f"{height!r}")
    style = element.get("style", "").rstrip("; ")
    element.set("style", f"{style};width:{width!r}px!important;height:{height!r}px!important".lstrip(";"))
