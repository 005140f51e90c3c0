"""Text as pixels."""

import pytest

from imgsvc.model.colours import Colour
from imgsvc.transform.lettering import NOTHING, Hand, Size, lettering
from tests.support.tools import require_scripts

BLACK = Colour(0, 0, 0)
HAND = Hand(language="", is_rtl=False)
ONE = Size(40, 1, 1.2)
WORDS = "several words that need more than a single line of this narrow column"


def written(text: str, *sizes: Size, width_px: int = 400, hand: Hand = HAND):
    return lettering(text, sizes or (ONE,), width_px, BLACK, hand)


@pytest.mark.parametrize("text", ["", " ", "\u0378", "\u200b"])
def test_nothing_to_be_seen_is_nothing(text):
    """Neither no text nor one without ink takes room."""
    drawn = written(text)

    assert drawn is NOTHING or drawn.image[3].max() == 0


def test_lines_are_equally_far_apart():
    """The height is that of so many lines, whatever stands in them."""
    heights = [written(text, Size(40, 9, 1.25)).height_px for text in ("a", ".", "g", "ÅÇ", WORDS)]

    assert heights[:4] == [50] * 4
    assert heights[4] % 50 == 0
    assert heights[4] > 100


def test_the_largest_size_that_fits_is_taken():
    """A text that fits is drawn in the first size, another in a smaller one."""
    sizes = (Size(60, 1, 1.2), Size(30, 1, 1.2))

    assert written("Short", *sizes).height_px == 72
    assert written("A little longer than that", *sizes).height_px == 36


def test_what_does_not_fit_is_cut():
    """The cut text has the lines it may have, and fills most of the last one."""
    drawn = written(WORDS, Size(40, 2, 1.2))

    assert drawn.height_px == 96
    last = drawn.image.crop(0, 50 - drawn.top_px, drawn.image.width, drawn.image.height - 50 + drawn.top_px)
    assert last[3].find_trim(background=0, threshold=10)[2] > 200


def test_a_cut_is_seen():
    """An ellipsis stands at the end: the beginning alone would look otherwise."""
    cut = written("one two three four five six seven")
    plain = written("one two three four")

    assert cut.image.avg() != plain.image.avg()


def test_a_word_too_long_is_broken_and_cut():
    """Without spaces it is cut between letters, and letters with marks stay whole."""
    assert written("e\u0301" * 200).image.width <= 400
    assert written("W" * 200, Size(40, 3, 1.2)).height_px == 144


def test_taller_scripts_have_more_room():
    """Lines of Devanagari are further apart than those of Latin."""
    require_scripts("Devanagari")
    assert written("क", Size(100, 1, 1.2)).height_px > written("a", Size(100, 1, 1.2)).height_px


@pytest.mark.parametrize(("hand", "low", "high"), [
    (HAND, 0, 40),
    (Hand(language="", is_rtl=True), 300, 400),
    (Hand(language="", is_rtl=False, is_centred=True), 120, 260),
])  # fmt: skip
def test_lines_begin_where_the_card_says(hand, low, high):
    """Latin text on a card that runs from right to left ends at its right edge."""
    drawn = written("Word", hand=hand)

    assert low <= drawn.left_px <= high
    assert drawn.left_px + drawn.image.width <= 402


def test_what_cannot_be_broken_is_cut():
    """Letters that all hang together, and letters that nothing parts, stay within the column."""
    require_scripts("Devanagari", "Emoji")

    assert 0 < written("\u0915\u094d" * 100).image.width <= 400
    assert written("\U0001f468" + "\u200d\U0001f469" * 60) is NOTHING
