"""What is said of a logo, and the verdicts on the labelled set."""

import pytest
from msgspec.structs import replace

from imgsvc.model.colours import Colour
from imgsvc.model.look import Theme
from imgsvc.vision.analysis import analyse, contrast_on, is_lost, needs_inversion
from imgsvc.vision.pixels import Pixels
from tests.support import pictures
from tests.unit.vision.drawn import LOGOS, SIZES

pytestmark = pytest.mark.slow

BLACK = next(logo for logo in LOGOS if logo.name == "black wordmark")


@pytest.mark.parametrize("width_px", SIZES)
@pytest.mark.parametrize("logo", LOGOS, ids=lambda logo: logo.name)
def test_verdicts_on_the_labelled_set(logo, width_px) -> None:
    """Each logo gets its verdicts, at each size at which it can be seen."""
    width_px = max(width_px, logo.least_px)
    analysis = analyse(logo.pixels(width_px))
    assert needs_inversion(analysis, Theme.LIGHT) is logo.on_light
    assert needs_inversion(analysis, Theme.DARK) is logo.on_dark


def test_a_black_wordmark_is_described() -> None:
    """All fields say what is drawn."""
    analysis = analyse(BLACK.pixels())
    assert analysis.brightness == pytest.approx(0, abs=0.001)
    assert analysis.dominant_colour == Colour(0, 0, 0)
    assert analysis.is_monochrome
    assert analysis.has_transparency
    assert analysis.contrast_light == pytest.approx(21)
    assert analysis.contrast_dark == pytest.approx(1.1, abs=0.01)


@pytest.mark.parametrize(("clear_rows", "expected"), [(0, False), (1, False), (2, True)])
def test_two_per_cent_make_transparency(clear_rows, expected) -> None:
    """An alpha channel alone, or 1 % of it, is no transparency."""
    image = pictures.filled((0, 0, 0, 255), 100, 100)
    if clear_rows:
        image = image.insert(pictures.filled((0, 0, 0, 0), 100, clear_rows), 0, 0)
    assert analyse(Pixels.of(image)).has_transparency is expected


def test_contrast_on_any_page_agrees_with_the_themes() -> None:
    """The function for any page gives what the analysis has for its two."""
    for logo in LOGOS[::7]:
        pixels = logo.pixels(64)
        analysis = analyse(pixels)
        for theme in Theme:
            assert contrast_on(pixels, theme.page) == analysis.contrast(theme)


@pytest.mark.parametrize(
    ("contrast", "remembered", "expected"),
    [
        (1.99, None, True),
        (2.0, None, False),
        (2.1, True, True),
        (2.2, True, False),
        (1.9, False, False),
        (1.79, False, True),
    ],
)
def test_a_remembered_verdict_is_kept_within_the_band(contrast, remembered, expected) -> None:
    """From 1.8 to 2.2 an earlier verdict holds; without one 2.0 decides."""
    analysis = replace(analyse(BLACK.pixels(32)), contrast_dark=contrast)
    assert needs_inversion(analysis, Theme.DARK, remembered=remembered) is expected
    assert is_lost(analysis, contrast, remembered=remembered) is expected


def test_nothing_is_never_lost() -> None:
    """What shows nothing cannot be helped."""
    analysis = analyse(Pixels.of(pictures.filled((0, 0, 0, 0), 20, 20)))
    assert analysis.is_blank
    assert not any(needs_inversion(analysis, theme) for theme in Theme)
