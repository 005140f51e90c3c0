"""Luminance, contrast and the tables that sort them."""

import pytest

from imgsvc.model.colours import Colour, contrast_between, luminance_of
from imgsvc.vision.light import (
    MOST_CONTRAST,
    STEPS,
    WHITE_LEVEL,
    WHITE_TONE,
    contrast_steps,
    levels,
    luminance_of_step,
    tones,
)
from tests.support import pictures


@pytest.mark.parametrize(
    ("colour", "contrast"),
    [("000000", 21.0), ("777777", 4.48), ("ff0000", 4.0), ("0000ff", 8.59), ("ffff00", 1.07), ("ffffff", 1.0)],
)
def test_contrast_on_white_is_what_others_publish(colour, contrast) -> None:
    """Colours have the contrast on white that the usual checkers state."""
    rgb = Colour(*bytes.fromhex(colour))
    assert contrast_between(luminance_of(rgb), 1.0) == pytest.approx(contrast, abs=0.01)


def test_steps_are_even_in_contrast_and_exact_at_the_ends() -> None:
    """Black and white are exactly themselves, and any two neighbours differ by 0.3 %."""
    assert luminance_of_step(0) == 0.0
    assert luminance_of_step(STEPS - 1) == pytest.approx(1.0)
    ratios = [contrast_between(luminance_of_step(at), luminance_of_step(at + 1)) for at in range(STEPS - 1)]
    assert max(ratios) == pytest.approx(min(ratios))
    assert max(ratios) < 1.0031
    assert contrast_between(luminance_of_step(0), luminance_of_step(STEPS - 1)) == pytest.approx(MOST_CONTRAST)


@pytest.mark.parametrize("grey", [0, 1, 17, 119, 200, 254, 255])
def test_pixels_have_the_luminance_of_their_colour(grey) -> None:
    """Levels, steps and tones of a picture agree with what is computed for the colour."""
    light = levels(pictures.filled((grey, grey, grey), 2, 2))
    expected = luminance_of(Colour(grey, grey, grey))
    assert light(0, 0)[0] == pytest.approx(expected * WHITE_LEVEL, abs=0.51)
    assert contrast_between(luminance_of_step(int(contrast_steps(light)(0, 0)[0])), expected) < 1.002
    assert tones(light)(0, 0)[0] == pytest.approx(expected ** (1 / 3) * WHITE_TONE, abs=4)
