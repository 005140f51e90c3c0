"""
Colours of CSS that what draws a drawing does not know, written so that it does: it would take black for them.

These are ``oklch()`` and ``oklab()`` (CSS Color Level 4 §9.2) and ``light-dark()`` (Level 5 §10). A wide ``color()``
comes with another colour before it for those who do not know it, and that one is drawn.
"""

import math
import re

from lxml import etree

from imgsvc.model.look import Theme
from imgsvc.model.oklch import from_oklch
from imgsvc.transform.svg_css import clean_stylesheet
from imgsvc.transform.svg_names import SVG_NAMESPACE
from imgsvc.transform.svg_variables import cleaner_of

MENTIONS = (b"oklch(", b"oklab(", b"light-dark(")
"""In lower case; a document without any of them has none of these colours."""

_COLOUR = re.compile(r"(?<![\w-])(oklch|oklab)\(([^()]{1,128})\)", re.IGNORECASE)
_ARGUMENT = r"([^(),]*+(?:\([^()]*+\)[^(),]*+)?+)"
_LIGHT_DARK = re.compile(rf"(?<![\w-])light-dark\({_ARGUMENT},{_ARGUMENT}\)", re.IGNORECASE)
_NUMBER = re.compile(r"([+-]?(?:\d{1,9}(?:\.\d*)?|\.\d+)(?:e[+-]?\d)?)(%|deg|grad|rad|turn)?", re.IGNORECASE)
_DEGREES = {None: 1.0, "deg": 1.0, "grad": 0.9, "rad": 180 / math.pi, "turn": 360.0}
_WHOLE_CHROMA = 0.4
"""What 100 % of chroma is, and of OKLab's two other parts."""

_STYLE = f"{{{SVG_NAMESPACE}}}style"


def write_plainly(root: etree._Element, scheme: str) -> None:
    """
    Replace these colours in style sheets, ``style`` and presentation attributes; what is wrong stays as it is.

    Args:
        root: of a sanitised drawing, its variables put in.
        scheme: ``light`` or ``dark``; empty = no preference is known, which is as good as light.
    """
    for element in root.iter():
        if element.tag == _STYLE and (sheet := _plain(element.text or "", scheme)) != element.text:
            element.text = clean_stylesheet(sheet)
        for name, value in element.attrib.items():
            plain = _plain(str(value), scheme)
            if plain != value and (clean := cleaner_of(str(name))) is not None:
                element.set(name, clean(plain) or "")


def _plain(text: str, scheme: str) -> str:
    chosen = 2 if scheme == Theme.DARK else 1
    return _LIGHT_DARK.sub(lambda use: use[chosen].strip(), _COLOUR.sub(_as_rgb, text))


def _as_rgb(use: re.Match[str]) -> str:
    parts, slash, alpha = use[2].partition("/")
    try:
        lightness, first, second = parts.split()
        bright = min(max(_number(lightness, 1.0), 0.0), 1.0)
        if use[1].lower() == "oklch":
            chroma, hue = _number(first, _WHOLE_CHROMA), _degrees(second)
        else:
            a, b = _number(first, _WHOLE_CHROMA), _number(second, _WHOLE_CHROMA)
            chroma, hue = math.hypot(a, b), math.degrees(math.atan2(b, a))
        opacity = min(max(_number(alpha.strip(), 1.0), 0.0), 1.0) if slash else 1.0
    except ValueError:
        return use[0]
    rgb = from_oklch(bright, max(chroma, 0.0), hue)
    return f"rgba({rgb.red},{rgb.green},{rgb.blue},{opacity:.3f})"


def _number(word: str, whole: float) -> float:
    """Read a number, or a share of *whole*; what is missing is 0."""
    if word.lower() == "none":
        return 0.0
    found = _NUMBER.fullmatch(word)
    if found is None or found[2] not in (None, "%"):
        raise ValueError(word)
    return float(found[1]) * (whole / 100 if found[2] else 1)


def _degrees(word: str) -> float:
    if word.lower() == "none":
        return 0.0
    found = _NUMBER.fullmatch(word.lower())
    if found is None or found[2] not in _DEGREES:
        raise ValueError(word)
    return float(found[1]) * _DEGREES[found[2]]
