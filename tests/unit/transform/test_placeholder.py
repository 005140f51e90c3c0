"""Descriptions and stand-ins: right for every kind of pixel, small, and the same every time."""

import base64

import pytest
import pyvips

from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import Placeholder
from imgsvc.transform.placeholder import describe, stand_in
from imgsvc.transform.probe import ImageInfo

RED, BLUE = [220, 20, 30], [10, 20, 230]
DATA_URL = "data:image/webp;base64,"


def flat(width, height, colour):
    return (
        pyvips.Image.black(width, height, bands=len(colour)).linear(1, colour).cast("uchar").copy(interpretation="srgb")
    )


def two_thirds():
    """Red on the left two thirds, blue on the right."""
    return flat(200, 150, RED).join(flat(100, 150, BLUE), "horizontal")


def noise(width=300, height=300):
    bands = [pyvips.Image.gaussnoise(width, height, mean=128, sigma=80, seed=seed) for seed in range(4)]
    return bands[0].bandjoin(bands[1:]).cast("uchar").copy(interpretation="srgb")


def channels(colour):
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def test_colour_is_the_most_frequent_not_the_mean():
    """Of two colours the larger one is named, not the mixture that is nowhere in the picture."""
    assert channels(stand_in(two_thirds(), Placeholder.COLOR)) == pytest.approx(RED, abs=2)


def test_colour_survives_noise_across_a_box_edge():
    """A large group of nearly one colour beats a smaller one of exactly one colour."""
    shaky = (pyvips.Image.gaussnoise(200, 100, mean=128, sigma=4, seed=1)).cast("uchar").bandjoin([128, 128])
    image = shaky.copy(interpretation="srgb").join(flat(150, 100, BLUE), "horizontal")
    assert channels(stand_in(image, Placeholder.COLOR)) == pytest.approx([128, 128, 128], abs=8)


def test_transparent_pixels_have_no_colour():
    """What is transparent does not count, however much of it there is."""
    image = flat(300, 100, [*BLUE, 0]).join(flat(60, 100, [*RED, 255]), "horizontal")
    assert channels(stand_in(image, Placeholder.COLOR)) == pytest.approx(RED, abs=4)


def test_nothing_but_transparency_is_white():
    """A picture with nothing in it is described as white."""
    assert stand_in(flat(10, 10, [*RED, 0]), Placeholder.COLOR) == "#ffffff"


def test_thumbhash_knows_alpha_and_shape():
    """The hash is standard base64 and says landscape and alpha."""
    hashed = base64.b64decode(stand_in(flat(300, 100, [*RED, 90]), Placeholder.THUMBHASH), validate=True)
    assert hashed[2] & 0x80
    assert hashed[4] & 0x80


@pytest.mark.parametrize("image", [two_thirds(), noise(), noise(3, 3000), flat(1, 1, RED)])
def test_blur_is_a_small_picture_of_the_same_shape(image):
    """The blurred stand-in is a WebP of at most a kilobyte and 20 px."""
    url = stand_in(image, Placeholder.BLUR)
    picture = pyvips.Image.webpload_buffer(base64.b64decode(url.removeprefix(DATA_URL), validate=True))
    assert url.startswith(DATA_URL)
    assert len(url) <= 1024
    assert max(picture.width, picture.height) <= 20
    assert (
        abs(picture.width / picture.height - image.width / image.height) < 0.25
        or min(picture.width, picture.height) == 1
    )


def test_blur_keeps_transparency():
    """What is transparent stays so, and its hidden colour does not bleed out."""
    image = flat(50, 100, [*BLUE, 0]).join(flat(50, 100, [*RED, 255]), "horizontal")
    url = stand_in(image, Placeholder.BLUR)
    picture = pyvips.Image.webpload_buffer(base64.b64decode(url.removeprefix(DATA_URL)))
    assert picture(1, 10)[3] < 40
    assert picture(18, 10)[:3] == pytest.approx(RED, abs=25)


def grey():
    return flat(40, 40, [90]).copy(interpretation="b-w")


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (grey(), [90, 90, 90]),
        (grey().bandjoin(255), [90, 90, 90]),
        (flat(40, 40, RED).colourspace("rgb16"), RED),
        (flat(40, 40, [0, 255, 255, 0]).copy(interpretation="cmyk"), [225, 20, 25]),
        (flat(1, 1, RED), RED),
        (flat(2000, 1, RED), RED),
    ],
)
def test_every_kind_of_pixel_is_understood(image, expected):
    """Grey, 16 bits, CMYK and slivers are turned into sRGB before they are looked at."""
    assert channels(stand_in(image, Placeholder.COLOR)) == pytest.approx(expected, abs=35)
    assert stand_in(image, Placeholder.THUMBHASH)
    assert stand_in(image, Placeholder.BLUR)


def info(**changes):
    values = {"image_format": ImageFormat.JPEG, "width": 300, "height": 150, **changes}
    return ImageInfo(**values)


def test_description_says_what_the_header_says():
    """All that ``f=json`` promises is there, under its names."""
    told = describe(two_thirds(), info(orientation=6, pages=3, has_alpha=True), ImageFormat.JPEG, 12345)
    colour, hashed = told.pop("dominant_color"), told.pop("thumbhash")
    assert told == {
        "width": 300, "height": 150, "format": "jpeg", "pages": 3, "has_alpha": True, "orientation": 6, "bytes": 12345,
    }  # fmt: skip
    assert colour == stand_in(two_thirds(), Placeholder.COLOR)
    assert hashed == stand_in(two_thirds(), Placeholder.THUMBHASH)


@pytest.mark.parametrize("image_format", [f for f in ImageFormat if f is not ImageFormat.JPEG])
def test_format_names(image_format):
    """Every format but JPEG is called by its extension."""
    assert describe(flat(4, 4, RED), info(), image_format, 1)["format"] == image_format.value


def test_only_the_first_frame_of_an_animation_counts():
    """Frames that lie below one another in memory are not taken for one tall picture."""
    frames = flat(40, 30, RED).join(flat(40, 60, BLUE), "vertical").copy()
    frames.set_type(pyvips.GValue.gint_type, "page-height", 30)
    told = describe(frames, info(), ImageFormat.GIF, 1)
    assert told["dominant_color"] == stand_in(flat(40, 30, RED), Placeholder.COLOR)
    assert told["thumbhash"] == stand_in(flat(40, 30, RED), Placeholder.THUMBHASH)


def test_orientation_is_applied_to_the_hash():
    """A picture that lies on its side is hashed upright."""
    lying = two_thirds().rot270().copy()
    lying.set_type(pyvips.GValue.gint_type, "orientation", 6)
    assert stand_in(lying, Placeholder.THUMBHASH) == stand_in(two_thirds(), Placeholder.THUMBHASH)
