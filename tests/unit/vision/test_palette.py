"""The colours of a picture, each once."""

import random

import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.vision.palette import MAX_COLOURS, Palette
from imgsvc.vision.pixels import Pixels
from tests.support import pictures
from tests.unit.vision.drawn import LOGOS

pytestmark = pytest.mark.slow


def colours_of(pixels: Pixels) -> set[tuple[int, ...]]:
    """Give the colours of a picture, each with whether it is hidden."""
    return {(*pixel[:3], 0 if pixel[3] else 255) for pixel in zip(*(iter(pixels.rgba),) * 4, strict=True)}


def listed(palette: Palette) -> list[tuple[int, ...]]:
    """Give the colours of a palette, each with whether it is hidden."""
    return list(zip(*(iter(bytes(palette.colours.bandjoin(palette.hidden).write_to_memory())),) * 4, strict=True))


def is_whole(pixels: Pixels, palette: Palette) -> bool:
    """Whether the palette painted is the picture, and what is hidden is told from the rest."""
    same = (palette.paint(palette.colours) == pixels.colour).bandand()
    return bool((same & (palette.paint(palette.hidden) == (pixels.alpha == 0))).min())


@pytest.mark.parametrize("logo", LOGOS, ids=lambda logo: logo.name)
def test_logos_have_few_colours(logo) -> None:
    """Each logo of the labelled set has a palette, which is exactly its colours, each once or once more hidden."""
    pixels = logo.pixels(320)
    palette = Palette.of(pixels)
    assert is_whole(pixels, palette)
    found = listed(palette)
    assert len(found) == len(set(found))
    assert set(found) == colours_of(pixels)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(colours=st.lists(st.tuples(*[st.integers(0, 255)] * 4), min_size=1, max_size=300), width=st.integers(1, 40))
def test_any_colours_are_told_apart(colours, width) -> None:
    """However close or far apart colours are, none is taken for another."""
    colours += [colours[0]] * (-len(colours) % width)
    rgba = bytes(part for colour in colours for part in colour)
    pixels = Pixels.of(pictures.of_rgba(width, len(colours) // width, rgba))
    palette = Palette.of(pixels)
    assert palette is None or is_whole(pixels, palette)
    assert palette is not None or len(set(colours)) > 200


def test_noise_has_no_palette() -> None:
    """Where nearly each pixel has a colour of its own there is none."""
    noise = random.Random(1).randbytes(4 * 300 * 300)
    assert Palette.of(Pixels.of(pictures.of_rgba(300, 300, noise))) is None


def test_many_shades_have_one() -> None:
    """A soft gradient of thousands of colours still has one."""
    places = pyvips.Image.xyz(128, 128)
    shades = (places[0] + 60).bandjoin([places[1] + 90, (places[0] + places[1]) / 8 + 100]).cast("uchar")
    pixels = Pixels.of(shades.copy(interpretation="srgb"))
    palette = Palette.of(pixels)
    assert palette.colours.width == 128 * 128 == MAX_COLOURS
    assert is_whole(pixels, palette)


def test_hidden_colours_are_apart() -> None:
    """One colour that is seen and hidden is there twice."""
    shown = pictures.filled((9, 8, 7, 1), 5, 5)
    palette = Palette.of(Pixels.of(shown.insert(pictures.filled((9, 8, 7, 0), 2, 2), 1, 1)))
    assert sorted(listed(palette)) == [(9, 8, 7, 0), (9, 8, 7, 255)]
