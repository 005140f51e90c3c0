"""
Texts of a query read as values.

Each function here is, or makes, a parser: it takes the decoded text and gives the value, or raises ValueError; what is
allowed is said once, in the table of :mod:`imgsvc.web.parameters`. Digits are ASCII digits: ``int`` and ``float`` alone
would take ``１２``, ``1_000``, ``1e3`` and ``nan``. Words are taken in any case.
"""

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from imgsvc.model.purge import TAG_PATTERN, is_tag
from imgsvc.model.spec import Gravity, Output

_T = TypeVar("_T")

DEFAULT_TRIM = 10
"""Tolerance of a ``trim`` that names none."""

MAX_TAGS = 16
"""Words of one request."""

FOCUS_PLACES = 4
"""Decimals of a focus point that count: 1/10000 of the largest side is below a pixel."""

_WHOLE = re.compile(r"[0-9]{1,18}\Z")
_DECIMAL = re.compile(r"[0-9]*\.?[0-9]+\Z")
_TRUE = ("1", "true", "yes", "on", "")
_FALSE = ("0", "false", "no", "off")
_BETWEEN_TAGS = re.compile(r"[\s,]+")

GRAVITIES: Mapping[str, Gravity] = {
    "center": Gravity.CENTRE,
    **{g.value: g for g in Gravity if g is not Gravity.FOCUS},
}
OUTPUTS: Mapping[str, Output | None] = {
    "auto": None,
    "jpeg": Output.JPEG,
    **{o.value: o for o in Output if not o.is_auto},
}
SWITCH_WORDS = (*_TRUE, *_FALSE)
REFRESH_WORDS = ("1", "true", "0", "false", "")
TRIM_WORDS = ("", "true")

# For documents: patterns of ECMA 262, which say what the parsers below do.
_SHARE_PATTERN = r"(?:0|1|1\.0+|0?\.[0-9]+)"
FOCUS_PATTERN = f"^fp:{_SHARE_PATTERN}:{_SHARE_PATTERN}$"
"""A point, both parts 0–1."""

TAGS_PATTERN = f"(?:{TAG_PATTERN}(?:[ ,]+{TAG_PATTERN}){{0,{MAX_TAGS - 1}}})?"
"""Words of one request."""


def text(value: str) -> str:
    """Take any text as it is."""
    return value


def tags(value: str) -> tuple[str, ...]:
    """Read words between white space or commas; order and repetition say nothing."""
    words = {word for word in _BETWEEN_TAGS.split(value) if word}
    if len(words) > MAX_TAGS or not all(map(is_tag, words)):
        raise ValueError(value)
    return tuple(sorted(words))


def refresh(value: str) -> bool:
    """Read 1/true or 0/false; a name alone means no, for what it would ask for is costly."""
    if (word := value.lower()) not in REFRESH_WORDS:
        raise ValueError(value)
    return word in ("1", "true")


def boolean(value: str) -> bool:
    """Read 1/0, true/false, yes/no, on/off; a name alone means yes."""
    word = value.lower()
    if word not in SWITCH_WORDS:
        raise ValueError(value)
    return word in _TRUE


def whole(low: int, high: int) -> Callable[[str], int]:
    """Make a parser of whole numbers from *low* to *high*."""

    def parse(value: str) -> int:
        if not _WHOLE.match(value) or not low <= int(value) <= high:
            raise ValueError(value)
        return int(value)

    return parse


def decimal(low: str, high: str) -> Callable[[str], Decimal]:
    """Make a parser of plain decimals from *low* to *high*: no sign, no exponent."""
    least, most = Decimal(low), Decimal(high)

    def parse(value: str) -> Decimal:
        if not _DECIMAL.match(value) or not least <= (number := Decimal(value)) <= most:
            raise ValueError(value)
        return number

    return parse


def sigma(low: str, high: str) -> Callable[[str], float]:
    """Make a parser of sigmas in px: decimals to two places, more show nowhere and would only make variants."""
    parse = decimal(low, high)
    return lambda value: _rounded(parse(value), 2)


def choice(options: Mapping[str, _T]) -> Callable[[str], _T]:
    """Make a parser of one of these words."""

    def parse(value: str) -> _T:
        if (word := value.lower()) not in options:
            raise ValueError(value)
        return options[word]

    return parse


def trim(value: str) -> int:
    """Read a tolerance of 1–100; ``true`` or nothing means the default."""
    return DEFAULT_TRIM if value.lower() in TRIM_WORDS else whole(1, 100)(value)


def version(value: str) -> str | None:
    """Take any text; an empty one says nothing."""
    return value or None


def gravity(value: str) -> tuple[Gravity, tuple[float, float] | None]:
    """Read a word, or ``fp:X:Y`` with both within 0–1."""
    word, *point = value.lower().split(":")
    if word != Gravity.FOCUS:
        return choice(GRAVITIES)(value), None
    x, y = map(decimal("0", "1"), point)
    return Gravity.FOCUS, (_rounded(x, FOCUS_PLACES), _rounded(y, FOCUS_PLACES))


def _rounded(number: Decimal, places: int) -> float:
    return float(number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
