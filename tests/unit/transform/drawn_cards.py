"""Cards to draw, and ways to see what is on them."""

from typing import Any

import pyvips
from msgspec.structs import replace

from imgsvc.model.card import CARD_HEIGHT_PX, CARD_WIDTH_PX, Card
from imgsvc.model.colours import Colour
from imgsvc.opengraph.cards import CardKind, card_of
from imgsvc.opengraph.data import ShareData
from imgsvc.transform.cards import BAR_PX, draw_card
from imgsvc.transform.runtime import KillSwitch

BLUE = Colour(37, 99, 235)

Box = tuple[int, int, int, int]


def card(title: str = "A title", text: str = "", site: str = "Acme", kind: CardKind = CardKind.OG_CARD, **more) -> Card:
    colours = more.pop("colours", [BLUE])
    data = ShareData(title=title, description=text, site_name=site, **more)
    return card_of(kind, data, name="Acme", host="", colours=colours)


def drawn(made: Card, emblem: bytes | None = None) -> bytes:
    return draw_card(made, emblem, KillSwitch())


def pixels(data: bytes) -> Any:
    """Decode; the coloured edge below is cut off."""
    return pyvips.Image.new_from_buffer(data, "").crop(0, 0, CARD_WIDTH_PX, CARD_HEIGHT_PX - BAR_PX)


def changed(one: bytes, other: bytes) -> Box:
    """Give left, top, width and height of where two cards differ; zeros where nowhere."""
    difference = (pixels(one).cast("short") - pixels(other).cast("short")).abs().bandmean()
    if not difference.max():
        return 0, 0, 0, 0
    return difference.find_trim(background=0, threshold=8)


def ink(made: Card) -> Box:
    """Give the box of all lines on a card, by drawing it without them."""
    return changed(drawn(made), drawn(replace(made, title="", text="", site="")))
