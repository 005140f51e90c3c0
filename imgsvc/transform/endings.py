"""
Whether a file reaches its own end, by its structure alone.

A picture that is answered as it is, is never decoded here, and most formats say themselves where they end. What this
lets through may still be broken inside; what it refuses was cut.
"""

from imgsvc.model.formats import ImageFormat
from imgsvc.stream.base import CHUNK_BYTES
from imgsvc.transform import gif_blocks, tiff_blocks
from imgsvc.transform.avif_items import BOX_BYTES, MAX_BOXES, box_size
from imgsvc.transform.body import View
from imgsvc.transform.limits import MAX_FRAMES

_JPEG_END = b"\xff\xd9"
_JPEG_FILL = 0xFF
_JPEG_SCAN, _JPEG_END_CODE = 0xDA, 0xD9
_JPEG_BARE = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a segment (ITU-T T.81, table B.1): TEM and restarts, which a decoder passes over."""

_JPEG_MARKER_BYTES, _JPEG_SEGMENT_HEAD_BYTES = 2, 4
_MAX_JPEG_SEGMENTS = 8192
"""Twice of what 255 pieces of a profile and 200 MB of extended XMP take; who sends more only makes work."""

_PNG_SIGNATURE_BYTES = 8
_PNG_CHUNK_BYTES = 12
_MAX_PNG_CHUNKS = 262_144
"""Ten times of what 50 MB in the pieces of 2 KB are that a few writers make; each costs a microsecond, at a thread that
nobody can stop."""

_RIFF_HEADER_BYTES, _RIFF_FORM_BYTES = 8, 12
_MAX_RIFF_CHUNKS = 65536
_WEBP_FRAME = b"ANMF"

_HOLE = bytes(4)
"""Where a name of four characters belongs: what a file has whose writer took the space and never wrote."""


def jpeg_is_whole(data: View) -> bool:
    """ITU-T T.81 §B.1.1.3: behind the pixels there is an end-of-image marker; what else follows is the writer's."""
    # From the end, a piece at a time: it is near in most files, and where it is missing other threads get their turn
    # between two pieces, which they do not during one search.
    start = _first_scan(data)
    ends = range(len(data), start, -CHUNK_BYTES)
    return any(_JPEG_END in data[max(start, end - CHUNK_BYTES - 1) : end] for end in ends)


def _first_scan(data: View) -> int:
    """
    Skip what precedes the pixels (§B.1.1.4): cameras put a small picture there, which has an end of its own.

    Where that makes no sense the decoder looks for the next marker, so the search begins there.
    """
    at = _JPEG_MARKER_BYTES
    for _ in range(_MAX_JPEG_SEGMENTS):
        head = data[at : at + _JPEG_SEGMENT_HEAD_BYTES]
        if len(head) < _JPEG_SEGMENT_HEAD_BYTES or head[0] != _JPEG_FILL or head[1] in (_JPEG_SCAN, _JPEG_END_CODE):
            break
        if head[1] == _JPEG_FILL:
            at += 1
        else:
            at += _JPEG_MARKER_BYTES + (0 if head[1] in _JPEG_BARE else int.from_bytes(head[2:], "big"))
    return at


def png_is_whole(data: View) -> bool:
    """PNG §5.3: no chunk reaches beyond the file; a missing IEND alone is forgiven, as its decoder does."""
    at = _PNG_SIGNATURE_BYTES
    for _ in range(_MAX_PNG_CHUNKS):
        if at + _PNG_CHUNK_BYTES > len(data):
            return at == len(data)
        name = data[at + 4 : at + 8]
        if name in (b"IEND", _HOLE):
            return name != _HOLE
        at += _PNG_CHUNK_BYTES + int.from_bytes(data[at : at + 4], "big")
    return False


def webp_is_whole(data: View) -> bool:
    """
    RFC 9649 §2.3-2.4: the RIFF header counts the rest of the file, which is chunks, each with name and size.

    What has more frames than anybody shows is refused too: its decoder goes through all that came before for each.
    """
    end = int.from_bytes(data[4:8], "little") + _RIFF_HEADER_BYTES
    if end > len(data):
        return False
    at, frames = _RIFF_FORM_BYTES, 0
    for _ in range(_MAX_RIFF_CHUNKS):
        if at + _RIFF_HEADER_BYTES > end:
            return True
        head = data[at : at + _RIFF_HEADER_BYTES]
        frames += head[:4] == _WEBP_FRAME
        if head[:4] == _HOLE or frames > MAX_FRAMES:
            return False
        size = int.from_bytes(head[4:], "little")
        at += _RIFF_HEADER_BYTES + size + size % 2
    return False


def avif_is_whole(data: View) -> bool:
    """ISO/IEC 14496-12 §4.2: each top-level box says its size; 0 = to the end, 1 = in 64 bits behind the name."""
    at = 0
    for _ in range(MAX_BOXES):
        if at + BOX_BYTES > len(data):
            return at == len(data)
        size, _ = box_size(data, at, len(data))
        if size < BOX_BYTES:
            return False
        at += size
    return False


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
