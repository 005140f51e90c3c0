"""ICO, CUR and BMP: the largest picture, whole, within limits, or an error of ours."""

import struct
from io import BytesIO

import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imgsvc.errors import CorruptImage, ImageTooLarge
from imgsvc.model.formats import ImageFormat
from imgsvc.transform.containers import (
    MAX_RUN_LENGTH_BYTES,
    MAX_RUN_LENGTH_PIXELS,
    container_size,
    open_container,
)
from imgsvc.transform.limits import Limits

LIMITS = Limits(max_pixels=1_000_000, max_animation_pixels=1_000_000, max_frames=10, max_side_px=2000)
RED, BLUE = (255, 0, 0), (0, 0, 255)


def png(width, height, colour=(*RED, 255), mode="RGBA"):
    out = BytesIO()
    Image.new(mode, (width, height), colour).save(out, "PNG")
    return out.getvalue()


def bmp(picture, **options):
    out = BytesIO()
    picture.save(out, "BMP", **options)
    return out.getvalue()


def two_tone(mode="RGB", size=(6, 4)):
    """Red above, blue below."""
    picture = Image.new("RGB", size, RED)
    picture.paste(BLUE, (0, size[1] // 2, *size))
    return picture if mode == "RGB" else picture.convert(mode, colors=2) if mode == "P" else picture.convert(mode)


def dib(width, height, bits, pixels, *, mask=b"", palette=b"", top_down=False):
    """A bitmap as icons hold it: the height counts twice, the mask follows the pixels."""
    signed = -height * 2 if top_down else height * 2
    return struct.pack("<IiiHHIIiiII", 40, width, signed, 1, bits, 0, 0, 0, 0, 0, 0) + palette + pixels + mask


def icon(*entries, kind=1, offsets=None):
    """Each entry is (width byte, height byte, payload)."""
    head, body = struct.pack("<HHH", 0, kind, len(entries)), b""
    at = len(head) + 16 * len(entries)
    for index, (width, height, payload) in enumerate(entries):
        offset = offsets[index] if offsets else at + len(body)
        head += struct.pack("<BBBBHHII", width, height, 0, 0, 1, 32, len(payload), offset)
        body += payload
    return head + body


def pixel(image, x, y):
    return tuple(round(value) for value in image(x, y))


def test_largest_entry_is_opened():
    """Of several pictures the one with the most pixels is taken, wherever it stands."""
    data = icon((16, 16, png(16, 16)), (48, 48, png(48, 48, (*BLUE, 255))), (32, 32, png(32, 32)))
    image = open_container(data, ImageFormat.ICO, LIMITS)
    assert (image.width, image.height, pixel(image, 0, 0)) == (48, 48, (*BLUE, 255))


def test_more_bits_break_a_tie():
    """Of two pictures of one size the one with more bits a pixel is taken."""
    poor = dib(16, 16, 24, bytes(16 * 16 * 3), mask=bytes(64))
    data = icon((16, 16, poor), (16, 16, png(16, 16)))
    assert pixel(open_container(data, ImageFormat.ICO, LIMITS), 3, 3) == (*RED, 255)


def test_size_is_the_one_opened():
    """The size from the header alone is the size of what is decoded, beyond the directory's 256 too."""
    data = icon((0, 0, png(300, 280)), (32, 32, png(32, 32)))
    image = open_container(data, ImageFormat.ICO, LIMITS)
    assert container_size(data, ImageFormat.ICO, LIMITS) == (image.width, image.height) == (300, 280)


@pytest.mark.parametrize("kind", [1, 2])
def test_icon_with_alpha_channel(kind):
    """32-bit bitmaps keep their own alpha, in icons and in cursors; the mask is left aside."""
    pixels = bytes((0, 0, 255, 128)) * 2 + bytes((255, 0, 0, 255)) * 2
    image_format = ImageFormat.ICO if kind == 1 else ImageFormat.CUR
    image = open_container(icon((2, 2, dib(2, 2, 32, pixels, mask=b"\xff" * 8)), kind=kind), image_format, LIMITS)
    assert pixel(image, 0, 1) == (*RED, 128)
    assert pixel(image, 0, 0) == (*BLUE, 255)


def test_icon_of_32_bits_without_alpha_uses_its_mask():
    """Where no pixel has alpha the mask decides, as browsers do it."""
    pixels = bytes((0, 0, 255, 0)) * 4
    image = open_container(icon((2, 2, dib(2, 2, 32, pixels, mask=b"\x80\0\0\0\0\0\0\0"))), ImageFormat.ICO, LIMITS)
    assert [pixel(image, *at) for at in ((0, 1), (1, 1), (0, 0))] == [(*RED, 0), (*RED, 255), (*RED, 255)]


def test_icon_of_32_bits_without_alpha_or_mask_is_opaque():
    """With neither alpha nor mask the picture is simply there."""
    image = open_container(icon((2, 2, dib(2, 2, 32, bytes((0, 0, 255, 0)) * 4))), ImageFormat.ICO, LIMITS)
    assert pixel(image, 1, 1) == RED


def test_icon_with_palette_and_mask():
    """Paletted bitmaps get their transparency from the mask, whatever lies behind it."""
    palette = b"".join(bytes((0, 0, 255, 0)) for _ in range(2))
    payload = dib(8, 2, 1, bytes(8), palette=palette, mask=b"\0\0\0\0\xff\0\0\0") + b"junk"
    image = open_container(icon((8, 2, payload)), ImageFormat.ICO, LIMITS)
    assert (pixel(image, 0, 0), pixel(image, 0, 1)) == ((*RED, 0), (*RED, 255))


def test_top_down_icon():
    """A bitmap written from the top keeps its top there."""
    pixels = bytes((0, 0, 255)) * 1 + b"\0" + bytes((255, 0, 0)) + b"\0"
    image = open_container(
        icon((1, 2, dib(1, 2, 24, pixels, mask=b"\0\0\0\0\x80\0\0\0", top_down=True))), ImageFormat.ICO, LIMITS
    )
    assert (pixel(image, 0, 0), pixel(image, 0, 1)) == ((*RED, 255), (*BLUE, 0))


@pytest.mark.parametrize(("mode", "colour"), [("L", 200), ("I;16", 51400), ("P", 0), ("1", 1)])
def test_png_of_other_kinds_becomes_srgb(mode, colour):
    """Grey, 16-bit and paletted PNGs inside an icon come out as 8-bit sRGB."""
    data = icon((4, 4, png(4, 4, colour, mode)))
    image = open_container(data, ImageFormat.ICO, LIMITS)
    assert (image.interpretation, image.format) == ("srgb", "uchar")
    assert image.bands in (3, 4)


@pytest.mark.parametrize("mode", ["RGB", "P", "L", "1"])
def test_bitmap_of_every_depth(mode):
    """BMP of 24, 8 and 1 bits is opened as sRGB with its rows in order."""
    picture = two_tone(mode)
    image = open_container(bmp(picture), ImageFormat.BMP, LIMITS)
    expected = [picture.convert("RGB").getpixel(at) for at in ((0, 0), (0, 3))]
    assert [pixel(image, 0, 0), pixel(image, 0, 3)] == expected
    assert (image.width, image.height, image.interpretation) == (6, 4, "srgb")


def raw_bmp(width, height, bits, body, *, compression=0, palette=b""):
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(body), 0, 0, len(palette) // 4, 0)
    offset = 14 + len(header) + len(palette)
    return struct.pack("<2sIHHI", b"BM", offset + len(body), 0, 0, offset) + header + palette + body


def test_top_down_bitmap():
    """A negative height means that the first row is the uppermost."""
    body = b"\0\0\xff\0" + b"\xff\0\0\0"
    image = open_container(raw_bmp(1, -2, 24, body), ImageFormat.BMP, LIMITS)
    assert (pixel(image, 0, 0), pixel(image, 0, 1)) == (RED, BLUE)


def test_bitmap_of_4_bits():
    """Two pixels a byte are told apart."""
    palette = bytes((0, 0, 255, 0)) + bytes((255, 0, 0, 0)) + bytes(14 * 4)
    image = open_container(raw_bmp(2, 1, 4, b"\x01\0\0\0", palette=palette), ImageFormat.BMP, LIMITS)
    assert (pixel(image, 0, 0), pixel(image, 1, 0)) == (RED, BLUE)


@pytest.mark.parametrize("bits", [16, 32])
def test_bitmap_of_16_and_32_bits(bits):
    """Five bits a colour, and a fourth byte that means nothing, give plain red."""
    body = b"\x00\x7c\0\0" if bits == 16 else b"\0\0\xff\0"
    assert pixel(open_container(raw_bmp(1, 1, bits, body), ImageFormat.BMP, LIMITS), 0, 0) == RED


def test_run_length_coded_bitmap():
    """RLE8 is expanded."""
    palette = bytes((0, 0, 255, 0)) + bytes((255, 0, 0, 0))
    body = b"\x04\x01\0\0" + b"\x04\0\0\0\0\x01"
    image = open_container(raw_bmp(4, 2, 8, body, compression=1, palette=palette), ImageFormat.BMP, LIMITS)
    assert (pixel(image, 0, 0), pixel(image, 3, 1)) == (RED, BLUE)


@pytest.mark.parametrize(("side", "size_bytes"), [(2001, 2), (10, MAX_RUN_LENGTH_BYTES)])
def test_large_run_length_coded_bitmap_is_refused(side, size_bytes):
    """What is expanded byte by byte may have few pixels and few bytes only, since no deadline would stop it."""
    wide = Limits(max_pixels=MAX_RUN_LENGTH_PIXELS * 2, max_animation_pixels=1, max_frames=1, max_side_px=3000)
    data = raw_bmp(side, side, 8, b"\0\x01" * (size_bytes // 2), compression=1, palette=bytes(8))
    with pytest.raises(ImageTooLarge):
        open_container(data, ImageFormat.BMP, wide)


def cut(data):
    """*data*, a little shorter: always the end is missing."""
    return data[: len(data) - max(8, len(data) // 3)]


CONTAINERS = {
    "png": (ImageFormat.ICO, icon((64, 64, png(64, 64)))),
    "dib": (ImageFormat.ICO, icon((8, 8, dib(8, 8, 24, bytes(8 * 24), mask=bytes(32))))),
    "two": (ImageFormat.ICO, icon((8, 8, png(8, 8)), (64, 64, png(64, 64)))),
    "cur": (ImageFormat.CUR, icon((8, 8, dib(8, 8, 32, b"\x7f" * 256, mask=bytes(32))), kind=2)),
    "bmp": (ImageFormat.BMP, bmp(two_tone(size=(40, 40)))),
    "bmp8": (ImageFormat.BMP, bmp(two_tone("P", size=(40, 40)))),
    "rle": (ImageFormat.BMP, raw_bmp(4, 2, 8, b"\x04\x01\0\0\x04\0\0\0\0\x01", compression=1, palette=bytes(8))),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_truncated_file_is_corrupt(name):
    """A file whose end is missing is an error, by its headers where they tell, never half a picture or a small one."""
    image_format, data = CONTAINERS[name]
    for look in (open_container, container_size) if name != "rle" else (open_container,):
        with pytest.raises(CorruptImage):
            look(cut(data), image_format, LIMITS)


def test_truncated_png_in_an_icon_that_is_whole_is_corrupt():
    """The PNG inside may be cut off although the icon around it is not."""
    noise = pyvips.Image.gaussnoise(64, 64).cast("uchar").pngsave_buffer()
    with pytest.raises(CorruptImage):
        open_container(icon((64, 64, noise[: len(noise) // 2])), ImageFormat.ICO, LIMITS)


@pytest.mark.parametrize("offset", [0, 5, 10_000, 2**32 - 1])
def test_offset_outside_the_file_is_corrupt(offset):
    """A directory that points into itself or beyond the end is refused."""
    with pytest.raises(CorruptImage):
        open_container(icon((16, 16, png(16, 16)), offsets=[offset]), ImageFormat.ICO, LIMITS)


def bomb_png(width, height):
    data = bytearray(png(1, 1))
    data[16:24] = struct.pack(">II", width, height)
    return bytes(data)


@pytest.mark.parametrize(
    "payload", [bomb_png(60_000, 60_000), dib(1200, 1200, 24, b""), dib(2**31 - 1, 2, 1, b""), bomb_png(2001, 1)]
)
def test_bomb_in_an_icon_is_refused_by_its_header(payload):
    """The directory's small numbers do not hide a large picture, nor does a small picture before it."""
    data = icon((16, 16, png(16, 16)), (16, 16, payload))
    for check in (container_size, open_container):
        with pytest.raises(ImageTooLarge):
            check(data, ImageFormat.ICO, LIMITS)


def test_directory_is_held_against_the_limits_too():
    """A size of 0 in the directory means 256 and counts."""
    tight = Limits(max_pixels=10_000, max_animation_pixels=1, max_frames=1, max_side_px=100)
    with pytest.raises(ImageTooLarge):
        container_size(icon((0, 0, png(4, 4))), ImageFormat.ICO, tight)


def test_bitmap_bomb_is_refused_by_its_header():
    """A BMP's claimed size is judged before its pixels are missed."""
    with pytest.raises(ImageTooLarge):
        open_container(raw_bmp(40_000, 40_000, 24, b""), ImageFormat.BMP, LIMITS)


@pytest.mark.parametrize(
    ("data", "image_format"),
    [
        (b"", ImageFormat.ICO),
        (b"\0\0\1\0\0\0", ImageFormat.ICO),
        (b"\0\0\1\0\xff\xff" + bytes(16 * 65535), ImageFormat.ICO),
        (icon((4, 4, b"")), ImageFormat.ICO),
        (icon((4, 4, b"\x89PNG\r\n\x1a\n" + bytes(40))), ImageFormat.ICO),
        (icon((4, 4, dib(0, 4, 24, b""))), ImageFormat.ICO),
        (b"BM", ImageFormat.BMP),
        (raw_bmp(4, 4, 24, bytes(100), compression=4), ImageFormat.BMP),
        (raw_bmp(4, 4, 7, bytes(100)), ImageFormat.BMP),
    ],
)
def test_nonsense_is_corrupt(data, image_format):
    """Empty, endless, unknown or contradictory files are broken pictures."""
    with pytest.raises(CorruptImage):
        open_container(data, image_format, LIMITS)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(CONTAINERS)),
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=12),
    length=st.none() | st.integers(0, 400),
)
def test_mutations_raise_nothing_but_our_errors(name, edits, length):
    """Whatever happens to a file, the outcome is a picture within the limits or one of two errors."""
    image_format, data = CONTAINERS[name]
    mutated = bytearray(data[:length])
    for position, value in edits:
        if mutated:
            mutated[position % min(len(mutated), 120)] = value
    try:
        image = open_container(bytes(mutated), image_format, LIMITS)
    except (CorruptImage, ImageTooLarge):
        return
    assert image.width * image.height <= LIMITS.max_pixels
    assert len(image.write_to_memory()) == image.width * image.height * image.bands
