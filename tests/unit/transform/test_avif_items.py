"""Parts of an AVIF that are the same bytes over and over."""

import struct

import pytest

from imgsvc.transform.avif_items import MAX_LIST_BYTES, are_repeated
from tests.support import pictures


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + name + data


def file_of(parts: int, length: int) -> bytes:
    """Write no picture, but a list of so many parts, all at the same place."""
    places = b"".join(struct.pack(">HHHII", n, 0, 1, 100, length) for n in range(parts))
    places = box(b"iloc", bytes(4) + b"\x44\0" + struct.pack(">H", parts) + places)
    return (
        box(b"ftyp", b"avif") + box(b"meta", bytes(4) + box(b"hdlr", bytes(20)) + places) + box(b"mdat", bytes(10_000))
    )


def test_a_picture_has_its_parts_once() -> None:
    """What an encoder writes passes, and what is cut inside its list is for the decoder."""
    drawn = pictures.avif()
    assert not are_repeated(drawn)
    assert not any(are_repeated(drawn[: drawn.index(b"iloc") + kept]) for kept in range(24))


@pytest.mark.parametrize(("parts", "length"), [(200, 10_000), (3, 0), (MAX_LIST_BYTES, 0)])
def test_what_is_there_many_times_is_refused(parts, length) -> None:
    """By their lengths, where 0 is all of the file, or by their number."""
    assert are_repeated(file_of(min(parts, 65_535), length))
    assert not are_repeated(file_of(1, 10_000))
