"""Logos after adaptation: contrast, hue, alpha and everything else that must stay."""

import math
import random
from array import array

import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.model.colours import Colour, contrast_between
from imgsvc.model.look import Theme
from imgsvc.vision.adapt import READS_WELL, adapt
from imgsvc.vision.analysis import contrast_on
from imgsvc.vision.light import WHITE_LEVEL, levels
from imgsvc.vision.oklab import to_oklch
from imgsvc.vision.palette import Palette
from imgsvc.vision.pixels import Pixels
from tests.support import pictures
from tests.unit.vision.drawn import LOGOS, SIZES, svg

pytestmark = pytest.mark.slow

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


@pytest.mark.parametrize("noisy", [False, True])
def test_hidden_colours_stay(noisy) -> None:
    """What lies under alpha 0 is as it was, be it the ink's own colour, whether there is a palette or not."""
    lot = random.Random(3).randbytes(3 * 200 * 200)
    noise = (pyvips.Image.new_from_memory(lot, 200, 200, 3, "uchar") / 6).cast("uchar").copy(interpretation="srgb")
    colour = noise if noisy else noise.crop(0, 0, 40, 40).embed(80, 80, 200, 200)
    alpha = pyvips.Image.black(200, 200).insert(pyvips.Image.black(100, 100) + 255, 50, 50).cast("uchar")
    pixels = Pixels.of(colour.bandjoin(alpha).copy(interpretation="srgb"))
    assert (Palette.of(pixels) is None) is noisy
    adapted = adapt(pixels, Theme.DARK.page)
    assert adapted.changed
    assert ((pixels.image == adapted.pixels.image).bandand() | (alpha > 0)).min()


def test_an_icon_stays_while_text_flips() -> None:
    """A red icon and its white glyph are the same, byte for byte, beside black text that turns white."""
    pixels = drawn("red icon with white glyph, black text")
    adapted = adapt(pixels, Theme.DARK.page)
    assert adapted.changed
    icon = [made.image.crop(0, 0, 64, 100).write_to_memory()[:] for made in (pixels, adapted.pixels)]
    assert icon[0] == icon[1]
    text = adapted.pixels.image.crop(70, 0, 90, 100).write_to_memory()[:]
    assert {pixel[:3] for pixel in zip(*(iter(text),) * 4, strict=True) if pixel[3]} == {(255, 255, 255)}


GLYPHS = (
    ("red icon with white glyph, black text", Theme.DARK),
    ("blue icon with white glyph, white text", Theme.LIGHT),
    ("yellow icon, black text", Theme.DARK),
    ("orange icon with near-black glyph, near-black text", Theme.DARK),
    ("yellow icon with black glyph to its edge, black text", Theme.DARK),
)
"""Of which the icon reads on that page and the text does not."""


