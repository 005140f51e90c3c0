"""Colours as a query names them."""

import re

import webcolors

from imgsvc.model.spec import Colour

TRANSPARENT = "transparent"

_HEX = re.compile(r"#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\Z", re.IGNORECASE)
_SHORT_DIGITS = 4

# CSS Color 4 §6.1 added this one to the 147 names of CSS 3, where webcolors ends.
_REBECCAPURPLE = Colour(0x66, 0x33, 0x99)


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


def _from_hex(digits: str) -> Colour:
    if len(digits) <= _SHORT_DIGITS:
        digits = "".join(d + d for d in digits)
    return Colour(*bytes.fromhex(digits))


def _from_name(name: str) -> Colour | None:
    if name == TRANSPARENT:
        return None
    return _REBECCAPURPLE if name == "rebeccapurple" else Colour(*webcolors.name_to_rgb(name))
