"""What is said of a picture instead of showing it: its description, and stand-ins to show while it loads."""

import base64
from collections import Counter

import pyvips

from imgsvc.model.descriptions import Description
from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import Placeholder
from imgsvc.transform import thumbhash
from imgsvc.transform.probe import ImageInfo

THUMBNAIL_PX = 32
"""Longest side of the picture that hash and colour are taken from; both know only large features."""

BLUR_PX = 20
"""Longest side of the blurred stand-in: some 150 to 500 bytes, written into a page."""

_BLUR_SIGMA = 0.8
_BLUR_QUALITY = 50
_BLUR_EFFORT = 2
_BIN_BITS = 4
_OPAQUE_ENOUGH = 128
_NEIGHBOURS = ((0, 0, 0), (1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
_NOTHING = "#ffffff"

_Pixels = list[tuple[int, ...]]


def describe(image: pyvips.Image, info: ImageInfo, image_format: ImageFormat, size_bytes: int) -> Description:
    """
    Describe a source as it is, for ``f=json``. Decodes it once; call it in a thread.

    Args:
        image: the source, of any colour space; of an animation the first frame counts. EXIF orientation is applied
            for the hash if it has not been.
        info: what the source's header says.
        image_format: the source's.
        size_bytes: of the source.

    Raises:
        pyvips.Error: the pixels cannot be decoded.
    """
    thumbnail = _thumbnail(image, THUMBNAIL_PX)
    return {
        "width": info.width,
        "height": info.height,
        "format": "jpeg" if image_format is ImageFormat.JPEG else image_format.value,
        "pages": info.pages,
        "has_alpha": info.has_alpha,
        "orientation": info.orientation,
        "bytes": size_bytes,
        "dominant_color": _dominant_colour(thumbnail),
        "thumbhash": _thumbhash(thumbnail),
    }


def stand_in(image: pyvips.Image, kind: Placeholder) -> str:
    """
    Give a stand-in for a still: ThumbHash in standard base64, ``#rrggbb``, or a data URL of at most about 1 KB.

    Decodes *image*; call it in a thread.

    Raises:
        pyvips.Error: the pixels cannot be decoded.
    """
    match kind:
        case Placeholder.THUMBHASH:
            return _thumbhash(_thumbnail(image, THUMBNAIL_PX))
        case Placeholder.COLOR:
            return _dominant_colour(_thumbnail(image, THUMBNAIL_PX))
        case Placeholder.BLUR:
            return _blurred(_thumbnail(image, BLUR_PX))


def _thumbnail(image: pyvips.Image, side_px: int) -> pyvips.Image:
    """Shrink to an upright 8-bit sRGB picture with alpha in memory, at most *side_px* a side; never enlarge."""
    page_height = image.get("page-height") if image.get_typeof("page-height") else image.height
    if page_height < image.height:
        image = image.crop(0, 0, image.width, page_height)
    small = image.thumbnail_image(side_px, height=side_px, size="down", output_profile="srgb")
    small = small.colourspace("srgb").cast("uchar")
    return (small if small.hasalpha() else small.addalpha()).copy_memory()


def _thumbhash(thumbnail: pyvips.Image) -> str:
    return base64.b64encode(thumbhash.encode(thumbnail.width, thumbnail.height, _bytes(thumbnail))).decode()


def _blurred(thumbnail: pyvips.Image) -> str:
    # Blurred with the colour multiplied by alpha, lest what is hidden bleeds out.
    blurred = thumbnail.premultiply().gaussblur(_BLUR_SIGMA).unpremultiply().cast("uchar")
    data = blurred.webpsave_buffer(Q=_BLUR_QUALITY, effort=_BLUR_EFFORT, keep="none")
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}"


def _dominant_colour(thumbnail: pyvips.Image) -> str:
    """
    Give the colour of the largest group of like-coloured pixels; white when all is transparent.

    Not the mean, which is often a colour that is nowhere in the picture. Colours are sorted into boxes; a box counts
    with the six around it, lest an edge between boxes splits a group.
    """
    boxes: Counter[tuple[int, ...]] = Counter()
    members: dict[tuple[int, ...], _Pixels] = {}
    for pixel in zip(*(iter(_bytes(thumbnail)),) * 4, strict=True):
        if pixel[3] >= _OPAQUE_ENOUGH:
            box = tuple(value >> _BIN_BITS for value in pixel[:3])
            boxes[box] += pixel[3]
            members.setdefault(box, []).append(pixel)
    if not boxes:
        return _NOTHING
    best = max(sorted(boxes), key=lambda box: (_weight(boxes, box), boxes[box]))
    return "#" + "".join(f"{_mean(members[best], band):02x}" for band in range(3))


def _weight(boxes: Counter[tuple[int, ...]], box: tuple[int, ...]) -> int:
    red, green, blue = box
    return sum(boxes.get((red + r, green + g, blue + b), 0) for r, g, b in _NEIGHBOURS)


def _mean(pixels: _Pixels, band: int) -> int:
    """Mean of one band, weighted by alpha."""
    return round(sum(pixel[band] * pixel[3] for pixel in pixels) / sum(pixel[3] for pixel in pixels))


def _bytes(image: pyvips.Image) -> bytes:
    return bytes(image.write_to_memory())