def icon_of(pixels: Pixels) -> pyvips.Image:
    """Cut an icon off the text beside it."""
    return pixels.image.crop(0, 0, pixels.image.width * 64 // 160, pixels.image.height)


def contrast_inside(before: Pixels, after: Pixels) -> tuple[float, float]:
    """Contrast of the lightest and the darkest pixel within an icon, and that of the same two afterwards."""
    inside = [round(before.image.width * part / 160) for part in (14, 34, 38, 30)]
    shown = [levels(each.colour.crop(*inside)).write_to_memory() for each in (before, after)]
    first, then = ([level / WHITE_LEVEL for level in memoryview(each).cast("B").cast("H")] for each in shown)
    dark, light = first.index(min(first)), first.index(max(first))
    return contrast_between(first[dark], first[light]), contrast_between(then[dark], then[light])


@pytest.mark.parametrize("width_px", SIZES)
@pytest.mark.parametrize(("name", "theme"), GLYPHS)
def test_a_glyph_in_an_icon_stays_while_the_text_flips(name, theme, width_px) -> None:
    """An icon that reads is the same with its glyph, byte for byte, edges and all, and the text is another."""
    pixels = drawn(name, width_px)
    adapted = adapt(pixels, theme.page)
    assert adapted.contrast >= READS_WELL
    before, after = (bytes(icon_of(each).write_to_memory()) for each in (pixels, adapted.pixels))
    assert before == after
    assert bytes(pixels.image.write_to_memory()) != bytes(adapted.pixels.image.write_to_memory())


@pytest.mark.parametrize("width_px", SIZES)
@pytest.mark.parametrize("logo", [logo for logo in LOGOS if "icon" in logo.name], ids=lambda logo: logo.name)
def test_a_glyph_stands_out_in_its_icon_as_before(logo, width_px) -> None:
    """Whether the icon stays or moves, the contrast inside is what it was, or 3 at the least."""
    pixels = logo.pixels(width_px)
    for theme in (theme for theme, lost in ((Theme.LIGHT, logo.on_light), (Theme.DARK, logo.on_dark)) if lost):
        before, after = contrast_inside(pixels, adapt(pixels, theme.page).pixels)
        assert after >= min(before, READS_WELL)


def test_a_glyph_in_a_photograph_stays() -> None:
    """Where there are too many colours for a palette, a black glyph in bright noise stays as well."""
    lot = pyvips.Image.new_from_memory(random.Random(5).randbytes(3 * 240 * 200), 240, 200, 3, "uchar")
    noise = (lot / 3).linear([1, 1, 0.5], [170, 140, 0]).cast("uchar").copy(interpretation="srgb")
    icon = noise.insert(pictures.filled((0, 0, 0), 60, 60), 90, 70).addalpha()
    image = pictures.filled((0, 0, 0, 0), 400, 220).insert(icon, 10, 10)
    pixels = Pixels.of(image.insert(pictures.filled((0, 0, 0, 255), 100, 200), 270, 10))
    assert Palette.of(pixels) is None
    adapted = adapt(pixels, Theme.DARK.page)
    assert adapted.contrast >= READS_WELL
    assert adapted.pixels.image(320, 100) == [255, 255, 255, 255]
    kept = [bytes(each.image.crop(0, 0, 260, 220).write_to_memory()) for each in (pixels, adapted.pixels)]
    assert kept[0] == kept[1]


def test_a_glyph_that_runs_to_the_edge_flips_where_the_outline_would_be_lost() -> None:
    """At 64 px a white glyph stays; at 16 px it is too much of what must be seen, and is seen."""
    name = "blue icon with white glyph to its edge, white text"
    for width_px, stays in ((16, False), (64, True), (512, True)):
        pixels = drawn(name, width_px)
        adapted = adapt(pixels, Theme.LIGHT.page)
        before, after = (bytes(icon_of(each).write_to_memory()) for each in (pixels, adapted.pixels))
        assert (before == after) is stays
        assert adapted.contrast >= READS_WELL


def steps(pixels: Pixels) -> float:
    """Give the greatest difference of neighbours along the middle of a gradient, four pixels to a unit."""
    row = pixels.colour.crop(80, 200, 340, 1)
    return (row.crop(1, 0, 339, 1) - row.crop(0, 0, 339, 1)).abs().max()


@pytest.mark.parametrize("plate", ["", '<rect x="2" y="2" width="124" height="96" rx="8" fill="#f76707"/>'])
def test_a_gradient_from_grey_to_colour_stays_smooth(plate) -> None:
    """A gradient from black to a colour that reads gets no edge, be it a shape of its own or a glyph in an icon."""
    shade = '<linearGradient id="g"><stop offset="0"/><stop offset="1" stop-color="#f76707"/></linearGradient>'
    shape = '<rect x="14" y="10" width="100" height="80" fill="url(#g)"/><rect x="134" y="4" width="20" height="92"/>'
    pixels = Pixels.of(pyvips.Image.svgload_buffer(svg(plate + shade + shape).encode(), scale=4))
    adapted = adapt(pixels, Theme.DARK.page)
    assert adapted.changed
    assert steps(adapted.pixels) <= 12
    kept = [each.image.crop(0, 0, 508, 400).write_to_memory() for each in (pixels, adapted.pixels)]
    assert (bytes(kept[0]) == bytes(kept[1])) is bool(plate)


def test_a_grey_shadow_gets_no_edge() -> None:
    """A soft shadow under a word on a coloured plate stays soft."""
    blur = '<filter id="b"><feGaussianBlur stdDeviation="5"/></filter>'
    plate = '<rect x="4" y="4" width="120" height="92" rx="8" fill="#ffd400"/>'
    shadow = '<rect x="40" y="30" width="50" height="40" fill="#000" opacity="0.7" filter="url(#b)"/>'
    bar = '<rect x="134" y="4" width="20" height="92" fill="#000"/>'
    pixels = Pixels.of(pyvips.Image.svgload_buffer(svg(blur + plate + shadow + bar).encode(), scale=4))
    adapted = adapt(pixels, Theme.DARK.page)
    assert adapted.changed
    areas = [each.image.crop(20, 20, 460, 360).write_to_memory() for each in (pixels, adapted.pixels)]
    assert bytes(areas[0]) == bytes(areas[1])


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


def test_many_colours_are_moved_as_few_are() -> None:
    """A picture with too many colours for a palette comes out as a part of it does that has one."""
    clear = pictures.filled((0, 0, 0, 0), 220, 220)
    drawn_by_lot = pyvips.Image.new_from_memory(random.Random(7).randbytes(3 * 200**2), 200, 200, 3, "uchar")
    noise = (drawn_by_lot / 6).cast("uchar").copy(interpretation="srgb")
    many = Pixels.of(clear.insert(noise.addalpha(), 10, 10))
    few = Pixels.of(clear.insert(noise.addalpha().crop(0, 0, 90, 90), 10, 10))
    assert Palette.of(many) is None
    assert Palette.of(few) is not None
    of_many, of_few = (adapt(pixels, Theme.DARK.page) for pixels in (many, few))
    assert min(of_many.contrast, of_few.contrast) >= READS_WELL
    assert (of_many.pixels.image.crop(10, 10, 90, 90) == of_few.pixels.image.crop(10, 10, 90, 90)).min()


@settings(max_examples=25, derandomize=True, deadline=None)
@given(
    rgb=st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=4, max_size=4),
    alpha=st.sampled_from([255, 255, 200, 140]),
    page=st.sampled_from(PAGES),
)
@pytest.mark.slow
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
