"""Answers: what they show and how large they are."""

import pytest
import pyvips

from imgsvc.model.colours import Colour
from imgsvc.model.formats import ImageFormat, sniff
from imgsvc.model.spec import Fit, Gravity, Output, TransformSpec
from tests.support import pictures
from tests.support.pictures import BLUE, CORNERS, GREEN, RED, YELLOW, decoded, is_near, shows
from tests.support.rendering import render

PNG = Output.PNG
METADATA = ("exif-data", "xmp-data", "iptc-data", "icc-profile-data")
ENCODERS = {
    Output.JPEG: ImageFormat.JPEG,
    Output.PNG: ImageFormat.PNG,
    Output.WEBP: ImageFormat.WEBP,
    Output.GIF: ImageFormat.GIF,
    Output.AVIF: ImageFormat.AVIF,
}


def shown(data: bytes, **wanted):
    """Render as PNG and decode."""
    answer = render(data, TransformSpec(output=PNG, **wanted))
    image = decoded(answer.data)
    assert (image.width, image.height) == (answer.width, answer.height)
    return image


@pytest.mark.parametrize("image_format", pictures.RASTERS)
@pytest.mark.parametrize("output", ENCODERS)
def test_every_format_becomes_every_format(image_format, output) -> None:
    """Colours and sizes survive each way from one format to another."""
    answer = render(pictures.RASTERS[image_format](), TransformSpec(output=output, width=32))
    assert sniff(answer.data) is ENCODERS[output]
    assert (answer.width, answer.height) == (32, 24)
    # Chroma at half resolution lets some colour across the borders, palettes are dithered.
    assert shows(decoded(answer.data), CORNERS, 24)


@pytest.mark.parametrize("draw", [pictures.bmp, lambda: pictures.ico(pictures.quarters(32, 32))])
def test_containers_are_drawn(draw) -> None:
    """BMP and ICO go the same way."""
    image = shown(draw(), width=16)
    assert shows(image, CORNERS, 24)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("wanted", [{}, {"width": 32}, {"width": 20, "height": 20, "fit": Fit.FILL}])
def test_orientation_is_applied_and_gone(orientation, wanted) -> None:
    """All eight orientations come out upright, and the tag does not come out at all."""
    answer = render(pictures.oriented_jpeg(orientation), TransformSpec(output=Output.JPEG, quality=95, **wanted))
    image = decoded(answer.data)
    assert shows(image, CORNERS, 24)
    assert (answer.width, answer.height) == (wanted.get("width", 64), 20 if "height" in wanted else image.height)
    assert not [name for name in METADATA if image.get_typeof(name)]
    assert not image.get_typeof("orientation") or image.get("orientation") == 1


@pytest.mark.parametrize(
    ("wanted", "colours", "size"),
    [
        ({"rotate": 90}, (BLUE, RED, YELLOW, GREEN), (48, 64)),
        ({"rotate": 180}, (YELLOW, BLUE, GREEN, RED), (64, 48)),
        ({"rotate": 270}, (GREEN, YELLOW, RED, BLUE), (48, 64)),
        ({"flip": True}, (BLUE, YELLOW, RED, GREEN), (64, 48)),
        ({"flop": True}, (GREEN, RED, YELLOW, BLUE), (64, 48)),
        ({"rotate": 90, "flop": True}, (RED, BLUE, GREEN, YELLOW), (48, 64)),
        ({"rotate": 90, "width": 24}, (BLUE, RED, YELLOW, GREEN), (24, 32)),
    ],
)
@pytest.mark.parametrize("draw", [pictures.png, lambda: pictures.oriented_jpeg(6)])
def test_turning(wanted, colours, size, draw) -> None:
    """Rotation is clockwise, comes before mirroring, and the box is meant for what comes out of it."""
    image = shown(draw(), **wanted)
    assert (image.width, image.height) == size
    assert shows(image, colours)


