"""Where the parts of an AVIF lie: its decoder copies each when it opens it, however often they are the same bytes."""

from collections.abc import Iterator

from imgsvc.transform.body import View

MAX_LIST_BYTES = 64 * 1024
"""Of the list of places, or of all of them, where there are several; libheif takes 256 parts."""

MOST_TIMES = 2
"""So many times its size a file may have in its parts: they lie beside one another in all that are no trick."""

MAX_BOXES = 4096
"""A picture has a few dozen; who sends more only makes work."""

BOX_BYTES = 8
"""Of a box's size, in 32 bits, and name."""

_LARGE_BOX_BYTES, _VERSION_BYTES, _LIST_HEAD_BYTES = 16, 4, 8


def are_repeated(data: View) -> bool:
    """Whether the parts (ISO/IEC 14496-12 §8.11.3) are much more than the file, or too many to be looked at."""
    left_bytes = MAX_LIST_BYTES
    for count, (name, start, end) in enumerate(_boxes(data)):
        if name == b"iloc":
            left_bytes -= end - start
        if count == MAX_BOXES or left_bytes < 0:
            return True
        if name == b"iloc" and _total_bytes(bytes(data[start:end]), len(data)) > MOST_TIMES * len(data):
            return True
    return False


def _boxes(data: View) -> Iterator[tuple[bytes, int, int]]:
    """Give the boxes of a file and those in its metadata, of which the decoder takes the last there are."""
    for name, start, end in _row(data, 0, len(data)):
        yield name, start, end
        if name == b"meta":
            yield from _row(data, start + _VERSION_BYTES, end)


def _row(data: View, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Give name, beginning and end of what is in boxes side by side."""
    while at + BOX_BYTES <= end:
        size, head_bytes = box_size(data, at, end)
        if size < head_bytes:
            return
        yield data[at + 4 : at + 8], at + head_bytes, min(at + size, end)
        at += size


def box_size(data: View, at: int, end: int) -> tuple[int, int]:
    """Give the bytes of the box at *at*, and those of its head (§4.2): 0 = all to *end*, 1 = in 64 bits behind it."""
    size = int.from_bytes(data[at : at + 4], "big")
    if size != 1:
        return size or end - at, BOX_BYTES
    return int.from_bytes(data[at + BOX_BYTES : at + _LARGE_BOX_BYTES], "big"), _LARGE_BOX_BYTES


def _total_bytes(box: bytes, file_bytes: int) -> int:
    """Add up the lengths in a list of places; a length of 0 is all of the file."""
    if len(box) < _LIST_HEAD_BYTES:
        return 0
    version, offset_bytes, length_bytes = box[0], box[4] >> 4, box[4] & 15
    base_bytes, index_bytes = box[5] >> 4, (box[5] & 15) * (version > 0)
    wide = 4 if version > 1 else 2
    total, at = 0, 6 + wide
    for _ in range(int.from_bytes(box[6:at], "big")):
        at += wide + 2 * (version > 0) + 2 + base_bytes
        extents = int.from_bytes(box[at : at + 2], "big")
        at += 2
        for _ in range(extents):
            at += index_bytes + offset_bytes
            total += int.from_bytes(box[at : at + length_bytes], "big") or file_bytes
            at += length_bytes
            if at > len(box) or total > MOST_TIMES * file_bytes:
                return total
        if at > len(box):
            break
    return total
