"""A stand-in for a logo that was not found: the name's first letter on a coloured tile, as SVG."""

import hashlib
import json
from functools import cache
from html import escape
from importlib.resources import files

from imgsvc.model.colours import Colour, is_light
from imgsvc.model.initial import first_letter
from imgsvc.model.oklch import from_oklch

SIDE_UNITS = 64
"""Width and height of the drawing's view box."""

LIGHTNESS, CHROMA = 0.5, 0.12
"""Of tiles without a colour of the site's own, in OKLCH: white reads on every hue, and all hues are about in sRGB."""

_BLACK, _WHITE = Colour(0, 0, 0), Colour(255, 255, 255)
_FONTS = (
    "Inter, 'Helvetica Neue', Arial, 'DejaVu Sans', 'Noto Sans', 'Noto Sans CJK SC', 'Noto Color Emoji', sans-serif"
)
_TEXT_UNITS = 36
_TEXT_BASE_UNITS = 45  # puts a letter 0.72 em high in the middle


def monogram(name: str, colour: Colour | None = None) -> bytes:
    """
    Draw the first letter of *name*; the same arguments give the same bytes.

    Capitals and digits of Latin, Greek and Cyrillic are outlines and need no font. All else is text, for which the
    machine that draws it needs a font; where none has the letter, or there is none at all, an empty box is drawn.

    Args:
        name: a company's name or a domain's label (:attr:`imgsvc.logos.domain.Domain.label`).
        colour: of the tile, the site's own; without it one that follows from *name*. Its alpha counts nothing.

    Returns:
        An SVG document in UTF-8, square, :data:`SIDE_UNITS` a side.
    """
    letter = first_letter(name)
    tile = colour or tile_colour(name)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE_UNITS}" height="{SIDE_UNITS}" '
        f'viewBox="0 0 {SIDE_UNITS} {SIDE_UNITS}"><rect width="{SIDE_UNITS}" height="{SIDE_UNITS}" rx="12" '
        f'fill="{_hex(tile)}"/>{_drawn(letter, _hex(text_colour(tile)))}</svg>'
    )
    return svg.encode()


def tile_colour(name: str) -> Colour:
    """Give the colour that stands for *name* where the site's own is not known: a hue from its hash."""
    digest = hashlib.sha256(name.strip().casefold().encode("utf-8", "surrogatepass")).digest()
    return from_oklch(LIGHTNESS, CHROMA, int.from_bytes(digest[:2], "big") % 360)


def text_colour(tile: Colour) -> Colour:
    """
    Give black or white, whichever reads better on *tile*.

    The better one has a contrast of 4.58 (√21) at the least, above the 4.5 of WCAG 2.2 §1.4.3.
    """
    return _BLACK if is_light(tile) else _WHITE


def _drawn(letter: str, colour: str) -> str:
    if outline := _glyphs().get(letter):
        return f'<path transform="translate({SIDE_UNITS // 2} {SIDE_UNITS // 2})" fill="{colour}" d="{outline}"/>'
    return (
        f'<text x="{SIDE_UNITS // 2}" y="{_TEXT_BASE_UNITS}" font-size="{_TEXT_UNITS}" font-weight="600" '
        f'text-anchor="middle" font-family="{_FONTS}" fill="{colour}">{escape(letter)}</text>'
    )


@cache
def _glyphs() -> dict[str, str]:
    """Outlines by character, round 0,0; made by scripts/make_glyphs.py from DejaVu Sans Bold."""
    glyphs: dict[str, str] = json.loads(files("imgsvc.logos").joinpath("glyphs.json").read_text("utf-8"))
    return glyphs


def _hex(colour: Colour) -> str:
    return f"#{colour.red:02x}{colour.green:02x}{colour.blue:02x}"
