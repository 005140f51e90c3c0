"""Whether a TIFF is all there: its decoder fills what is missing with black and calls that a picture."""

import struct

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
                offsets = _values(data, order, *tags[offsets_tag])
                lengths = _values(data, order, *tags[lengths_tag]) if lengths_tag in tags else [1] * len(offsets)
                return all(at + length <= len(data) for at, length in zip(offsets, lengths, strict=True))
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


def _values(data: View, order: str, kind: int, count: int, at: int) -> tuple[int, ...]:
    """Read whole numbers, which stand in the entry itself when they fit into it."""
    if kind not in _CODES:
        raise ValueError(f"numbers of type {kind}")
    form = f"{order}{count}{_CODES[kind]}"
    if count > len(data):
        raise ValueError("more numbers than bytes")
    if struct.calcsize(form) > _VALUE_BYTES:
        (at,) = _unpack(f"{order}I", data, at)
    return _unpack(form, data, at)
