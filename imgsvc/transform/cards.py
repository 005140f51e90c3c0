"""Cards, drawn: where what goes on each kind of card, and how large."""

from typing import Any

import pyvips

from imgsvc.model.card import CARD_HEIGHT_PX, CARD_WIDTH_PX, Card, CardKind
from imgsvc.model.colours import Colour
from imgsvc.transform.canvas import Canvas, disc, rounded, whole
from imgsvc.transform.lettering import Hand, Lettering, Size, lettering
from imgsvc.transform.runtime import KillSwitch
from imgsvc.transform.typefaces import use_fonts

LAYOUT_VERSION = 1
"""Raised when the same card begins to be drawn otherwise."""

CARD_BYTES = 24 * 1024 * 1024
"""What drawing one takes, at the most: canvas, text, encoder, and pages of fonts; measured by bench/cards.py."""

MARGIN_PX = 80
BAR_PX = 14
"""Height of the coloured edge below."""

OG_TILE_PX, OG_LOGO_PX = 96, 64
PORTRAIT_PX = 300
"""Diameter of a portrait."""

COMPANY_TILE_PX, COMPANY_LOGO_PX = 220, 132

_RADIUS_SHARE = 0.23
_RIM_PX = 1
_SQUARE_SHARE, _SOLID = 0.04, 250
_RING_PX, _RING_GAP_PX = 6, 8
_DOT_PX = 20
_GAP_PX = 24
_COLUMN_PX = CARD_WIDTH_PX - 2 * MARGIN_PX
_MIDDLE_PX = (CARD_HEIGHT_PX - BAR_PX) // 2

_TITLES = (Size(80, 2, 1.1), Size(66, 3, 1.12), Size(56, 3, 1.14))
_TEXTS = (Size(31, 2, 1.42),)
_NAMES = (Size(78, 1, 1.1), Size(64, 2, 1.12), Size(52, 3, 1.14))
_ABOUT = (Size(32, 3, 1.4),)
_SITE = (Size(30, 1, 1.3),)
_SITE_BESIDE = (Size(34, 1, 1.3),)
_COMPANIES = (Size(78, 1, 1.1), Size(60, 2, 1.12))
_PNG = {"compression": 3, "filter": "none", "keep": "none"}


def draw_card(card: Card, emblem: bytes | None, switch: KillSwitch) -> bytes:
    """
    Draw a card as PNG, 1200 × 630 px; the same arguments give the same bytes on one installation.

    Args:
        card: what is on it.
        emblem: a logo that reads on the card's tile, or a portrait, in a format that libvips reads here; None = none.
        switch: stops it between its parts.

    Raises:
        pyvips.Error: *emblem* is no picture.
        Killed: it is not wanted any more.
    """
    use_fonts()
    drawing = _Drawing(card, None if emblem is None else _picture(emblem), switch)
    {CardKind.OG_CARD: drawing.page, CardKind.PERSON: drawing.person, CardKind.COMPANY: drawing.company}[card.kind]()
    return drawing.encoded()


