"""Where the parts of an AVIF lie: its decoder copies each when it opens it, however often they are the same bytes."""

from imgsvc.transform.body import View

MAX_LIST_BYTES = 64 * 1024
"""Of the list of places; libheif takes 256 parts."""

MOST_TIMES = 2
"""So many times its size a file may have in its parts: they lie beside one another in all that are no trick."""

_MAX_BOXES = 4096
_META_HEAD_BYTES, _BOX_BYTES, _LIST_HEAD_BYTES = 12, 8, 8


def are_repeated(data: View) -> bool:
    """Whether the parts (ISO/IEC 14496-12 §8.11.3) are much more than the file, or too many to be looked at."""
    meta = _find(data, 0, len(data), b"meta")
    places = meta and _find(data, meta[0] + _META_HEAD_BYTES, meta[1], b"iloc")
    if not places:
        return False
    start, end = places[0] + _BOX_BYTES, min(places[1], len(data))
    return end - start > MAX_LIST_BYTES or _total_bytes(bytes(data[start:end]), len(data)) > MOST_TIMES * len(data)


def _find(data: View, at: int, end: int, name: bytes) -> tuple[int, int] | None:
    """Give where the first box of a name begins and ends."""
    for _ in range(_MAX_BOXES):
        head = data[at : at + _BOX_BYTES]
        size = int.from_bytes(head[:4], "big")
        if head[4:] == name:
            return at, at + size if size else end
        if at + _BOX_BYTES > end or size < _BOX_BYTES:
            return None
        at += size
    return None


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
