"""The letter that stands in for a logo."""

import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from imgsvc.logos.monogram import SIDE_UNITS, monogram, text_colour, tile_colour
from imgsvc.model.colours import Colour, contrast_between, luminance_of

BYTE = st.integers(0, 255)
COLOURS = st.builds(Colour, BYTE, BYTE, BYTE)


def drawn(svg: bytes) -> pyvips.Image:
    return pyvips.Image.svgload_buffer(svg).flatten(background=[255, 255, 255])


@settings(deadline=None)
@given(COLOURS)
def test_text_reads_on_any_tile(tile):
    """On every colour black or white has the contrast that WCAG asks for."""
    assert contrast_between(luminance_of(text_colour(tile)), luminance_of(tile)) >= 4.5


@settings(deadline=None)
@given(st.text())
def test_text_is_white_on_our_own_tiles(name):
    """Where the colour comes from the hash, the letter is white."""
    tile = tile_colour(name)

    assert text_colour(tile) == Colour(255, 255, 255)
    assert contrast_between(1.0, luminance_of(tile)) >= 4.5


def test_names_have_colours_of_their_own():
    """A name always has the same colour, however it is written, and names differ."""
    assert tile_colour("Example") == tile_colour(" example ")
    assert len({str(tile_colour(f"name {i}")) for i in range(100)}) > 50


@settings(deadline=None)
@given(st.text(), st.none() | COLOURS)
def test_any_name_is_a_document(name, colour):
    """Any name gives well-formed SVG, the same bytes each time."""
    svg = monogram(name, colour)

    assert etree.fromstring(svg).get("viewBox") == f"0 0 {SIDE_UNITS} {SIDE_UNITS}"
    assert monogram(name, colour) == svg
    assert len(svg) < 4096


@pytest.mark.parametrize("name", ["Acme", "Øre", "Яндекс", "Ωmega", "7up", "ÉCOLE", "Wm", "Q", "I", "Æ"])
def test_no_font_is_needed(name):
    """Capitals and digits of Latin, Greek and Cyrillic are outlines, drawn in the middle of the tile."""
    svg = monogram(name, Colour(0, 0, 255))
    assert b"<text" not in svg

    ink = (drawn(svg)[0] > 128).crop(8, 4, SIDE_UNITS - 16, SIDE_UNITS - 8)
    left, top, width, height = ink.find_trim(background=[0])
    assert 4 < width <= 44
    assert 24 < height <= 44
    assert abs(left + width / 2 - (SIDE_UNITS - 16) / 2) <= 1.5
    assert abs(top + height / 2 - (SIDE_UNITS - 8) / 2) <= 1.5


@pytest.mark.parametrize("name", ["東京", "عربي", "ß", "<&>", "😀"])
def test_other_letters_are_text(name):
    """What has no outline is text, for whatever font there is; the tile is drawn in any case."""
    svg = monogram(name, Colour(0, 0, 255))

    assert b"<text" in svg
    image = drawn(svg)
    assert (image.width, image.height) == (SIDE_UNITS, SIDE_UNITS)
    assert image(SIDE_UNITS // 2, 2) == [0, 0, 255]


def test_the_sites_own_colour():
    """The tile has the colour that is given, its alpha left out, and text that reads on it."""
    svg = monogram("Acme", Colour(0xFF, 0xE0, 0x00, 10))

    assert b'fill="#ffe000"' in svg
    assert b'fill="#000000"' in svg
