"""What is drawn on a card that stands in for a page's picture; measured in px, and free of whatever drew it."""

import unicodedata
from enum import StrEnum

from msgspec import Struct

from imgsvc.model.colours import Colour

CARD_WIDTH_PX, CARD_HEIGHT_PX = 1200, 630
"""The size that networks show large; 1.91 to 1 (https://developers.facebook.com/docs/sharing/webmasters/images)."""

_STRONG = {"L": False, "R": True, "AL": True}


class CardKind(StrEnum):
    """What a card is about."""

    OG_CARD = "og-card"
    PERSON = "person"
    COMPANY = "company"


class Palette(Struct, frozen=True, kw_only=True):
    """
    The colours of a card, all opaque.

    Attributes:
        ground: behind everything.
        glow: what *ground* turns to in one corner; whatever reads on the one reads on the other.
        ink: of titles.
        quiet: of all other text.
        accent: of what is no text.
        tile: behind a logo, or letters that stand for one.
        rim: round a tile.
        on_tile: of such letters.
    """

    ground: Colour
    glow: Colour
    ink: Colour
    quiet: Colour
    accent: Colour
    tile: Colour
    rim: Colour
    on_tile: Colour


class Card(Struct, frozen=True, kw_only=True):
    """
    A card, but for the picture on it.

    Attributes:
        kind: what it is about.
        title: one line of text, cleaned and bounded, as all others; empty = none.
        text: below it; empty = none.
        site: whose it is; empty = nobody's.
        letters: one or two that stand for a logo or a portrait; empty = nothing does.
        language: by which letters are chosen where scripts share them (BCP 47); empty = not known.
        is_rtl: whether it is laid out from right to left.
        palette: its colours.
    """

    kind: CardKind
    title: str
    text: str
    site: str
    letters: str
    language: str
    is_rtl: bool
    palette: Palette


def is_rtl(text: str) -> bool:
    """Tell a text's direction by its first strong character (Unicode UAX #9, rules P2 and P3)."""
    kinds = (unicodedata.bidirectional(character) for character in text)
    return next((_STRONG[kind] for kind in kinds if kind in _STRONG), False)
