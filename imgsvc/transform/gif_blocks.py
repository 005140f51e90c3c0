"""Whether a GIF is all there: its decoder shows what has arrived of a frame and calls that a picture."""

from imgsvc.transform.body import View
from imgsvc.transform.limits import MAX_FRAMES

_HEADER_BYTES = 13
_IMAGE_HEADER_BYTES = 10
_COLOUR_TABLE = 0x80
_EXTENSION, _IMAGE = 0x21, 0x2C
MAX_STEPS = 1024 * 1024
"""From block to block and from piece to piece, beside those of full pieces: each takes time of a thread that nobody can
stop."""

_FULL_PIECE_BYTES = 256
_HOLE = bytes(8)
"""More than the stray zeros of careless writers: space that was taken and never written."""


def is_whole(data: View) -> bool:
    """
    Walk the blocks of a GIF (GIF89a specification, §§17-27) without reading pixels.

    A file that ends between two blocks counts as whole: many writers leave the trailer away, and browsers do not
    mind. One that ends inside a block does not, nor does one without a frame, nor one that is empty where a block
    should begin.
    """
    if len(data) < _HEADER_BYTES:
        return False
    at = _HEADER_BYTES + _table_bytes(data[10])
    frames, left_steps = 0, MAX_STEPS + len(data) // _FULL_PIECE_BYTES
    while left_steps > 0 and frames <= MAX_FRAMES and at < len(data) and data[at] in (_EXTENSION, _IMAGE):
        if data[at] == _IMAGE:
            frames += 1
            at += _IMAGE_HEADER_BYTES
            # The colour table, if there is one, and one byte for the size of the codes.
            at += _table_bytes(data[at - 1]) + 1 if at <= len(data) else 0
        else:
            at += 2
        at, left_steps = _after_chain(data, at, left_steps - 1)
    return left_steps > 0 and 0 < frames <= MAX_FRAMES and at <= len(data) and data[at : at + len(_HOLE)] != _HOLE


def _table_bytes(flags: int) -> int:
    """The lowest three bits say how many colours there are."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & _COLOUR_TABLE else 0


def _after_chain(data: View, at: int, left_steps: int) -> tuple[int, int]:
    """Skip length-prefixed pieces up to the empty one, beyond the end when there is none; give the steps left too."""
    size = len(data)
    while at < size and left_steps > 0:
        length = data[at]
        at += length + 1
        left_steps -= 1
        if not length:
            return at, left_steps
    return size + 1, left_steps
