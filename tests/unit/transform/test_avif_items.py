"""Parts of an AVIF that are the same bytes over and over."""

import struct

import pytest

from imgsvc.transform.avif_items import MAX_BOXES, MAX_LIST_BYTES, are_repeated
from tests.support import pictures


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", 8 + len(data)) + name + data


def large(name: bytes, data: bytes) -> bytes:
    """Write a box whose size is in 64 bits."""
    return struct.pack(">I", 1) + name + struct.pack(">Q", 16 + len(data)) + data


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


@pytest.mark.parametrize("metas", [
    lambda meta, _: box(b"free", b"") + large(b"free", b"") + box(b"meta", meta),
    lambda meta, _: large(b"meta", meta),
    lambda meta, _: struct.pack(">I", 0) + b"meta" + meta,
    lambda meta, honest: box(b"meta", honest) + box(b"meta", meta),
    lambda meta, _: box(b"meta", meta[:4] + large(b"free", b"") + meta[4:]),
    lambda meta, _: box(b"meta", meta[:4] + large(b"iloc", meta[meta.index(b"iloc") + 4 :])),
    lambda meta, _: box(b"meta", meta[:4] + box(b"free", b"") * MAX_BOXES + meta[4:]),
])  # fmt: skip
def test_the_list_is_found_wherever_the_decoder_finds_it(metas) -> None:
    """Behind boxes whose sizes are in 64 bits, in such a box, in the last of several, behind ever so many."""
    bomb, honest = (file[20 : file.index(b"mdat") - 4] for file in (file_of(200, 10_000), file_of(1, 10_000)))
    assert are_repeated(box(b"ftyp", b"avif") + metas(bomb, honest) + bytes(10_000))


def test_lists_are_read_up_to_a_bound_together() -> None:
    """Many lists cost no more than one."""
    one = box(b"iloc", bytes(MAX_LIST_BYTES // 2))
    assert not are_repeated(box(b"ftyp", b"avif") + box(b"meta", bytes(4) + one))
    assert are_repeated(box(b"ftyp", b"avif") + box(b"meta", bytes(4) + one * 3))
