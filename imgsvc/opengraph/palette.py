"""The colours of a card, from the colours of a site: quiet ground, ink that reads on it (WCAG 2.2 §1.4.3)."""

import colorsys
import re
from collections.abc import Sequence

from imgsvc.model.card import CardKind, Palette
from imgsvc.model.colours import Colour, colour, contrast_between, is_light, luminance_of, opaque

TEXT_CONTRAST = 4.5
"""Least contrast of text, WCAG 2.2 §1.4.3."""

TITLE_CONTRAST = 7.0
"""Of titles, WCAG 2.2 §1.4.6."""

SHAPE_CONTRAST = 3.0
"""Of what is no text, WCAG 2.2 §1.4.11."""

_WHITE, _BLACK = Colour(255, 255, 255), Colour(0, 0, 0)
_PAPER, _NIGHT = Colour(0xFB, 0xFB, 0xFA), Colour(0x10, 0x12, 0x17)
_DARK_INK, _LIGHT_INK = Colour(0x16, 0x18, 0x1D), Colour(0xF7, 0xF8, 0xFA)
_RAISED = Colour(0x24, 0x27, 0x2F)
_SLATE = Colour(0x64, 0x70, 0x86)  # for sites that have no hue: paper and night shall not look empty

_DARK_BELOW = 0.03
"""Luminance of a site's colour below which its card is dark."""

_COLOURFUL = 0.14
"""From this difference of the parts on, of 1, a colour has a hue that can be told."""

_STEPS = 24
_FUNCTION = re.compile(r"(rgb|hsl)a?\(([^()]*)\)\Z", re.IGNORECASE)
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(%|deg)?\Z")


def read_colour(text: str) -> Colour | None:
    """
    Read a colour as CSS has it: hex, a name, ``rgb()`` or ``hsl()``.

    What lets the page shine through is laid on white. None for what is none of these, or cannot be seen.
    """
    try:
        found = _from_function(text.strip()) or colour(text.strip())
    except ValueError:
        return None
    return None if found is None else opaque(found, _WHITE)


def palette_of(kind: CardKind, colours: Sequence[Colour]) -> Palette:
    """
    Give a card's colours.

    Args:
        kind: on a card of a company or a person the tile has the brand's colour.
        colours: of the site, what says most of it first; at least one. Those without a hue leave the accent to others.
    """
    colours = [opaque(each, _WHITE) for each in colours]
    hues = [each for each in colours if _chroma(each) >= _COLOURFUL]
    brand, hue = colours[0], hues[0] if hues else _SLATE
    is_dark = luminance_of(brand) < _DARK_BELOW
    ground = mixed(_NIGHT, brand, 0.3) if is_dark else mixed(_PAPER, hue, 0.035)
    shown = next((each for each in hues if contrast(each, ground) >= SHAPE_CONTRAST), hue)
    glow = mixed(ground, shown, 0.2 if is_dark else 0.16)
    ink = _reading(mixed(_LIGHT_INK if is_dark else _DARK_INK, hue, 0.07), (ground, glow), TITLE_CONTRAST)
    tile = _RAISED if is_dark else _WHITE
    if kind is not CardKind.OG_CARD:
        tile = hue if hues else brand
    return Palette(
        ground=ground,
        glow=glow,
        ink=ink,
        quiet=_reading(mixed(ink, ground, 0.36), (ground, glow), TEXT_CONTRAST),
        accent=_showing(shown, (ground, glow)),
        tile=tile,
        rim=mixed(ground, ink, 0.16 if is_dark else 0.09),
        on_tile=_BLACK if is_light(tile) else _WHITE,
    )


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """Mix two opaque colours as sRGB is; *share* of the other, 0–1."""
    pairs = ((one.red, other.red), (one.green, other.green), (one.blue, other.blue))
    return Colour(*(round(a + (b - a) * share) for a, b in pairs))


def contrast(one: Colour, other: Colour) -> float:
    """Give the contrast ratio of two opaque colours, 1–21."""
    return contrast_between(luminance_of(one), luminance_of(other))


def _reading(wanted: Colour, grounds: Sequence[Colour], least: float) -> Colour:
    """Give the colour nearest to *wanted*, on its way to black or white, that reads on all *grounds*."""
    end = _BLACK if is_light(grounds[0]) else _WHITE
    steps = (mixed(wanted, end, step / _STEPS) for step in range(_STEPS + 1))
    return next((each for each in steps if all(contrast(each, ground) >= least for ground in grounds)), end)


def _showing(wanted: Colour, grounds: Sequence[Colour]) -> Colour:
    """Give the colour of *wanted*'s hue, lighter or darker, that is seen on all *grounds*."""
    hue, lightness, saturation = colorsys.rgb_to_hls(wanted.red / 255, wanted.green / 255, wanted.blue / 255)
    end = 0.0 if is_light(grounds[0]) else 1.0
    steps = (lightness + (end - lightness) * step / _STEPS for step in range(_STEPS))
    lit = (colorsys.hls_to_rgb(hue, each, saturation) for each in steps)
    shades = (Colour(*(round(255 * part) for part in parts)) for parts in lit)
    fit = (each for each in shades if all(contrast(each, ground) >= SHAPE_CONTRAST for ground in grounds))
    return next(fit, _BLACK if end == 0.0 else _WHITE)


def _chroma(colour: Colour) -> float:
    parts = (colour.red, colour.green, colour.blue)
    return (max(parts) - min(parts)) / 255


def _from_function(text: str) -> Colour | None:
    """Read ``rgb()`` and ``hsl()`` (CSS Color 4 §5 and §7), with commas or without."""
    if (called := _FUNCTION.match(text)) is None:
        return None
    values = [_NUMBER.match(part) for part in re.split(r"[\s,/]+", called[2].strip())]
    if len(values) not in (3, 4) or None in values:
        raise ValueError(text)
    numbers = [(float(value[1]), value[2] or "") for value in values if value is not None]
    alpha = _share(*numbers[3], whole=1.0) if numbers[3:] else 1.0
    if called[1].lower() == "rgb":
        parts = [_share(number, unit, whole=255.0) for number, unit in numbers[:3]]
    else:
        hue = numbers[0][0] % 360 / 360
        saturation, lightness = (_share(number, "%", whole=100.0) for number, _ in numbers[1:3])
        parts = list(colorsys.hls_to_rgb(hue, lightness, saturation))
    red, green, blue = (round(255 * part) for part in parts)
    seen = Colour(red, green, blue, round(255 * alpha))
    return seen if seen.alpha else None


def _share(number: float, unit: str, *, whole: float) -> float:
    return min(max(number / (100.0 if unit == "%" else whole), 0.0), 1.0)
