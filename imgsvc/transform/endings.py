"""
Whether a file reaches its own end, by its structure alone.

A picture that is answered as it is, is never decoded here, and most formats say themselves where they end. What this
lets through may still be broken inside; what it refuses was cut.
"""

from imgsvc.model.formats import ImageFormat
from imgsvc.stream.base import CHUNK_BYTES
from imgsvc.transform import gif_blocks, tiff_blocks
from imgsvc.transform.body import View

_JPEG_END = b"\xff\xd9"
_PNG_SIGNATURE_BYTES = 8
_PNG_CHUNK_BYTES = 12
_RIFF_HEADER_BYTES = 8
_BOX_BYTES, _LARGE_BOX_BYTES = 8, 16


def jpeg_is_whole(data: View) -> bool:
    """ITU-T T.81 §B.1.1.3: there is an end-of-image marker; what writers append behind it is their business."""
    # From the end, a piece at a time: it is near in most files, and where it is missing other threads get their turn
    # between two pieces, which they do not during one search.
    ends = range(len(data), 0, -CHUNK_BYTES)
    return any(_JPEG_END in data[max(1, end - CHUNK_BYTES - 1) : end] for end in ends)


def png_is_whole(data: View) -> bool:
    """PNG §5.3: no chunk reaches beyond the file; a missing IEND alone is forgiven, as its decoder does."""
    at = _PNG_SIGNATURE_BYTES
    while at + _PNG_CHUNK_BYTES <= len(data):
        if data[at + 4 : at + 8] == b"IEND":
            return True
        at += _PNG_CHUNK_BYTES + int.from_bytes(data[at : at + 4], "big")
    return at == len(data)


def webp_is_whole(data: View) -> bool:
    """RFC 9649 §2.4: the RIFF header counts the rest of the file."""
    return int.from_bytes(data[4:8], "little") + _RIFF_HEADER_BYTES <= len(data)


def avif_is_whole(data: View) -> bool:
    """ISO/IEC 14496-12 §4.2: each top-level box says its size; 0 = to the end, 1 = in 64 bits behind the name."""
    at = 0
    while at + _BOX_BYTES <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 0:
            return True
        if size == 1:
            size = int.from_bytes(data[at + _BOX_BYTES : at + _LARGE_BOX_BYTES], "big")
        if size < _BOX_BYTES:
            return False
        at += size
    return at == len(data)


_LOOKERS = {
    ImageFormat.JPEG: jpeg_is_whole,
    ImageFormat.PNG: png_is_whole,
    ImageFormat.WEBP: webp_is_whole,
    ImageFormat.AVIF: avif_is_whole,
    ImageFormat.GIF: gif_blocks.is_whole,
    ImageFormat.TIFF: tiff_blocks.is_whole,
}


def is_whole(data: View, image_format: ImageFormat) -> bool:
    """Whether *data* reaches the end it speaks of; formats that speak of none count as whole."""
    looker = _LOOKERS.get(image_format)
    return looker is None or looker(data)
