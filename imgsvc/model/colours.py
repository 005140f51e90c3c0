"""Colours as people write them, and how light they are (WCAG 2.2)."""

import re

from msgspec import Struct


class Colour(Struct, frozen=True):
    """An sRGB colour, each part 0–255, alpha not premultiplied."""

    red: int
    green: int
    blue: int
    alpha: int = 255

    def __str__(self) -> str:
        return f"{self.red:02x}{self.green:02x}{self.blue:02x}" + ("" if self.alpha == 255 else f"{self.alpha:02x}")  # noqa: PLR2004 - a byte


TRANSPARENT = "transparent"

_REBECCAPURPLE_NAME = "rebeccapurple"

_HEX = re.compile(r"#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\Z", re.IGNORECASE)
_SHORT_DIGITS = 4

LUMINANCE_WEIGHTS = (0.2126, 0.7152, 0.0722)
FLARE = 0.05
"""What WCAG takes for the light that a screen reflects."""

# CSS Color 4 §6.1 added this one to the 147 names of CSS 3, where webcolors ends.
_REBECCAPURPLE = Colour(0x66, 0x33, 0x99)


def linear(value: float) -> float:
    """Undo sRGB's transfer function (IEC 61966-2-1); both 0–1."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - IEC's


_LINEAR = tuple(linear(value / 255) for value in range(256))


def colour(value: str) -> Colour | None:
    """
    Read a colour: hex of 3, 4, 6 or 8 digits with or without ``#``, a CSS name, or ``transparent``.

    Returns:
        The colour, or None for one that cannot be seen (alpha 0): whatever is put behind is then not there.

    Raises:
        ValueError: it is none of these.
    """
    digits = _HEX.match(value)
    found = _from_hex(digits[1]) if digits else _from_name(value.lower())
    return found if found is not None and found.alpha else None


def colour_pattern() -> str:
    """Give a pattern of what :func:`colour` takes, for documents; names in lower case."""
    import webcolors  # noqa: PLC0415 - few requests name a colour, and it takes longer to load than all of this

    names = (TRANSPARENT, *sorted((*webcolors.names(webcolors.CSS3), _REBECCAPURPLE_NAME)))
    return f"#?(?:[0-9A-Fa-f]{{3,4}}|[0-9A-Fa-f]{{6}}|[0-9A-Fa-f]{{8}})|{'|'.join(names)}"


def luminance_of(colour: Colour) -> float:
    """Give the relative luminance (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance), 0–1; alpha is left out."""
    parts = (colour.red, colour.green, colour.blue)
    return sum(weight * _LINEAR[part] for weight, part in zip(LUMINANCE_WEIGHTS, parts, strict=True))


def contrast_between(one: float, other: float) -> float:
    """Give the contrast ratio (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio) of two luminances, 1–21."""
    return (max(one, other) + FLARE) / (min(one, other) + FLARE)


def is_light(page: Colour) -> bool:
    """Whether black reads better on *page* (opaque) than white does."""
    light = luminance_of(page)
    return contrast_between(light, 0.0) > contrast_between(light, 1.0)


def opaque(colour: Colour, behind: Colour) -> Colour:
    """Lay *colour*, which may let something through, on an opaque one."""
    if colour.alpha == 255:  # noqa: PLR2004 - a byte
        return colour
    pairs = ((colour.red, behind.red), (colour.green, behind.green), (colour.blue, behind.blue))
    return Colour(*((2 * (a * colour.alpha + b * (255 - colour.alpha)) + 255) // 510 for a, b in pairs))


def _from_hex(digits: str) -> Colour:
    if len(digits) <= _SHORT_DIGITS:
        digits = "".join(d + d for d in digits)
    return Colour(*bytes.fromhex(digits))


def _from_name(name: str) -> Colour | None:
    if name == TRANSPARENT:
        return None
    import webcolors  # noqa: PLC0415 - see colour_pattern

    return _REBECCAPURPLE if name == _REBECCAPURPLE_NAME else Colour(*webcolors.name_to_rgb(name))