@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize("enlarge", [False, True])
def test_the_picture_fills_what_it_should(fit, enlarge) -> None:
    """Every fit keeps the corners where they are, or cuts them evenly."""
    image = shown(pictures.png(pictures.quarters(64, 64)), width=90, height=60, fit=fit, enlarge=enlarge)
    inside = image.crop((image.width - 40) // 2, (image.height - 40) // 2, 40, 40)
    assert shows(inside[:3], CORNERS)


@pytest.mark.parametrize(
    ("output", "background", "bar"),
    [
        (Output.PNG, None, [0, 0, 0, 0]),
        (Output.JPEG, None, [255, 255, 255]),
        (Output.PNG, Colour(10, 200, 30), [10, 200, 30]),
        (Output.JPEG, Colour(10, 200, 30), [10, 200, 30]),
        (Output.PNG, Colour(10, 200, 30, 128), [10, 200, 30, 128]),
        (Output.JPEG, Colour(0, 0, 0, 128), [127, 127, 127]),
        (Output.PNG, Colour(9, 9, 9, 0), [0, 0, 0, 0]),
        (Output.JPEG, Colour(9, 9, 9, 0), [255, 255, 255]),
    ],
)
def test_bars_have_the_background(output, background, bar) -> None:
    """Bars are transparent where the format can, else white, unless a colour is asked for."""
    spec = TransformSpec(output=output, width=100, height=40, fit=Fit.CONTAIN, background=background)
    image = decoded(render(pictures.png(), spec).data)
    assert (image.width, image.height) == (100, 40)
    assert is_near(image(5, 20), tuple(bar), 6)
    assert len(image(5, 20)) == len(bar)
    assert is_near(image(30, 5)[:3], RED, 24)


def test_transparency_lies_on_white_where_the_format_has_none() -> None:
    """A JPEG of a transparent picture is white, not black."""
    data = pictures.png(pictures.filled((0, 0, 0, 0), 40, 30))
    assert decoded(render(data, TransformSpec(output=Output.JPEG)).data)(5, 5) == [255, 255, 255]


def test_transparent_colours_do_not_bleed() -> None:
    """Where opaque white meets transparent black nothing grey appears."""
    image = pictures.filled((0, 0, 0, 0), 64, 64).insert(pictures.filled((255, 255, 255, 255), 32, 64), 0, 0)
    for wanted in ({"width": 21}, {"blur": 3.0}):
        result = shown(pictures.png(image), **wanted)
        visible = result[3] > 16
        assert visible.ifthenelse(result[:3], [255, 255, 255]).min() > 235


@pytest.mark.parametrize(
    ("gravity", "focus", "colour"),
    [
        (Gravity.WEST, None, RED),
        (Gravity.EAST, None, BLUE),
        (Gravity.FOCUS, (0.0, 0.5), RED),
        (Gravity.FOCUS, (1.0, 0.5), BLUE),
    ],
)
def test_gravity_chooses_the_side(gravity, focus, colour) -> None:
    """What cover keeps lies where gravity says."""
    image = pictures.filled(RED, 100, 50).insert(pictures.filled(BLUE, 50, 50), 50, 0)
    result = shown(pictures.png(image), width=25, height=50, fit=Fit.COVER, gravity=gravity, focus=focus)
    assert is_near(result(12, 25), colour)


@pytest.mark.parametrize("gravity", [Gravity.ATTENTION, Gravity.ENTROPY])
def test_smart_gravity_finds_the_only_thing_there_is(gravity) -> None:
    """In a dull picture both keep the part where something happens."""
    image = pictures.filled((128, 128, 128), 200, 50).insert(pictures.noise(50, 50), 140, 0)
    result = shown(pictures.png(image), width=50, height=50, fit=Fit.COVER, gravity=gravity)
    assert result.deviate() > 30


def test_trim_comes_before_the_resize() -> None:
    """The border is gone and the box is filled by what was inside it."""
    image = shown(pictures.png(pictures.framed()), trim=10, width=20)
    assert (image.width, image.height) == (20, 10)
    assert is_near(image(1, 1), RED)


def test_trim_looks_at_the_oriented_picture() -> None:
    """Trimming an oriented source cuts what is seen as the border."""
    image = pictures.framed().rot270().copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    result = shown(pictures.png(image, keep="exif"), trim=10)
    assert (result.width, result.height) == (40, 20)


def test_blur_and_sharpen_do_what_they_say() -> None:
    """One lowers contrast between neighbours, the other raises it."""
    data = pictures.png(pictures.noise())
    plain = shown(data).deviate()
    assert shown(data, blur=2.0).deviate() < plain / 2
    soft = pictures.png(pictures.noise().gaussblur(1.5))
    assert shown(soft, sharpen=2.0).deviate() > shown(soft).deviate()


@pytest.mark.parametrize("draw", [pictures.png, lambda: pictures.png(pictures.filled((*RED, 99), 20, 20))])
def test_greyscale_drops_colour_and_keeps_alpha(draw) -> None:
    """Grey is grey; transparency stays."""
    data = draw()
    image = shown(data, greyscale=True)
    assert image.interpretation == "b-w"
    assert image.hasalpha() == decoded(data).hasalpha()


def test_a_background_behind_grey_keeps_its_colour() -> None:
    """The background comes last: grey pictures may lie on red."""
    data = pictures.png(pictures.filled((*GREEN, 0), 20, 20))
    image = shown(data, greyscale=True, background=Colour(*RED))
    assert is_near(image(3, 3), RED)


@pytest.mark.parametrize(
    "draw", [pictures.wide_gamut_png, pictures.deep_png, lambda: pictures.jpeg(pictures.filled(RED, 32, 24))]
)
@pytest.mark.parametrize("wanted", [{}, {"width": 10}, {"trim": 10}])
def test_colours_are_srgb(draw, wanted) -> None:
    """Whatever the source's colours are, the answer is 8-bit sRGB without a profile."""
    image = shown(draw(), **wanted)
    assert (image.format, image.interpretation) == ("uchar", "srgb")
    assert is_near(image(4, 4), RED)
    assert not image.get_typeof("icc-profile-data")


def test_cmyk_becomes_srgb() -> None:
    """CMYK with a profile looks the same, without one red stays red."""
    assert shows(shown(pictures.cmyk_jpeg_with_profile(), width=32), CORNERS, 60)  # ink cannot be as blue
    red, green, blue = shown(pictures.cmyk_jpeg())(4, 4)
    assert red > 200
    assert max(green, blue) < 60


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("exif-6.jpg", (120, 160)),
        ("photo-2mp-leaf.jpg", (120, 75)),
        ("logo-alpha.png", (120, 120)),
        ("anim.webp", (120, 127)),
    ],
)
@pytest.mark.corpus
def test_real_pictures(name, size) -> None:
    """Pictures from the wild come out in the size asked for."""
    answer = render(pictures.corpus(name), TransformSpec(output=Output.AUTO_WEBP, width=120))
    assert (answer.width, answer.height) == size
    assert (answer.media_type, answer.degraded) == ("image/webp", "")
