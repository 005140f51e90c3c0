"""TIFFs that are all there, and TIFFs that are not."""

import struct
import tracemalloc
from io import BytesIO

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgsvc.transform.tiff_blocks import MAX_PIECES, is_whole
from tests.support import pictures

KINDS = {
    "plain": {},
    "deflate": {"compression": "deflate"},
    "lzw": {"compression": "lzw"},
    "jpeg": {"compression": "jpeg"},
    "tiled": {"tile": True, "tile_width": 16, "tile_height": 16},
    "packed-bits": {"compression": "packbits"},
}


def tiff(**options) -> bytes:
    return bytes(pictures.noise().tiffsave_buffer(**options))


@pytest.mark.parametrize("kind", KINDS)
def test_whole_files_are_whole(kind) -> None:
    """Every way to lay out and compress pixels is understood."""
    assert is_whole(tiff(**KINDS[kind]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tenths", range(1, 10))
def test_a_file_cut_anywhere_is_not(kind, tenths) -> None:
    """Wherever the file ends too early, directory or pixels, it shows."""
    data = tiff(**KINDS[kind])

    assert not is_whole(data[: len(data) * tenths // 10])


def test_the_other_byte_order() -> None:
    """Numbers that begin with their largest byte are read too."""
    pixels = bytes(range(6))
    entries = [(256, 3, 1, 2 << 16), (257, 3, 1, 1 << 16), (273, 4, 1, 8), (279, 4, 1, len(pixels))]
    directory = len(entries).to_bytes(2, "big") + b"".join(
        tag.to_bytes(2, "big") + kind.to_bytes(2, "big") + count.to_bytes(4, "big") + value.to_bytes(4, "big")
        for tag, kind, count, value in entries
    )
    data = b"MM\x00*" + (8 + len(pixels)).to_bytes(4, "big") + pixels + directory + bytes(4)

    assert is_whole(data)
    assert not is_whole(data.replace((8).to_bytes(4, "big") + b"\x01\x17", (999).to_bytes(4, "big") + b"\x01\x17"))


@given(st.binary(max_size=200))
def test_noise_is_never_an_exception(noise) -> None:
    """Whatever follows the first four bytes, the answer is yes or no."""
    for magic in (b"II*\x00", b"MM\x00*"):
        assert is_whole(magic + noise) in (True, False)


def test_libvips_alone_would_not_notice() -> None:
    """The reason for this file: a cut TIFF whose directory comes first decodes without an error."""
    whole = BytesIO()
    Image.effect_noise((64, 64), 50).save(whole, "TIFF")
    cut = whole.getvalue()[: len(whole.getvalue()) // 2]

    assert pyvips.Image.tiffload_buffer(cut, fail_on="truncated").copy_memory().width == 64
    assert is_whole(whole.getvalue())
    assert not is_whole(cut)


def strips(count: int, lengths: int) -> bytes:
    """Write a TIFF of strips of a byte, all at the same place."""
    places = struct.pack("<I", 300) * count
    tags = [(256, 1, 60), (257, 1, count), (273, count, 8), (279, lengths, 8)]
    directory = b"".join(struct.pack("<HHII", tag, 4, values, value) for tag, values, value in tags)
    return (
        b"II*\0" + struct.pack("<I", 8 + len(places)) + places + struct.pack("<H", len(tags)) + directory + bytes(300)
    )


def test_long_lists_take_no_memory() -> None:
    """A hundred thousand strips are read a few at a time; of more than any picture has not one is."""
    assert is_whole(strips(100_000, 100_000))
    assert not is_whole(strips(100_000, 99_999))
    tracemalloc.start()
    try:
        assert is_whole(strips(MAX_PIECES // 2, MAX_PIECES // 2))
        assert not is_whole(strips(MAX_PIECES + 1, MAX_PIECES + 1))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 4 * 4 * MAX_PIECES
