"""The colour that a site calls its own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.logos.palette import parse_colour, site_colour
from imgsvc.model.colours import Colour
from imgsvc.pages.manifest import Manifest
from tests.unit.logos.pages import read_page


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("#0a5", Colour(0, 0xAA, 0x55)), ("#00AA55", Colour(0, 0xAA, 0x55)), (" 00aa55 ", Colour(0, 0xAA, 0x55)),
        ("#00aa55cc", Colour(0, 0xAA, 0x55)), ("#0a5c", Colour(0, 0xAA, 0x55)),
        ("rgb(0, 170, 85)", Colour(0, 170, 85)), ("rgb(0 170 85 / 50%)", Colour(0, 170, 85)),
        ("rgba(0,170,300,.5)", Colour(0, 170, 255)), ("Tomato", Colour(255, 99, 71)),
        ("", None), ("#12345", None), ("#gggggg", None), ("var(--brand)", None), ("rgb(1,2)", None), ("none", None),
        ("currentColor", None), ("#" * 5000, None),
    ],
)  # fmt: skip
def test_colours(text, colour):
    """Colours are read as sites write them; all else is none."""
    assert parse_colour(text) == colour


PINNED = '<link rel="mask-icon" href="/p.svg" color="#e01e5a">'
TILE = '<meta name="msapplication-TileColor" content="#2d89ef">'
BAR = '<meta name="theme-color" content="#4a154b">'


@pytest.mark.parametrize(
    ("html", "colour"),
    [
        (BAR + TILE + PINNED, Colour(0xE0, 0x1E, 0x5A)), (BAR + TILE, Colour(0x2D, 0x89, 0xEF)),
        (BAR, Colour(0x4A, 0x15, 0x4B)), (PINNED.replace("#e01e5a", "black") + BAR, Colour(0x4A, 0x15, 0x4B)),
        (BAR.replace("#4a154b", '#300" media="(prefers-color-scheme: dark)') + BAR, Colour(0x4A, 0x15, 0x4B)),
        (BAR.replace("#4a154b", '#300" media="not all and (Prefers-Color-Scheme: dark)'), Colour(0x33, 0, 0)),
        ('<meta name="theme-color" content="#ffffff">', Colour(0, 0x80, 0)),
        ('<link rel="icon" href="/i.png" color="#e01e5a">', Colour(0, 0x80, 0)), ("", Colour(0, 0x80, 0)),
    ],
)  # fmt: skip
def test_the_likeliest_first(html, colour):
    """The pinned tab goes before the tile, that before the bar, that before the manifest; greys are passed over."""
    assert site_colour(read_page(html), Manifest(theme_colour="green")) == colour


def test_no_colour():
    """A site that names no colour, or only white, has none of its own."""
    assert site_colour(read_page("")) is None
    assert site_colour(read_page('<meta name="theme-color" content="#fff">'), Manifest(theme_colour="#111")) is None


@settings(deadline=None)
@given(st.text(max_size=50) | st.from_regex(r"(rgba?\(|#)[0-9a-f ,./%()]{0,20}", fullmatch=True))
def test_any_text(text):
    """Any text is an opaque colour, or none."""
    colour = parse_colour(text)

    assert colour is None or (colour.alpha == 255 and len(str(colour)) == 6)
