"""Colour spaces."""

import pytest
import pyvips

from imgsvc.transform.colour import is_plain_srgb, is_srgb_profile, to_srgb
from tests.support import pictures


def opened(data: bytes):
    return pyvips.Image.new_from_buffer(data, "")


@pytest.mark.parametrize(
    "draw",
    [pictures.cmyk_jpeg_with_profile, pictures.wide_gamut_png, pictures.deep_png],
)
def test_colours_arrive_as_they_were_meant(draw) -> None:
    """Profiles are obeyed and deep channels made shallow."""
    image = to_srgb(opened(draw()))
    assert (image.format, image.interpretation, image.bands) == ("uchar", "srgb", 3)
    assert pictures.is_near(image(4, 4), pictures.RED, 16)


def test_cmyk_without_a_profile_is_converted() -> None:
    """Red ink is red, if not the reddest."""
    red, green, blue = to_srgb(opened(pictures.cmyk_jpeg()))(4, 4)
    assert red > 200
    assert max(green, blue) < 60


def test_plain_pictures_pass_untouched() -> None:
    """Plain sRGB stays the very same image, with its profile or without."""
    for image in (pictures.quarters(), opened(pictures.jpeg(profile="srgb", keep="icc"))):
        assert to_srgb(image) is image


def test_grey_stays_grey() -> None:
    """One channel of 16 bits becomes one of 8."""
    deep = (pictures.filled(pictures.RED, 8, 8)[0].cast("ushort") * 257).cast("ushort").copy(interpretation="grey16")
    image = to_srgb(deep)
    assert (image.bands, image.format, image.interpretation) == (1, "uchar", "b-w")
    assert image(1, 1) == [200]


def test_alpha_survives() -> None:
    """Transparency passes through a profile."""
    data = pictures.png(pictures.filled((*pictures.RED, 128), 8, 8), profile="p3", keep="icc")
    image = to_srgb(opened(data))
    assert image.bands == 4
    assert image(1, 1)[3] == 128


def test_a_senseless_profile_is_passed_over() -> None:
    """A profile that cannot be read changes nothing."""
    image = pictures.quarters().copy()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", b"no profile at all")
    assert not is_plain_srgb(image)
    assert pictures.shows(to_srgb(image), pictures.CORNERS, 0)


@pytest.mark.parametrize("junk", [b"", b"\0" * 200, b"\xff" * 400])
def test_junk_is_no_srgb_profile(junk) -> None:
    """The name is looked for without trusting offsets."""
    assert not is_srgb_profile(junk)


@pytest.mark.parametrize("image_format", ["uchar", "ushort"])
def test_more_channels_than_are_shown_are_dropped(image_format) -> None:
    """A TIFF of six channels keeps its colour and nothing else."""
    image = pictures.quarters().bandjoin([1, 2, 3])
    if image_format == "ushort":
        image = (image.cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")
    assert not is_plain_srgb(image)
    assert to_srgb(image).bands == 3
    assert pictures.shows(to_srgb(image), pictures.CORNERS, 1)
