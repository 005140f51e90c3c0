"""
What stands compressed in front of a PNG's pixels: texts and a profile (W3C PNG, third edition, §11.3.2.3, §11.3.3).

libvips inflates it all whenever it opens a file, before anybody is asked for room: 58 kB become 58 MB, several times.
"""

import zlib

from imgsvc.stream.base import CHUNK_BYTES
from imgsvc.transform.body import View

MAX_EXTRA_BYTES = 4 * 1024 * 1024
"""Of all of it together, inflated; a camera's texts and the largest profiles of printers are less."""

TOO_MUCH = f"More than {MAX_EXTRA_BYTES} bytes of texts and profile stand compressed before the picture's pixels."
"""What is said about such a picture."""

MAX_CHUNKS = 65536
"""Before the pixels; who sends more only makes work."""

MAX_NAME_BYTES = 4096
"""Before what is compressed; a keyword has 79 at most, and a translation of it is as short."""

_SIGNATURE_BYTES = 8
_CHUNK_HEAD_BYTES, _CHECKSUM_BYTES = 8, 4
_TRANSLATED = b"iTXt"
_KINDS = frozenset((b"zTXt", b"iCCP", _TRANSLATED))
_IS_COMPRESSED = b"\1"


def has_too_much(data: View) -> bool:
    """Whether more than :data:`MAX_EXTRA_BYTES` come of what is compressed, or it is hidden behind too much else."""
    at, left_bytes = _SIGNATURE_BYTES, MAX_EXTRA_BYTES
    for _ in range(MAX_CHUNKS):
        head = data[at : at + _CHUNK_HEAD_BYTES]
        start, kind = at + _CHUNK_HEAD_BYTES, head[4:]
        if len(head) < _CHUNK_HEAD_BYTES or kind == b"IDAT":
            return False
        end = start + int.from_bytes(head[:4], "big")
        if kind in _KINDS:
            compressed_at = _compressed_at(data, start, end, kind)
            if compressed_at is None:
                return True
            left_bytes -= _inflated_bytes(data, compressed_at, min(end, len(data)), left_bytes)
            if left_bytes < 0:
                return True
        at = end + _CHECKSUM_BYTES
    return True


def _compressed_at(data: View, start: int, end: int, kind: bytes) -> int | None:
    """Say where in a chunk the compressed bytes begin: at its end where there are none; None = farther than is read."""
    beginning = data[start : min(end, start + MAX_NAME_BYTES)]
    name, nul, rest = beginning.partition(b"\0")
    if kind == _TRANSLATED:
        if nul and rest[:1] != _IS_COMPRESSED:
            return end
        _, *behind = rest[2:].split(b"\0", 2)  # language, translation, text
        is_found, skipped_bytes = len(behind) > 1, len(beginning) - len((behind or [b""])[-1])
    else:
        is_found, skipped_bytes = bool(nul), len(name) + 2  # the method of compression, of which there is one
    if is_found:
        return start + skipped_bytes
    return end if end - start <= MAX_NAME_BYTES else None


def _inflated_bytes(data: View, start: int, end: int, most_bytes: int) -> int:
    """Count what comes of it, and no farther than just beyond *most_bytes*; broken, as far as it goes."""
    inflater, counted_bytes = zlib.decompressobj(), 0
    try:
        for at in range(start, end, CHUNK_BYTES):
            rest = data[at : min(end, at + CHUNK_BYTES)]
            while rest and counted_bytes <= most_bytes:
                counted_bytes += len(inflater.decompress(rest, CHUNK_BYTES))
                rest = inflater.unconsumed_tail
            if inflater.eof or counted_bytes > most_bytes:
                break
    except zlib.error:
        pass
    return counted_bytes
