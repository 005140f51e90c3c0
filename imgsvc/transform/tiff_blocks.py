"""Whether a TIFF is all there: its decoder fills what is missing with black and calls that a picture."""

import struct
from collections.abc import Iterator
from itertools import repeat

from imgsvc.transform.body import View

_SHORT, _LONG = 3, 4
_CODES = {_SHORT: "H", _LONG: "I"}
# Section 2, "Types": bytes of one value, by number of the type.
_TYPE_BYTES = {1: 1, 2: 1, _SHORT: 2, _LONG: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_ENTRY_BYTES = 12
_VALUE_BYTES = 4
# TIFF 6.0, part 1 section 8 and part 2 section 15: where the pieces of a picture begin, and how long they are.
_STRIP_OFFSETS, _STRIP_LENGTHS = 273, 279
_TILE_OFFSETS, _TILE_LENGTHS = 324, 325

MAX_PIECES = 1024 * 1024
"""The smallest tiles there are, of 50 million pixels in four planes, are fewer; a list of twelve million took 1 GB."""

_NUMBERS_AT_ONCE = 4096


def is_whole(data: View) -> bool:
    """
    Look up where the first picture's strips or tiles lie, and whether the file reaches as far.

    Lengths are left away by some old writers; then only the beginnings are checked.
    """
    order = "<" if data[:2] == b"II" else ">"
    try:
        tags = _first_directory(data, order)
        if not all(_reaches(data, order, *tag) for tag in tags.values()):
            return False
        for offsets_tag, lengths_tag in ((_STRIP_OFFSETS, _STRIP_LENGTHS), (_TILE_OFFSETS, _TILE_LENGTHS)):
            if offsets_tag in tags:
                return _holds(data, order, tags[offsets_tag], tags.get(lengths_tag))
    except (struct.error, ValueError):
        return False
    return False


def _unpack(form: str, data: View, at: int) -> tuple[int, ...]:
    """Read numbers from *at* on; raises struct.error where the file ends before them."""
    return struct.unpack(form, data[at : at + struct.calcsize(form)])


def _first_directory(data: View, order: str) -> dict[int, tuple[int, int, int]]:
    """Give type, count and position of the value, by tag (section 2, "Image File Directory")."""
    (at,) = _unpack(f"{order}I", data, 4)
    (count,) = _unpack(f"{order}H", data, at)
    entries = (at + 2 + _ENTRY_BYTES * n for n in range(count))
    return {tag: (kind, values, entry + 8) for entry in entries for tag, kind, values in [_entry(data, order, entry)]}


def _entry(data: View, order: str, at: int) -> tuple[int, int, int]:
    tag, kind, values = _unpack(f"{order}HHI", data, at)
    return tag, kind, values


def _reaches(data: View, order: str, kind: int, count: int, at: int) -> bool:
    """Whether a tag's values are in the file; a type of later times is passed over, as the section asks."""
    size = _TYPE_BYTES.get(kind, 0) * count
    return size <= _VALUE_BYTES or int(_unpack(f"{order}I", data, at)[0]) + size <= len(data)


def _holds(data: View, order: str, offsets: tuple[int, int, int], lengths: tuple[int, int, int] | None) -> bool:
    """Whether every strip or tile lies within the file; as many lengths as beginnings, if there are any."""
    count = offsets[1]
    if count > MAX_PIECES or (lengths is not None and lengths[1] != count):
        return False
    sizes = repeat(1, count) if lengths is None else _values(data, order, *lengths)
    return all(at + size <= len(data) for at, size in zip(_values(data, order, *offsets), sizes, strict=True))


def _values(data: View, order: str, kind: int, count: int, at: int) -> Iterator[int]:
    """Read whole numbers, which stand in the entry itself when they fit into it; a few at a time."""
    if kind not in _CODES:
        raise ValueError(f"numbers of type {kind}")
    code, size = _CODES[kind], _TYPE_BYTES[kind]
    if size * count > _VALUE_BYTES:
        (at,) = _unpack(f"{order}I", data, at)
    for first in range(0, count, _NUMBERS_AT_ONCE):
        yield from _unpack(f"{order}{min(_NUMBERS_AT_ONCE, count - first)}{code}", data, at + first * size)
