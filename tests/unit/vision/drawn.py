"""
The labelled set: logos drawn by code, with what is to be said of them on a light and on a dark page.

No fonts, which differ between machines: a wordmark is strokes.
"""

from dataclasses import dataclass

import pyvips

from imgsvc.vision.pixels import Pixels

SIZES = (16, 64, 512)

_LETTERS = (
    "M6 80 V20 L26 56 L46 20 V80 M60 50 a18 22 0 1 0 36 0 a18 22 0 1 0 -36 0 M112 80 V20 M112 50 H140 M140 20 V80"
)
_BAR = "M8 92 H152"


@dataclass(frozen=True)
class Logo:
    """
    A drawing and its verdicts: whether it needs inversion on a light and on a dark page.

    Below *least_px* a line is thinner than half a pixel: faint ink that no colour makes legible.
    """

    name: str
    svg: str
    on_light: bool
    on_dark: bool
    least_px: int = 16

    def pixels(self, width_px: int = 160) -> Pixels:
        """Draw it."""
        return Pixels.of(pyvips.Image.svgload_buffer(self.svg.encode(), scale=width_px / 160))


def svg(body: str) -> str:
    """Wrap a drawing of 160 × 100."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="160" height="100">{body}</svg>'


def wordmark(colour: str, stroke: float = 10, extra: str = "") -> str:
    """Draw a word that fills the picture."""
    return f'<path d="{_LETTERS}{_BAR}" fill="none" stroke="{colour}" stroke-width="{stroke}" {extra}/>'


_TICK = "M14 50 L28 64 L52 36"
_TO_THE_EDGE = "M50 34 H44 Q36 34 36 44 V80 M24 54 H48"


def icon_and_text(icon: str, text: str, glyph: str = "", shape: str = _TICK) -> str:
    """Draw a coloured icon with a word beside it, and a glyph in the icon if it has a colour."""
    mark = f'<path d="{shape}" fill="none" stroke="{glyph}" stroke-width="8"/>' if glyph else ""
    word = f'<g transform="translate(70 25) scale(0.55 0.5)">{wordmark(text, 13)}</g>'
    return f'<rect x="4" y="20" width="58" height="60" rx="14" fill="{icon}"/>{mark}{word}'


def gradient(*stops: str, direction: str = 'x2="1" y2="0"') -> str:
    """Fill a rounded shape with a gradient."""
    listed = "".join(
        f'<stop offset="{at / (len(stops) - 1)}" stop-color="{colour}"/>' for at, colour in enumerate(stops)
    )
    return (
        f'<linearGradient id="g" {direction}>{listed}</linearGradient>'
        '<rect x="8" y="8" width="144" height="84" rx="40" fill="url(#g)"/>'
    )


def boxed(box: str, text: str) -> str:
    """Draw a word in a box that leaves a transparent border."""
    inner = f'<g transform="translate(20 15) scale(0.75 0.7)">{wordmark(text)}</g>'
    return f'<rect x="5" y="5" width="150" height="90" rx="8" fill="{box}"/>{inner}'


def tile(colour: str, text: str) -> str:
    """Draw a word on a background of its own that fills the picture."""
    return f'<rect width="160" height="100" fill="{colour}"/>{wordmark(text)}'


def stripes(*colours: str) -> str:
    """Draw a flag with a transparent border."""
    high = 84 / len(colours)
    return "".join(
        f'<rect x="8" y="{8 + at * high}" width="144" height="{high}" fill="{colour}"/>'
        for at, colour in enumerate(colours)
    )


def rings(colour: str, stroke: float) -> str:
    """Draw thin circles."""
    return "".join(
        f'<circle cx="80" cy="50" r="{r}" fill="none" stroke="{colour}" stroke-width="{stroke}"/>'
        for r in range(6, 48, 8)
    )


def photo() -> str:
    """Draw a round portrait of many soft tones."""
    return (
        '<radialGradient id="p"><stop offset="0" stop-color="#f2c9a1"/><stop offset="0.45" stop-color="#a86b43"/>'
        '<stop offset="0.8" stop-color="#4f7a8c"/><stop offset="1" stop-color="#6f8f62"/></radialGradient>'
        '<circle cx="80" cy="50" r="46" fill="url(#p)"/><circle cx="80" cy="40" r="14" fill="#e8b98f"/>'
        '<path d="M52 78 q28 -40 56 0 z" fill="#7d8ea3"/>'
    )


def panda(dark: str, light: str) -> str:
    """Draw light and dark grey that make one shape."""
    return (
        f'<circle cx="80" cy="54" r="40" fill="{light}"/><circle cx="48" cy="22" r="15" fill="{dark}"/>'
        f'<circle cx="112" cy="22" r="15" fill="{dark}"/><circle cx="66" cy="50" r="9" fill="{dark}"/>'
        f'<circle cx="94" cy="50" r="9" fill="{dark}"/><path d="M44 84 a40 40 0 0 0 72 0 z" fill="{dark}"/>'
    )


_DRAWN: tuple[tuple[str, str, bool, bool], ...] = (
    ("black wordmark", wordmark("#000"), False, True),
    ("near-black wordmark", wordmark("#1d1c1d"), False, True),
    ("dark grey wordmark", wordmark("#333"), False, True),
    ("navy-black wordmark", wordmark("#0a2540"), False, True),
    ("white wordmark", wordmark("#fff"), True, False),
    ("near-white wordmark", wordmark("#f2f2f0"), True, False),
    ("light grey wordmark", wordmark("#ccc"), True, False),
    ("mid grey wordmark", wordmark("#777"), False, False),
    ("faint black wordmark", wordmark("#000", extra='opacity="0.6"'), False, True),
    ("faint white wordmark", wordmark("#fff", extra='opacity="0.6"'), True, False),
    ("faint light grey wordmark", wordmark("#bbb", extra='opacity="0.6"'), True, False),
    ("red wordmark", wordmark("#e03131"), False, False),
    ("navy wordmark", wordmark("#000080"), False, True),
    ("royal blue wordmark", wordmark("#2f6fed"), False, False),
    ("dark green wordmark", wordmark("#004225"), False, True),
    ("maroon wordmark", wordmark("#4a0010"), False, True),
    ("purple wordmark", wordmark("#2b0a4f"), False, True),
    ("yellow wordmark", wordmark("#ffd400"), True, False),
    ("mint wordmark", wordmark("#a8f0d0"), True, False),
    ("pink wordmark", wordmark("#ffb3c7"), True, False),
    ("orange wordmark", wordmark("#f76707"), False, False),
    ("red icon, black text", icon_and_text("#e03131", "#000"), False, True),
    ("red icon with white glyph, black text", icon_and_text("#e03131", "#000", "#fff"), False, True),
    ("blue icon with white glyph, white text", icon_and_text("#2f6fed", "#fff", "#fff"), True, False),
    ("green icon, white text", icon_and_text("#12805c", "#fff"), True, False),
    ("orange icon, grey text", icon_and_text("#f76707", "#777", "#fff"), False, False),
    ("yellow icon, black text", icon_and_text("#ffd400", "#000", "#000"), True, True),
    (
        "yellow icon with black glyph to its edge, black text",
        icon_and_text("#ffd400", "#000", "#000", _TO_THE_EDGE),
        True,
        True,
    ),
    (
        "blue icon with white glyph to its edge, white text",
        icon_and_text("#2f6fed", "#fff", "#fff", _TO_THE_EDGE),
        True,
        False,
    ),
    ("orange icon with near-black glyph, near-black text", icon_and_text("#f76707", "#1d1c1d", "#1d1c1d"), False, True),
    ("navy icon with white glyph, black text", icon_and_text("#000080", "#000", "#fff"), False, True),
    ("opaque white tile", tile("#fff", "#000"), False, False),
    ("opaque black tile", tile("#000", "#fff"), False, False),
    ("opaque red tile", tile("#e03131", "#fff"), False, False),
    ("black box, white text", boxed("#000", "#fff"), False, True),
    ("white box, black text", boxed("#fff", "#000"), True, False),
    ("blue box, white text", boxed("#2f6fed", "#fff"), False, False),
    ("warm gradient", gradient("#ef476f", "#f76707"), False, False),
    ("gradient into navy", gradient("#2f6fed", "#0a0a3a"), False, True),
    ("gradient into yellow", gradient("#d6336c", "#ffe066"), True, False),
    ("grey gradient", gradient("#000", "#fff"), True, True),
    ("dark gradient", gradient("#000", "#444"), False, True),
    ("rainbow", gradient("#d00", "#b58900", "#0a0", "#0aa", "#24f", "#b0b"), False, False),
    ("photo-like", photo(), False, False),
    ("thin black rings", rings("#000", 1.5), False, True),
    ("thin white rings", rings("#fff", 1.5), True, False),
    ("thin teal rings", rings("#0b8a8f", 1.5), False, False),
    ("panda", panda("#000", "#fff"), True, True),
    ("greys", stripes("#666", "#777", "#888"), False, False),
    ("dark greys", stripes("#111", "#222", "#333"), False, True),
    ("flag of Germany", stripes("#000", "#d00", "#fc0"), True, True),
    ("flag of the Netherlands", stripes("#ae1c28", "#fff", "#21468b"), True, False),
    ("flag of Ukraine", stripes("#0057b7", "#ffd700"), True, False),
    ("flag of Estonia", stripes("#0072ce", "#000", "#fff"), True, True),
)

LOGOS = tuple(
    Logo(name, svg(body), on_light, on_dark, 64 if name.startswith("thin") else 16)
    for name, body, on_light, on_dark in _DRAWN
)
