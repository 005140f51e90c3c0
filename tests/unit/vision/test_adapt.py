"""Logos after adaptation: contrast, hue, alpha and everything else that must stay."""

import math
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.model.spec import Colour
from imgsvc.vision.adapt import READS_WELL, adapt
from imgsvc.vision.analysis import Theme, contrast_on
from imgsvc.vision.oklab import to_oklch
from imgsvc.vision.pixels import Pixels
from tests.support import pictures
from tests.unit.vision.drawn import LOGOS, SIZES

PAGES = [*(theme.page for theme in Theme), Colour(255, 244, 214), Colour(32, 60, 120)]
MOST_TURNED_DEGREES = 5
SATURATED = 0.05


def drawn(name: str, width_px: int = 160) -> Pixels:
    """Draw one logo of the labelled set."""
    return next(logo for logo in LOGOS if logo.name == name).pixels(width_px)


def colours(pixels: Pixels) -> list[tuple[float, ...]]:
    """OKLCH and alpha of each pixel."""
    values = array("f", bytes(to_oklch(pixels.colour).write_to_memory()))
    return list(zip(*(iter(values),) * 3, bytes(pixels.alpha.write_to_memory()), strict=False))


@pytest.mark.parametrize("width_px", SIZES)
@pytest.mark.parametrize("logo", LOGOS, ids=lambda logo: logo.name)
def test_the_labelled_set_reads_afterwards(logo, width_px) -> None:
    """What had less than 2 has 3 or more, alpha as it was, and adapting it again changes nothing."""
    pixels = logo.pixels(max(width_px, logo.least_px))
    for needed, theme in ((logo.on_light, Theme.LIGHT), (logo.on_dark, Theme.DARK)):
        if not needed:
            continue
        adapted = adapt(pixels, theme.page)
        assert adapted.changed
        assert contrast_on(adapted.pixels, theme.page) == adapted.contrast >= READS_WELL
        assert bytes(adapted.pixels.alpha.write_to_memory()) == bytes(pixels.alpha.write_to_memory())
        assert adapt(adapted.pixels, theme.page).pixels is adapted.pixels


@pytest.mark.parametrize("logo", LOGOS, ids=lambda logo: logo.name)
def test_hue_of_saturated_pixels_is_kept(logo) -> None:
    """Where a colour was and is left, its hue is within 5°; eight bits cannot say more of what is nearly grey."""
    pixels = logo.pixels(64)
    before = colours(pixels)
    for theme in Theme:
        for (_, chroma, hue, alpha), (_, after, turned, _) in zip(
            before, colours(adapt(pixels, theme.page).pixels), strict=True
        ):
            if alpha and min(chroma, after) >= SATURATED:
                assert abs(math.remainder(turned - hue, 360)) <= MOST_TURNED_DEGREES


def test_a_black_wordmark_turns_white_without_a_fringe() -> None:
    """Every visible pixel is white, the half-transparent ones too; what is hidden stays."""
    adapted = adapt(drawn("black wordmark"), Theme.DARK.page).pixels
    seen = {pixel[:3] for pixel in zip(*(iter(adapted.rgba),) * 4, strict=True) if pixel[3]}
    assert seen == {(255, 255, 255)}


def test_an_icon_stays_while_text_flips() -> None:
    """A red icon and its white glyph are the same, byte for byte, beside black text that turns white."""
    pixels = drawn("red icon with white glyph, black text")
    adapted = adapt(pixels, Theme.DARK.page)
    assert adapted.changed
    icon = [made.image.crop(0, 0, 64, 100).write_to_memory()[:] for made in (pixels, adapted.pixels)]
    assert icon[0] == icon[1]
    text = adapted.pixels.image.crop(70, 0, 90, 100).write_to_memory()[:]
    assert {pixel[:3] for pixel in zip(*(iter(text),) * 4, strict=True) if pixel[3]} == {(255, 255, 255)}


def test_a_box_turns_over_with_its_text() -> None:
    """White letters in a black box turn black in a white one."""
    adapted = adapt(drawn("black box, white text"), Theme.DARK.page).pixels
    assert adapted.image(10, 50) == [255, 255, 255, 255]
    assert adapted.colour.crop(20, 15, 120, 70).min() == 0


@pytest.mark.parametrize("name", ["opaque white tile", "opaque black tile", "red wordmark", "rainbow", "photo-like"])
def test_what_reads_or_is_opaque_is_given_back(name) -> None:
    """A tile brings its own background, and a logo that reads on both pages needs nothing."""
    pixels = drawn(name)
    for theme in Theme:
        if contrast_on(pixels, theme.page) >= READS_WELL or name.startswith("opaque"):
            assert adapt(pixels, theme.page).pixels is pixels


def test_nothing_stays_nothing() -> None:
    """What is clear all over is given back."""
    pixels = Pixels.of(pictures.filled((1, 2, 3, 0), 8, 8))
    assert not adapt(pixels, Theme.DARK.page).changed


@pytest.mark.parametrize("name", ["gradient into navy", "gradient into yellow", "grey gradient", "dark gradient"])
def test_gradients_stay_smooth(name) -> None:
    """Neighbours along a gradient differ by no more than some few times what they did."""
    pixels = drawn(name, 512)
    for theme in Theme:
        row = adapt(pixels, theme.page).pixels.colour.crop(60, 160, 390, 1)
        step = (row.crop(1, 0, 389, 1) - row.crop(0, 0, 389, 1)).abs().max()
        assert step <= 6


@settings(max_examples=25, derandomize=True, deadline=None)
@given(
    rgb=st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=4, max_size=4),
    alpha=st.sampled_from([255, 255, 200, 140]),
    page=st.sampled_from(PAGES),
)
def test_any_picture_keeps_its_alpha_and_never_reads_worse(rgb, alpha, page) -> None:
    """Whatever the colours, the outcome is the same twice, alpha is kept, and contrast has grown or nothing changed."""
    image = pictures.filled((9, 9, 9, 0), 40, 40)
    for at, colour in enumerate(rgb):
        image = image.insert(pictures.filled((*colour, alpha), 8, 30), 4 + at * 8, 5)
    pixels = Pixels.of(image)
    adapted = adapt(pixels, page)
    assert adapted.pixels.rgba == adapt(pixels, page).pixels.rgba
    assert adapted.pixels.rgba[3::4] == pixels.rgba[3::4]
    assert adapted.changed == (adapted.pixels is not pixels)
    if adapted.changed:
        assert adapted.contrast > contrast_on(pixels, page)
    if alpha == 255:
        assert adapted.contrast >= READS_WELL
        assert adapt(adapted.pixels, page).pixels is adapted.pixels
