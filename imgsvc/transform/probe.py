"""What a picture's header says, and whether it may be decoded at all."""

from typing import Any

import pyvips
from msgspec import Struct

from imgsvc.errors import CorruptImage
from imgsvc.model.formats import ImageFormat
from imgsvc.transform import avif_items, png_extras
from imgsvc.transform.body import Body, View, viewed
from imgsvc.transform.colour import is_plain_srgb
from imgsvc.transform.endings import is_whole
from imgsvc.transform.limits import Limits, check_size
from imgsvc.transform.loaders import ANIMATED, CONTAINERS, open_page

BROKEN = "The picture is broken or ends too early."
"""The one thing said about a picture that cannot be decoded."""

ORIENTATIONS = range(1, 9)
"""EXIF orientations (CIPA DC-008, tag 0x0112); anything else counts as 1."""

SIDEWAYS = frozenset((5, 6, 7, 8))
"""Orientations in which width and height change places."""


class ImageInfo(Struct, frozen=True, kw_only=True):
    """
    What the header of a picture says.

    Attributes:
        image_format: as sniffed, never as declared.
        width: in px, of one frame, *after* EXIF orientation; of the largest entry of a container.
        height: likewise.
        pages: frames of an animation; 1 for everything else, whatever else the file holds.
        orientation: EXIF's, 1-8, as it is in the file.
        has_alpha: whether the picture has an alpha band.
        interlaced: whether it is progressive or interlaced.
        has_profile: whether an ICC profile is embedded.
        has_metadata: whether it carries EXIF, XMP or IPTC.
        is_plain_srgb: whether the pixels are 8-bit sRGB or grey, by tag or for lack of one.
    """

    image_format: ImageFormat
    width: int
    height: int
    pages: int = 1
    orientation: int = 1
    has_alpha: bool = False
    interlaced: bool = False
    has_profile: bool = False
    has_metadata: bool = False
    is_plain_srgb: bool = True

    @property
    def is_clean(self) -> bool:
        """Whether anybody can be shown the file as it is: upright, of colours that all share, and nothing to hide."""
        return self.orientation == 1 and self.is_plain_srgb and not self.has_metadata


def may_animate(info: ImageInfo, limits: Limits) -> bool:
    """Whether the frames of an animation are within the limits; if not, it is answered as a still."""
    return info.pages <= limits.max_frames and info.width * info.height * info.pages <= limits.max_animation_pixels


def probe(body: Body, image_format: ImageFormat, limits: Limits) -> ImageInfo:
    """
    Read a raster picture's header, not its pixels; runs in a thread.

    Args:
        body: the whole file.
        image_format: as sniffed, not SVG.
        limits: what a single frame may have.

    Raises:
        ImageTooLarge: one frame alone is too large.
        CorruptImage: the header makes no sense, or more stands compressed before the pixels than is read.
    """
    if image_format in CONTAINERS:
        from imgsvc.transform.containers import container_size  # noqa: PLC0415 - brings Pillow; most never need it

        width, height = container_size(viewed(body), image_format, limits)
        return ImageInfo(image_format=image_format, width=width, height=height)
    if not is_whole(viewed(body), image_format):
        raise CorruptImage(BROKEN, param="url")
    _check_extras(viewed(body), image_format)
    if image_format is ImageFormat.AVIF and avif_items.are_repeated(viewed(body)):
        raise CorruptImage(BROKEN, param="url")
    try:
        info = read_info(open_page(body, image_format), image_format)
    except pyvips.Error as error:
        # libvips has one error text for all threads: it may be another picture's, so it is never shown.
        raise CorruptImage(BROKEN, param="url") from error
    check_size(info.width, info.height, limits)
    return info


def probe_head(head: bytes, image_format: ImageFormat, limits: Limits) -> ImageInfo | None:
    """
    Read a raster picture's header while the rest of it is still on its way; runs in a thread.

    Args:
        head: the first bytes of the file.
        image_format: as sniffed, not SVG.
        limits: what a single frame may have.

    Returns:
        None when nothing is known yet. That the head is too short and that the picture is broken look the same, and the
        end will tell. Frames are counted only when all have come, so of an animation nothing is known either.

    Raises:
        ImageTooLarge: one frame alone is too large.
    """
    if image_format in CONTAINERS:
        return None
    try:
        _check_extras(head, image_format)
        info = read_info(open_page(head, image_format), image_format)
    except (pyvips.Error, CorruptImage):
        return None
    check_size(info.width, info.height, limits)
    return None if image_format in ANIMATED else info


def _check_extras(data: View, image_format: ImageFormat) -> None:
    """Refuse what would inflate to many times its size as soon as libvips opens it."""
    if image_format is ImageFormat.PNG and png_extras.has_too_much(data):
        raise CorruptImage(png_extras.TOO_MUCH, param="url")


def read_info(image: Any, image_format: ImageFormat) -> ImageInfo:
    """
    Collect what an opened image knows of itself.

    Raises:
        CorruptImage: an AVIF brand around another codec.
    """
    if image_format is ImageFormat.AVIF and _field(image, "heif-compression", "") != "av1":
        raise CorruptImage(BROKEN, param="url")
    tag = _field(image, "orientation", 1)
    orientation = tag if tag in ORIENTATIONS else 1
    width, height = image.width, image.height
    if orientation in SIDEWAYS:
        width, height = height, width
    return ImageInfo(
        image_format=image_format,
        width=width,
        height=height,
        pages=_field(image, "n-pages", 1) if image_format in ANIMATED else 1,
        orientation=orientation,
        has_alpha=bool(image.hasalpha()),
        interlaced=bool(_field(image, "interlaced", 0)),
        has_profile=bool(image.get_typeof("icc-profile-data")),
        has_metadata=_has_metadata(image),
        is_plain_srgb=is_plain_srgb(image),
    )


def _field(image: Any, name: str, default: Any) -> Any:
    return image.get(name) if image.get_typeof(name) else default


def _has_metadata(image: Any) -> bool:
    """EXIF, XMP and IPTC, the last two also as PNG texts of older programs ("Raw profile type …")."""
    try:
        names = image.get_fields()
    except UnicodeDecodeError:
        # Keywords of PNG texts are Latin-1 (W3C PNG, third edition, §11.3.3.2), types of HEIF items any bytes, and
        # pyvips reads names as UTF-8: what cannot be listed may be anything.
        return True
    return any(name in _METADATA or (name.startswith("png-comment-") and "Raw profile" in name) for name in names)


_METADATA = frozenset(("exif-data", "xmp-data", "iptc-data"))
