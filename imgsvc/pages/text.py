"""Text from strangers, cleaned: one line, no control characters, no longer than is of use."""

import re

_SPACE = re.compile(r"\s+")
# Controls, lone surrogates, byte order marks and non-characters, and the controls of direction (Unicode UAX #9), which
# make a line read as something else than it is.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_LOOKED_AT_TIMES = 4


def clean(text: str, max_chars: int) -> str:
    """
    Fold white space, drop what nobody can see, and cut after *max_chars* characters.

    Of a text that is far longer only the beginning is looked at.
    """
    start = text[: max_chars * _LOOKED_AT_TIMES]
    return _SPACE.sub(" ", _UNPRINTABLE.sub("", start)).strip()[:max_chars].rstrip()