class _Drawing:
    """One card; its measures are those of one from left to right, and mirrored where it is not."""

    def __init__(self, card: Card, emblem: Any, switch: KillSwitch) -> None:
        colours = card.palette
        self._card, self._colours, self._emblem = card, colours, emblem
        self._canvas = Canvas(
            CARD_WIDTH_PX, CARD_HEIGHT_PX, colours.ground, colours.glow, switch, is_rtl=card.is_rtl
        )  # fmt: skip
        self._hand = Hand(language=card.language, is_rtl=card.is_rtl)
        self._shape(whole(CARD_WIDTH_PX, BAR_PX), colours.accent, 0, CARD_HEIGHT_PX - BAR_PX)

    def page(self) -> None:
        """Whose it is above; title and description stand on the margin below."""
        card, colours = self._card, self._colours
        self._header()
        title = lettering(card.title, _TITLES, _COLUMN_PX, colours.ink, self._hand, bold=True)
        text = lettering(card.text, _TEXTS, _COLUMN_PX, colours.quiet, self._hand)
        self._stacked([title, text], MARGIN_PX, _COLUMN_PX, bottom=CARD_HEIGHT_PX - BAR_PX - MARGIN_PX + 12)

    def person(self) -> None:
        """Draw a portrait, and beside it who that is."""
        card, colours = self._card, self._colours
        self._portrait(MARGIN_PX, _MIDDLE_PX - PORTRAIT_PX // 2)
        left = MARGIN_PX + PORTRAIT_PX + 68
        width = CARD_WIDTH_PX - left - MARGIN_PX
        site = lettering(card.site, _SITE, width, colours.quiet, self._hand, bold=True)
        name = lettering(card.title, _NAMES, width, colours.ink, self._hand, bold=True)
        text = lettering(card.text, _ABOUT, width, colours.quiet, self._hand)
        self._stacked([site, name, text], left, width)

    def company(self) -> None:
        """Draw the logo on its tile, and below it whose it is, all in the middle."""
        card, colours = self._card, self._colours
        hand = Hand(language=card.language, is_rtl=card.is_rtl, is_centred=True)
        name = lettering(card.title, _COMPANIES, _COLUMN_PX, colours.ink, hand, bold=True)
        text = lettering(card.text, _TEXTS, _COLUMN_PX - 120, colours.quiet, hand)
        parts = [part for part in (name, text) if part.image is not None]
        height = COMPANY_TILE_PX + 40 + sum(part.height_px for part in parts) + 16 * max(0, len(parts) - 1)
        top = _MIDDLE_PX - height // 2
        self._tile((CARD_WIDTH_PX - COMPANY_TILE_PX) // 2, top, COMPANY_TILE_PX, COMPANY_LOGO_PX)
        top += COMPANY_TILE_PX + 40
        self._write(name, MARGIN_PX, _COLUMN_PX, top)
        self._write(text, MARGIN_PX + 60, _COLUMN_PX - 120, top + name.height_px + 16)

    def encoded(self) -> bytes:
        data: bytes = self._canvas.in_memory().pngsave_buffer(**_PNG)
        return data

    def _header(self) -> None:
        """Say whose the page is: the logo on its tile, or a dot, and the name beside it."""
        left, top = MARGIN_PX, 72
        if self._emblem is not None:
            self._tile(left, top, OG_TILE_PX, OG_LOGO_PX)
            left += OG_TILE_PX + 28
        elif self._card.site:
            self._shape(disc(_DOT_PX), self._colours.accent, left, top + (OG_TILE_PX - _DOT_PX) // 2)
            left += _DOT_PX + 20
        width = CARD_WIDTH_PX - MARGIN_PX - left
        site = lettering(self._card.site, _SITE_BESIDE, width, self._colours.quiet, self._hand, bold=True)
        self._write(site, left, width, top + (OG_TILE_PX - site.height_px) // 2)

    def _portrait(self, left: int, top: int) -> None:
        colours, inner = self._colours, PORTRAIT_PX - 2 * (_RING_PX + _RING_GAP_PX)
        self._shape(disc(PORTRAIT_PX), colours.accent, left, top)
        within = PORTRAIT_PX - 2 * _RING_PX
        self._shape(disc(within), colours.ground, left + _RING_PX, top + _RING_PX)
        edge = _RING_PX + _RING_GAP_PX
        self._shape(disc(inner), colours.tile, left + edge, top + edge)
        if self._emblem is not None:
            x = self._mirrored(left + edge, inner)
            self._canvas.picture(_filling(self._emblem, inner), x, top + edge, disc(inner))
        else:
            self._letters(left, top, PORTRAIT_PX, 112)

    def _tile(self, left: int, top: int, side: int, logo_px: int) -> None:
        """Draw a tile with the logo on it, or letters that stand for one."""
        radius = side * _RADIUS_SHARE
        outer = side + 2 * _RIM_PX
        self._shape(rounded(outer, outer, radius + _RIM_PX), self._colours.rim, left - _RIM_PX, top - _RIM_PX)
        self._shape(rounded(side, side, radius), self._colours.tile, left, top)
        if self._emblem is None:
            self._letters(left, top, side, round(side * 0.5))
        elif _is_tile(self._emblem):
            self._canvas.picture(
                _filling(self._emblem, side), self._mirrored(left, side), top, rounded(side, side, radius)
            )
        else:
            logo = _fitted(self._emblem, logo_px)
            x = self._mirrored(left + (side - logo.width) // 2, logo.width)
            self._canvas.picture(logo, x, top + (side - logo.height) // 2)

    def _letters(self, left: int, top: int, side: int, size_px: int) -> None:
        """Write the card's letters into the middle of a square, by their ink."""
        hand = Hand(language=self._card.language, is_rtl=self._card.is_rtl, is_centred=True)
        drawn = lettering(self._card.letters, (Size(size_px, 1, 1.4),), side, self._colours.on_tile, hand, bold=True)
        if drawn.image is not None:
            x = self._mirrored(left + (side - drawn.image.width) // 2, drawn.image.width)
            self._canvas.picture(drawn.image, x, top + (side - drawn.image.height) // 2)

    def _stacked(self, parts: list[Lettering], left: int, width: int, bottom: int | None = None) -> None:
        """Write texts one below the other, so that the last stands on *bottom*, or all are in the middle."""
        parts = [part for part in parts if part.image is not None]
        height = sum(part.height_px for part in parts) + _GAP_PX * max(0, len(parts) - 1)
        top = _MIDDLE_PX - height // 2 if bottom is None else bottom - height
        for part in parts:
            self._write(part, left, width, top)
            top += part.height_px + _GAP_PX

    def _write(self, part: Lettering, left: int, width: int, top: int) -> None:
        if part.image is not None:
            self._canvas.picture(part.image, self._mirrored(left, width) + part.left_px, top + part.top_px)

    def _shape(self, mask: Any, colour: Colour, left: int, top: int) -> None:
        self._canvas.shape(mask, colour, self._mirrored(left, mask.width), top)

    def _mirrored(self, left: int, width: int) -> int:
        return CARD_WIDTH_PX - left - width if self._card.is_rtl else left


def _picture(data: bytes) -> Any:
    """Read an emblem as 8-bit RGBA, upright."""
    image = pyvips.Image.new_from_buffer(data, "", access="random", fail_on="truncated").autorot()
    image = image.colourspace("srgb")
    return (image if image.hasalpha() else image.addalpha()).cast("uchar").copy_memory()


def _is_tile(image: Any) -> bool:
    """Whether a logo is a tile itself: square, large enough, and filled from edge to edge."""
    is_square = abs(image.width - image.height) <= _SQUARE_SHARE * image.width
    return is_square and image.width >= OG_LOGO_PX and bool(image[3].min() >= _SOLID)


def _filling(image: Any, side_px: int) -> Any:
    """Make a picture fill a square; what does not fit is cut off on both sides."""
    return image.thumbnail_image(side_px, height=side_px, crop="centre", size="both").copy_memory()


def _fitted(image: Any, side_px: int) -> Any:
    """Make a logo fit a square; one that is smaller stays as it is."""
    return image.thumbnail_image(side_px, height=side_px, size="down").copy_memory()
