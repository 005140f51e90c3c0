"""Cards, drawn."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import pyvips
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from imgsvc.model.card import CARD_HEIGHT_PX, CARD_WIDTH_PX
from imgsvc.model.colours import Colour
from imgsvc.opengraph.cards import CardKind
from imgsvc.transform.cards import BAR_PX, COMPANY_TILE_PX, MARGIN_PX, OG_TILE_PX, PORTRAIT_PX, draw_card
from imgsvc.transform.runtime import Killed, KillSwitch
from tests.support import pictures
from tests.support.tools import require_letters, require_scripts
from tests.unit.transform.drawn_cards import BLUE, card, changed, drawn, ink, pixels

pytestmark = pytest.mark.slow

LONG = "An uncommonly long title that says everything there is to say, and then says it again in other words, " * 2
RED = (255, 0, 0)
TOLERANCE = 6


def emblem(width: int = 90, height: int = 90, colour=RED, *, hole: bool = True, alpha: int = 255) -> bytes:
    """Give a picture of one colour; with a transparent corner unless it is to be a tile itself."""
    image = pyvips.Image.black(width, height, bands=4).linear([1] * 4, [*colour, alpha])
    image = image.cast("uchar").copy(interpretation="srgb")
    return pictures.png(image.draw_rect([0, 0, 0, 0], 0, 0, 4, 4, fill=True) if hole else image)


def at(data: bytes, x: int, y: int) -> list[int]:
    return [round(part) for part in pixels(data).getpoint(x, y)]


@pytest.mark.parametrize("kind", CardKind)
def test_a_card_is_a_png_of_its_size(kind):
    """Every kind is 1200 × 630 px, opaque, and closes with its colour."""
    data = drawn(card("Hello", "Some words", kind=kind))
    image = pyvips.Image.new_from_buffer(data, "")

    assert data.startswith(b"\x89PNG")
    assert (image.width, image.height, image.bands) == (CARD_WIDTH_PX, CARD_HEIGHT_PX, 3)
    edge = image.crop(0, CARD_HEIGHT_PX - BAR_PX, CARD_WIDTH_PX, BAR_PX)
    assert [edge[band].deviate() for band in range(3)] == [0, 0, 0]
    assert edge.getpoint(0, 0) == [BLUE.red, BLUE.green, BLUE.blue]


@pytest.mark.parametrize("kind", CardKind)
def test_text_is_there_and_within_the_margins(kind):
    """However long words and text are, they leave the margin free."""
    left, top, width, height = ink(card(LONG, LONG * 2, LONG, kind=kind))

    assert width > CARD_WIDTH_PX // 2
    assert left >= MARGIN_PX - TOLERANCE
    assert left + width <= CARD_WIDTH_PX - MARGIN_PX + TOLERANCE
    assert top >= 40
    assert top + height <= CARD_HEIGHT_PX - BAR_PX - 40


def test_an_endless_word_is_broken():
    """A word without an end does not run out of the card."""
    left, _, width, _ = ink(card("W" * 200, "m" * 320))

    assert left + width <= CARD_WIDTH_PX - MARGIN_PX + TOLERANCE


def test_right_to_left_is_a_mirror():
    """Hebrew begins at the right margin, and so does the text below it, in whatever language."""
    require_scripts("Hebrew")
    left, _, width, _ = ink(card("שלום", "", "ספר"))
    mixed_left, _, mixed_width, _ = changed(drawn(card("שלום", "Two words", "ספר")), drawn(card("שלום", "", "ספר")))

    assert abs(left + width - (CARD_WIDTH_PX - MARGIN_PX)) <= TOLERANCE
    assert left > CARD_WIDTH_PX // 2
    assert abs(mixed_left + mixed_width - (CARD_WIDTH_PX - MARGIN_PX)) <= TOLERANCE


def test_han_wraps_without_spaces():
    """A long line of Han and kana fills the column, and goes on in the next line."""
    require_scripts("Han", "Hiragana")
    _, _, one_width, one_height = ink(card("日本語", "", ""))
    _, _, many_width, many_height = ink(card("日本語のタイトル" * 5, "", ""))

    assert many_width > 2 * one_width
    assert many_height > 2 * one_height
    assert many_width <= CARD_WIDTH_PX - 2 * MARGIN_PX + TOLERANCE


def test_emoji_have_their_colours():
    """A lemon is yellow, on a card that is blue and grey."""
    require_letters("🍋")  # fonts without colours may have a face
    image = pixels(drawn(card("🍋", "", "")))

    assert ((image[0] > 200) & (image[1] > 150) & (image[2] < 90)).max() == 255


@pytest.mark.parametrize("strange", ["\u0378", "\U0003fffd", "\U000103ff", "\u0378\u0379"])
def test_what_no_font_has_is_left_out(strange):
    """Where a box would stand for a letter that nobody has assigned, there is nothing."""
    assert drawn(card(f"H{strange}H")) == drawn(card("HH"))


def test_the_same_card_is_the_same_bytes():
    """Twice in a row, and at once in threads."""
    made = card("Hello", "Some words", kind=CardKind.PERSON)
    logo = emblem()
    with ThreadPoolExecutor(4) as threads:
        many = list(threads.map(lambda _: drawn(made, logo), range(8)))

    assert {drawn(made, logo), *many} == {many[0]}


def test_what_is_markup_to_pango_is_text():
    """Angle brackets, ampersands and quotes are drawn, not obeyed."""
    assert drawn(card('<b>&amp;"</b>')) != drawn(card('&"'))
    assert drawn(card("<span size='1000'>x")) != drawn(card("x"))


def test_a_logo_stands_on_its_tile():
    """It is in the middle of the tile, within it, and the tile is white."""
    data = drawn(card(), emblem())
    middle = MARGIN_PX + OG_TILE_PX // 2

    assert at(data, middle, 72 + OG_TILE_PX // 2) == list(RED)
    assert at(data, middle, 72 + 4) == [255, 255, 255]


def test_a_logo_that_is_a_tile_fills_it():
    """A square without transparency needs no second frame; only the corners are rounded off."""
    data = drawn(card(), emblem(hole=False))

    assert at(data, MARGIN_PX + OG_TILE_PX // 2, 72 + 2) == list(RED)
    assert at(data, MARGIN_PX + 2, 72 + 2) != list(RED)


def test_a_small_logo_is_not_enlarged():
    """Sixteen pixels stay sixteen, and are sharp."""
    seen, unseen = (drawn(card(), emblem(16, 16, (0, 0, 0), alpha=alpha)) for alpha in (255, 0))
    _, _, width, height = changed(seen, unseen)

    assert (width, height) == (16, 16)


@pytest.mark.parametrize("size", [(600, 600), (64, 120), (70, 64)])
def test_a_portrait_fills_its_circle(size):
    """Whatever its size and shape, it reaches the edge of the circle all around, and no further."""
    data = drawn(card(kind=CardKind.PERSON), emblem(*size, hole=False))
    left, top = MARGIN_PX, (CARD_HEIGHT_PX - BAR_PX) // 2 - PORTRAIT_PX // 2
    middle, inner = PORTRAIT_PX // 2, 20

    for x, y in ((middle, inner), (middle, PORTRAIT_PX - inner), (inner, middle), (PORTRAIT_PX - inner, middle)):
        assert at(data, left + x, top + y) == list(RED)
    assert at(data, left + inner, top + inner) != list(RED)


def test_letters_stand_for_what_is_missing():
    """Without a logo or a portrait the tile has letters that read on it."""
    made = card("Acme", kind=CardKind.COMPANY, site="Acme")
    without = replace(made, letters="")
    left, top, width, height = changed(drawn(made), drawn(without))

    assert 0 < width < COMPANY_TILE_PX
    assert abs(left + width / 2 - CARD_WIDTH_PX / 2) <= 2
    assert height > COMPANY_TILE_PX // 4
    assert at(drawn(without), CARD_WIDTH_PX // 2, top + height // 2) == [BLUE.red, BLUE.green, BLUE.blue]


def test_long_titles_are_set_smaller():
    """More words take more room, but never as much as they would in the largest letters."""
    heights = [ink(card("word " * count, "", ""))[3] for count in (3, 12, 24, 40)]

    assert heights[0] < heights[1]
    assert max(heights) < 260


def test_a_broken_emblem_is_an_error():
    """Only pictures that were made here come in; anything else is not silently left out."""
    with pytest.raises(pyvips.Error):
        drawn(card(), b"nothing")


def test_a_card_that_is_not_wanted_any_more_is_not_finished():
    """A killed drawing ends before it is encoded."""
    switch = KillSwitch()
    switch.kill()

    with pytest.raises(Killed):
        draw_card(card(), None, switch)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(CardKind),
    st.text(st.characters(), max_size=80),
    st.text(st.characters(), max_size=80),
    st.builds(Colour, *[st.integers(0, 255)] * 3),
)
def test_any_words_can_be_drawn(kind, title, text, colour):
    """No text makes Pango fail, and none moves the card's edges."""
    image = pyvips.Image.new_from_buffer(drawn(card(title, text, kind=kind, colours=[colour])), "")

    assert (image.width, image.height) == (CARD_WIDTH_PX, CARD_HEIGHT_PX)
