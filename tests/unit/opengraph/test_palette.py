"""A card's colours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.model.card import CardKind
from imgsvc.model.colours import Colour
from imgsvc.opengraph.palette import (
    SHAPE_CONTRAST,
    TEXT_CONTRAST,
    TITLE_CONTRAST,
    contrast,
    mixed,
    palette_of,
    read_colour,
)

PARTS = st.integers(0, 255)
COLOURS = st.builds(Colour, PARTS, PARTS, PARTS, PARTS)
BLUE, WHITE, BLACK, ORANGE = (Colour(*parts) for parts in ((37, 99, 235), (255,) * 3, (0,) * 3, (249, 115, 22)))


@given(st.sampled_from(CardKind), st.lists(COLOURS, min_size=1, max_size=3))
def test_everything_reads(kind, colours):
    """Whatever a site's colours are, text and shapes have their contrast on all of the ground, letters on the tile."""
    palette = palette_of(kind, colours)

    for share in (0.0, 0.3, 0.7, 1.0):
        behind = mixed(palette.ground, palette.glow, share)
        assert contrast(palette.quiet, behind) >= TEXT_CONTRAST - 0.1
        assert contrast(palette.ink, behind) >= TITLE_CONTRAST - 0.2
        assert contrast(palette.accent, behind) >= SHAPE_CONTRAST - 0.1
    for behind in (palette.ground, palette.glow):
        assert contrast(palette.quiet, behind) >= TEXT_CONTRAST
        assert contrast(palette.accent, behind) >= SHAPE_CONTRAST
    assert contrast(palette.on_tile, palette.tile) >= TEXT_CONTRAST


@given(st.sampled_from(CardKind), st.lists(COLOURS, min_size=1, max_size=3))
def test_all_colours_are_opaque_and_follow_from_the_same(kind, colours):
    """Nothing shines through, and the same colours give the same palette."""
    palette = palette_of(kind, colours)

    assert palette == palette_of(kind, colours)
    assert {getattr(palette, name).alpha for name in palette.__slots__} == {255}


def test_the_brands_colour_is_seen():
    """A colour that reads is the accent as it is, and the tile of a company; a page's logo stands on white."""
    assert palette_of(CardKind.OG_CARD, [BLUE]).accent == BLUE
    assert palette_of(CardKind.COMPANY, [BLUE]).tile == BLUE
    assert palette_of(CardKind.OG_CARD, [BLUE]).tile == WHITE


def test_dark_brands_have_dark_cards():
    """A site that is nearly black has a dark card with light ink, all others a light one."""
    dark, light = (palette_of(CardKind.OG_CARD, [colour]) for colour in (Colour(13, 17, 23), BLUE))

    assert contrast(dark.ground, WHITE) > 12
    assert contrast(light.ground, BLACK) > 12
    assert contrast(dark.ink, BLACK) > contrast(light.ink, BLACK)


@pytest.mark.parametrize("neutral", [WHITE, BLACK])
def test_where_the_first_colour_has_no_hue_the_next_gives_the_accent(neutral):
    """Sites call white or black their colour, while their logo has one that can be told."""
    assert palette_of(CardKind.COMPANY, [neutral, ORANGE]).tile == ORANGE
    assert palette_of(CardKind.OG_CARD, [BLACK, ORANGE]).accent == ORANGE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#0a7", Colour(0, 170, 119)),
        (" RebeccaPurple ", Colour(102, 51, 153)),
        ("rgb(37, 99, 235)", BLUE),
        ("rgb(37 99 235 / 100%)", BLUE),
        ("RGBA(100%,0%,0%,.5)", Colour(255, 127, 127)),
        ("hsl(0 100% 50%)", Colour(255, 0, 0)),
        ("hsl(120deg, 100%, 25%)", Colour(0, 128, 0)),
        ("transparent", None),
        ("rgb(1, 2)", None),
        ("rgb(1, 2, x)", None),
        ("oklch(0.7 0.1 200)", None),
        ("", None),
        ("var(--brand)", None),
    ],
)
def test_reading_colours(text, expected):
    """Hex, names, rgb() and hsl() are read; what lets the page through is laid on white, all else is nothing."""
    assert read_colour(text) == expected


@given(st.text(max_size=40) | st.from_regex(r"(rgb|hsl)a?\([0-9a-z.,%/ +-]{0,30}\)", fullmatch=True))
def test_no_text_is_too_strange(text):
    """Whatever a page writes there, reading it never raises."""
    found = read_colour(text)

    assert found is None or found.alpha == 255
