"""Which colours a picture is drawn in."""

import pytest

from imgsvc.model.colours import Colour
from imgsvc.vision.inks import Inks, sample_step_px
from imgsvc.vision.light import levels
from imgsvc.vision.pixels import Pixels
from tests.support import pictures


def inks(image) -> Inks:
    """Look at a picture."""
    pixels = Pixels.of(image)
    return Inks.of(pixels, levels(pixels.colour), sample_step_px(pixels))


def test_one_colour_is_itself() -> None:
    """A red square has its own luminance, colour and chroma, and no other."""
    found = inks(pictures.filled((255, 0, 0), 8, 8))
    assert found.brightness == pytest.approx(0.2126, abs=0.0001)
    assert found.dominant == Colour(255, 0, 0)
    assert found.chroma == pytest.approx(0.2577, abs=0.001)
    assert found.is_one


def test_hidden_colour_counts_nothing() -> None:
    """White below alpha 0 is not seen beside black."""
    image = pictures.filled((255, 255, 255, 0), 30, 30).insert(pictures.filled((0, 0, 0, 255), 3, 30), 0, 0)
    assert inks(image) == Inks(0.0, Colour(0, 0, 0), pytest.approx(0, abs=1e-3), is_one=True)


def test_alpha_is_the_weight() -> None:
    """A faint half counts as much as its alpha."""
    image = pictures.filled((0, 0, 0, 255), 8, 8).insert(pictures.filled((255, 255, 255, 85), 4, 8), 0, 0)
    found = inks(image)
    assert found.brightness == pytest.approx(0.25)
    assert found.dominant == Colour(0, 0, 0)
    assert not found.is_one


def test_large_pictures_are_sampled_whole() -> None:
    """A thin line is found in a picture that is larger than what is looked at."""
    image = pictures.filled((0, 0, 0, 0), 700, 300).insert(pictures.filled((40, 60, 200, 255), 700, 1), 0, 299)
    assert inks(image).dominant == Colour(40, 60, 200)


def test_nothing_is_white() -> None:
    """What shows nothing has no chroma and the colour of a page."""
    assert inks(pictures.filled((10, 20, 30, 0), 8, 8)) == Inks(0.0, Colour(255, 255, 255), 0.0, is_one=True)
