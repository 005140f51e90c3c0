"""Text as pixels, by Pango: shaped, wrapped, as large as it fits, and cut with an ellipsis where it does not."""

import math
import unicodedata
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import pyvips
from msgspec import Struct

from imgsvc.model.card import is_rtl
from imgsvc.model.colours import Colour
from imgsvc.transform.typefaces import FAMILY

ELLIPSIS = "…"

_DPI = 72  # then a point is a pixel
_PANGO_UNITS = 1024
_FIRST_TALL = "\u0590"  # from Hebrew on letters are taller, or have marks above and below
_TALL_LEADING = 1.14
_OVERHANG = 0.22  # of a line: how far descenders may hang out of the last one
_ZERO_WIDTH_JOINER, _SELECTORS = "\u200d", range(0xFE00, 0xFE10)
_BALANCING_TRIES, _LEAST_BALANCED = 3, 0.6  # draws; of the column's width
_TRAILING = " ,.;:!?-–—/|·•、。，"


class Size(Struct, frozen=True):
    """
    A way to set a text.

    Attributes:
        size_px: of the letters (em).
        max_lines: more are cut.
        leading: from line to line, for each px of *size_px*; scripts with taller letters have more.
    """

    size_px: int
    max_lines: int
    leading: float


class Hand(Struct, frozen=True, kw_only=True):
    """
    How all texts of a card are written.

    Attributes:
        language: BCP 47; empty = not known.
        is_rtl: the card's direction: where lines begin.
        is_centred: whether they are centred instead.
    """

    language: str
    is_rtl: bool
    is_centred: bool = False


class Lettering(Struct, frozen=True):
    """
    Text that is drawn.

    Attributes:
        image: RGBA, only what has ink; None = nothing has.
        left_px: of the ink from the column's left edge.
        top_px: of the ink from the first line's top.
        height_px: of all lines.
    """

    image: Any
    left_px: int
    top_px: int
    height_px: int


NOTHING = Lettering(None, 0, 0, 0)


def lettering(
    text: str, sizes: Sequence[Size], width_px: int, colour: Colour, hand: Hand, *, bold: bool = False
) -> Lettering:
    """
    Write *text* into a column, in the first of *sizes* in which all of it fits; in the last one as much as fits.

    Lines of one text are about equally long, so that no word stands alone in the last.
    What no font has is left out. libvips writes one text at a time, however many threads ask.

    Args:
        text: one line without control characters; bounded, for all of it is drawn before some is cut.
        sizes: the best first, at least one.
        width_px: of the column.
        colour: of the letters; emoji have their own.
        hand: language and direction.
        bold: whether it is in bold letters.
    """
    if not text:
        return NOTHING
    pen = _Pen(text, width_px, colour, hand, bold=bold)
    for size in sizes:
        drawn = pen.drawn(text, size)
        if pen.lines(drawn, size) <= size.max_lines:
            return _balanced(pen, text, size, drawn)
    return pen.finished(_cut(pen, text, sizes[-1], pen.lines(drawn, size)), sizes[-1])


class _Pen:
    """Writes one text, or parts of it."""

    def __init__(self, text: str, width_px: int, colour: Colour, hand: Hand, *, bold: bool) -> None:
        self.width_px, self._bold = width_px, bold
        self._is_rtl, self._is_centred = hand.is_rtl, hand.is_centred
        self._tall = _TALL_LEADING if any(c >= _FIRST_TALL and c.isalpha() for c in text) else 1.0
        self._attributes = f'foreground="#{colour}" lang="{escape(hand.language or "en")}"'
        # Pango takes "low" as a paragraph's own beginning.
        self._align = "centre" if hand.is_centred else "low" if is_rtl(text) == hand.is_rtl else "high"

    def pitch_px(self, size: Size) -> int:
        return round(size.size_px * size.leading * self._tall)

    def drawn(self, text: str, size: Size, width_px: int = 0) -> Any:
        """Give the ink of *text*, or None when there is none; in a narrower column if one is named."""
        pitch = self.pitch_px(size) * _PANGO_UNITS
        try:
            return pyvips.Image.text(
                f'<span {self._attributes} line_height="{pitch}">{escape(text, quote=False)}</span>',
                font=f"{FAMILY}{' Bold' if self._bold else ''} {size.size_px}", width=width_px or self.width_px,
                align=self._align, wrap="word-char", dpi=_DPI, rgba=True,
            )  # fmt: skip
        except pyvips.Error as error:
            if "no text" in str(error):
                return None
            raise

    def lines(self, drawn: Any, size: Size) -> int:
        """Count them; what no line can be broken in, and hangs out of the column, is as good as too many."""
        if drawn is None:
            return 0
        if drawn.width > self.width_px + size.size_px:
            return size.max_lines + 1
        below_px: int = drawn.yoffset + drawn.height
        return math.ceil(below_px / self.pitch_px(size) - _OVERHANG)

    def finished(self, drawn: Any, size: Size, width_px: int = 0) -> Lettering:
        """Say where it goes; the narrower column lies where lines begin, or in the middle."""
        if drawn is None:
            return NOTHING
        spare_px = self.width_px - (width_px or self.width_px)
        moved_px = spare_px // 2 if self._is_centred else spare_px if self._is_rtl else 0
        height_px = self.lines(drawn, size) * self.pitch_px(size)
        return Lettering(drawn, drawn.xoffset + moved_px, drawn.yoffset, height_px)


def _balanced(pen: _Pen, text: str, size: Size, drawn: Any) -> Lettering:
    """Draw *text* in the narrowest column, as far as a few tries tell, in which it has no more lines than before."""
    lines = pen.lines(drawn, size)
    low, high = round(pen.width_px * max(_LEAST_BALANCED, (lines - 1) / max(1, lines))), pen.width_px
    for _ in range(_BALANCING_TRIES if lines > 1 else 0):
        middle = (low + high) // 2
        tried = pen.drawn(text, size, middle)
        if pen.lines(tried, size) == lines and tried.width <= middle:
            high, drawn = middle, tried
        else:
            low = middle
    return pen.finished(drawn, size, high)


def _cut(pen: _Pen, text: str, size: Size, lines: int) -> Any:
    """Draw the longest beginning of *text* that fits, with an ellipsis behind; looked for about where it must be."""
    places = list(_places(text))
    low, high, best = 0, len(places) - 1, None
    guess = min(high, max(0, round(len(places) * size.max_lines / lines)))
    while low <= high:
        drawn = pen.drawn(text[: places[guess]].rstrip(_TRAILING) + ELLIPSIS, size)
        if pen.lines(drawn, size) <= size.max_lines:
            low, best = guess + 1, drawn
        else:
            high = guess - 1
        guess = (low + high) // 2
    return best


def _places(text: str) -> Iterator[int]:
    """Name the places at which *text* may be cut: between words; where there are few, between letters."""
    spaces = [at for at, character in enumerate(text) if character == " "]
    if len(spaces) * 16 > len(text):
        yield from spaces
        return
    for at in range(1, len(text)):
        if not _joins(text[at]) and text[at - 1] != _ZERO_WIDTH_JOINER:
            yield at


def _joins(character: str) -> bool:
    """Whether it belongs to the letter before it."""
    is_mark = unicodedata.category(character) in ("Mn", "Mc", "Me")
    return is_mark or character == _ZERO_WIDTH_JOINER or ord(character) in _SELECTORS
