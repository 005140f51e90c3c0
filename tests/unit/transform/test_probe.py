"""Headers and limits."""

import struct
import zlib

import pytest
from msgspec.structs import replace

from imgsvc.errors import CorruptImage, ImageTooLarge
from imgsvc.model.formats import ImageFormat
from imgsvc.transform import runtime
from imgsvc.transform.limits import Limits, check_size
from imgsvc.transform.probe import ImageInfo, may_animate, probe
from tests.support import pictures
from tests.unit.transform.bodies import KINDS, laid

LIMITS = Limits(max_pixels=50_000_000, max_animation_pixels=50_000_000, max_frames=256, max_side_px=16384)


@pytest.fixture(autouse=True)
def _prepared() -> None:
    runtime.prepare()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("image_format", pictures.RASTERS)
def test_every_format_tells_its_size(image_format, kind) -> None:
    """The header of every format gives the drawn size and one page, wherever it lies."""
    with laid(kind, pictures.RASTERS[image_format]()) as body:
        info = probe(body, image_format, LIMITS)
    assert (info.width, info.height, info.pages, info.orientation) == (64, 48, 1, 1)
    assert info.is_plain_srgb
    assert not info.has_metadata


@pytest.mark.parametrize(("image_format", "draw"), [(ImageFormat.BMP, pictures.bmp), (ImageFormat.ICO, pictures.ico)])
@pytest.mark.parametrize("kind", KINDS)
def test_containers_tell_the_size_of_their_largest_entry(image_format, draw, kind) -> None:
    """ICO and BMP are measured too."""
    with laid(kind, draw()) as body:
        info = probe(body, image_format, LIMITS)
    assert (info.width, info.height) == ((64, 48) if image_format is ImageFormat.BMP else (32, 32))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_sizes_are_those_after_orientation(orientation) -> None:
    """Width and height are what is seen; the orientation is what is in the file."""
    info = probe(pictures.oriented_jpeg(orientation), ImageFormat.JPEG, LIMITS)
    assert (info.width, info.height, info.orientation) == (64, 48, orientation)
    assert info.has_metadata


@pytest.mark.parametrize("image_format", [ImageFormat.GIF, ImageFormat.WEBP])
def test_frames_are_counted(image_format) -> None:
    """An animation tells its frames and the size of one."""
    info = probe(pictures.animation(image_format), image_format, LIMITS)
    assert (info.width, info.height, info.pages) == (60, 40, 3)


def test_pages_of_a_tiff_are_no_frames() -> None:
    """A TIFF counts as one picture whatever else is in it."""
    frames = [pictures.filled(c, 20, 10) for c in pictures.FRAME_COLOURS]
    info = probe(pictures.animated(frames, ImageFormat.TIFF), ImageFormat.TIFF, LIMITS)
    assert (info.width, info.height, info.pages) == (20, 10, 1)


@pytest.mark.parametrize(
    ("draw", "profile", "plain"),
    [
        (pictures.cmyk_jpeg, False, False),
        (pictures.cmyk_jpeg_with_profile, True, False),
        (pictures.wide_gamut_png, True, False),
        (pictures.deep_png, False, False),
        (lambda: pictures.jpeg(profile="srgb", keep="icc"), True, True),
    ],
)
def test_colour_is_told_apart(draw, profile, plain) -> None:
    """What is not 8-bit sRGB is known as such; an sRGB profile changes nothing."""
    data = draw()
    image_format = ImageFormat.JPEG if data.startswith(b"\xff\xd8") else ImageFormat.PNG
    info = probe(data, image_format, LIMITS)
    assert (info.has_profile, info.is_plain_srgb) == (profile, plain)


def test_progressive_is_told_apart() -> None:
    """An interlaced picture is known as such."""
    assert probe(pictures.jpeg(interlace=True), ImageFormat.JPEG, LIMITS).interlaced


@pytest.mark.parametrize(("width", "height"), [(10, 101), (101, 10), (50, 50)])
def test_what_is_too_large_is_refused(width, height) -> None:
    """A side or an area over its limit is an error."""
    limits = replace(LIMITS, max_side_px=100, max_pixels=2499)
    with pytest.raises(ImageTooLarge):
        check_size(width, height, limits)
    with pytest.raises(ImageTooLarge):
        probe(pictures.png(pictures.filled(pictures.RED, width, height)), ImageFormat.PNG, limits)


def test_what_just_fits_is_let_through() -> None:
    """The limits themselves are allowed."""
    check_size(100, 25, replace(LIMITS, max_side_px=100, max_pixels=2500))


@pytest.mark.parametrize(("frames", "pixels", "allowed"), [(3, 3000, True), (2, 3000, False), (3, 2999, False)])
def test_animations_have_limits_of_their_own(frames, pixels, allowed) -> None:
    """Frames and the pixels of all of them together decide whether an animation stays one."""
    info = ImageInfo(image_format=ImageFormat.GIF, width=100, height=10, pages=3)
    limits = replace(LIMITS, max_frames=frames, max_animation_pixels=pixels)
    assert may_animate(info, limits) is allowed


@pytest.mark.parametrize("image_format", pictures.RASTERS)
def test_a_broken_header_is_an_error_of_ours(image_format) -> None:
    """A head without a body is a corrupt picture, and nothing of libvips' text is told."""
    with pytest.raises(CorruptImage, match=r"^The picture is broken or ends too early\.$"):
        probe(pictures.RASTERS[image_format]()[:16], image_format, LIMITS)


def test_the_loader_is_that_of_our_sniff() -> None:
    """A PNG called a JPEG is corrupt: libvips does not get to guess."""
    with pytest.raises(CorruptImage):
        probe(pictures.png(), ImageFormat.JPEG, LIMITS)


def test_a_keyword_outside_ascii_is_no_fault() -> None:
    """PNG has texts' keywords in Latin-1, which pyvips cannot list; what they are is not known, so they are removed."""
    text = b"tEXt" + "Größe".encode("latin-1") + b"\0small"
    drawn = pictures.png()
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    info = probe(drawn[:33] + chunk + drawn[33:], ImageFormat.PNG, LIMITS)
    assert (info.width, info.height) == (64, 48)
    assert info.has_metadata
    assert not info.has_profile
