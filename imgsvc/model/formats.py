"""Image formats: what each can do, what it is called, and how its first bytes look."""

import re
from enum import StrEnum

from msgspec import Struct

SNIFF_BYTES = 4096
"""How much of a file's head :func:`sniff` wants; only SVG, which may begin with comments, needs more than 32."""


class ImageFormat(StrEnum):
    """A format whose pictures this service reads; the value is its extension."""

    JPEG = "jpg"
    PNG = "png"
    WEBP = "webp"
    GIF = "gif"
    AVIF = "avif"
    TIFF = "tiff"
    SVG = "svg"
    ICO = "ico"
    CUR = "cur"
    BMP = "bmp"


FILE_EXTENSIONS = frozenset((*ImageFormat, "jpeg", "tif"))
"""What names of pictures end in, in lower case, after the dot."""


class Capabilities(Struct, frozen=True):
    """What a format can do, as far as a decision of ours hangs on it."""

    media_type: str
    alpha: bool = False
    animation: bool = False
    lossy: bool = False
    encodable: bool = False
    default_quality: int | None = None
    max_side_px: int = 65535


CAPABILITIES: dict[ImageFormat, Capabilities] = {
    # JPEG: sides of libjpeg's (JPEG_MAX_DIMENSION) end a little before those of the format.
    ImageFormat.JPEG: Capabilities("image/jpeg", lossy=True, encodable=True, default_quality=80, max_side_px=65500),
    ImageFormat.PNG: Capabilities("image/png", alpha=True, encodable=True),
    # WebP: RFC 9649 §2.7.1, canvas sides are 14 bits.
    ImageFormat.WEBP: Capabilities(
        "image/webp", alpha=True, animation=True, lossy=True, encodable=True, default_quality=79, max_side_px=16383
    ),
    ImageFormat.GIF: Capabilities("image/gif", alpha=True, animation=True, encodable=True),
    ImageFormat.AVIF: Capabilities(
        "image/avif", alpha=True, lossy=True, encodable=True, default_quality=60, max_side_px=16384
    ),
    ImageFormat.TIFF: Capabilities("image/tiff", alpha=True, encodable=True),
    ImageFormat.SVG: Capabilities("image/svg+xml", alpha=True),
    ImageFormat.ICO: Capabilities("image/x-icon", alpha=True),
    ImageFormat.CUR: Capabilities("image/x-icon", alpha=True),
    ImageFormat.BMP: Capabilities("image/bmp"),
}

BY_MEDIA_TYPE: dict[str, ImageFormat] = {c.media_type: f for f, c in reversed(CAPABILITIES.items())}

# First bytes that settle the format; HEIF's brands and SVG need a look further in.
_MAGIC: tuple[tuple[bytes, ImageFormat], ...] = (
    (b"\xff\xd8\xff", ImageFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", ImageFormat.PNG),
    (b"GIF87a", ImageFormat.GIF),
    (b"GIF89a", ImageFormat.GIF),
    (b"II*\x00", ImageFormat.TIFF),
    (b"MM\x00*", ImageFormat.TIFF),
    (b"\x00\x00\x01\x00", ImageFormat.ICO),
    (b"\x00\x00\x02\x00", ImageFormat.CUR),
)
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_SVG_ROOT = re.compile(rb"<(?:!doctype\s+)?(?:[\w.-]+:)?svg[\s/>]", re.IGNORECASE)
_BMP_HEADER_BYTES = frozenset((12, 16, 40, 52, 56, 64, 108, 124))


def sniff(head: bytes) -> ImageFormat | None:
    """
    Tell the format from the first bytes of a file, never from what its sender declares.

    Args:
        head: the first :data:`SNIFF_BYTES` of the file, or all of it when shorter.

    Returns:
        The format, or None when the bytes are no picture this service reads.
    """
    for magic, image_format in _MAGIC:
        if head.startswith(magic):
            return image_format
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ImageFormat.WEBP
    if head[4:8] == b"ftyp":
        return ImageFormat.AVIF if _has_avif_brand(head) else None
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_BYTES:
        return ImageFormat.BMP
    return ImageFormat.SVG if _looks_like_svg(head) else None


def _has_avif_brand(head: bytes) -> bool:
    """Major or compatible brand of the ``ftyp`` box, ISO/IEC 14496-12 §4.3."""
    box = head[: min(int.from_bytes(head[:4], "big"), len(head))]
    brands = {box[8:12], *(box[i : i + 4] for i in range(16, len(box), 4))}
    return not brands.isdisjoint(_AVIF_BRANDS)


def _looks_like_svg(head: bytes) -> bool:
    """Whether root element or DOCTYPE is ``svg``; a declaration and comments may come before."""
    text = head[:SNIFF_BYTES]
    if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = text.decode("utf-16", "replace").encode()
    text = text.removeprefix(b"\xef\xbb\xbf").lstrip()
    while text.startswith((b"<?", b"<!--")):
        text = text.partition(b"?>" if text.startswith(b"<?") else b"-->")[2].lstrip()
    return _SVG_ROOT.match(text) is not None
