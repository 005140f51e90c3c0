"""
CSS variables of a drawing, put in where they are used: what draws it knows no ``var()``.

Only what is declared for the whole drawing counts, the last declaration of each name. Grammar: CSS Custom Properties
Level 1, with names in lower case, as the sanitiser writes them.
"""

import re
from collections.abc import Callable, Collection, Mapping

from lxml import etree

from imgsvc.errors import SourceTooLarge
from imgsvc.transform.svg_css import blocks, clean_style, clean_stylesheet, clean_value, declarations
from imgsvc.transform.svg_names import GEOMETRY, MAX_SVG_BYTES, PROPERTIES, SVG_NAMESPACE

MAX_VALUE_CHARS = 512
"""Of a variable, with those that it is made of; colours and lengths are short."""

_MAX_ROUNDS = 8
"""How often what was put in is looked at again: variables made of later ones, and fallbacks in fallbacks."""

_MENTION = "var("
_FLAT = r"[^()]*+"  # possessive, here and below, so that hostile brackets cost no more than others
_NESTED = rf"{_FLAT}(?:\({_FLAT}\){_FLAT})*+"
_FALLBACK = rf"{_FLAT}(?:\({_NESTED}\){_FLAT})*+"
_USE = re.compile(rf"(?<![\w-])var\(\s*(--[a-z0-9_-]+)\s*(?:,({_FALLBACK}))?\)", re.IGNORECASE)
_IMPORTANT = re.compile(r"\s*!\s*important\s*\Z", re.IGNORECASE)
_WHOLE = frozenset((":root", "svg", "svg:root", "*"))
_ATTRIBUTES = PROPERTIES - GEOMETRY
_STYLE = f"{{{SVG_NAMESPACE}}}style"


def put_in(root: etree._Element) -> None:
    """
    Replace each ``var()`` in style sheets, ``style`` and presentation attributes, where its value is known.

    What comes out is sanitised again, for pieces that are harmless may not be so together.

    Args:
        root: of a sanitised drawing, whose media queries have been decided.

    Raises:
        SourceTooLarge: it would grow by more than 1 MiB.
    """
    sheets = list(root.iter(_STYLE))
    variables = _Variables(_values(_declared(root, sheets)))
    for sheet in sheets:
        sheet.text = variables.put_in(sheet.text or "", clean_stylesheet)
    for element in root.iter():
        for name, value in element.attrib.items():
            if _MENTION in str(value).lower() and (clean := cleaner_of(str(name))) is not None:
                element.set(name, variables.put_in(str(value), clean))


def cleaner_of(attribute: str) -> Callable[[str], str | None] | None:
    """Give what cleans the value of an attribute that is written in CSS; None for all others."""
    if attribute == "style":
        return clean_style
    return clean_value if attribute in _ATTRIBUTES else None


def _declared(root: etree._Element, sheets: list[etree._Element]) -> dict[str, str]:
    """Give the variables as they are declared; the root's own style goes before the sheets."""
    bodies = [
        body
        for sheet in sheets
        for selector, body in blocks(sheet.text or "")
        if _WHOLE.intersection(part.strip().lower() for part in selector.split(","))
    ]
    named = (pair for body in (*bodies, root.get("style", "")) for pair in declarations(body))
    return {name: _IMPORTANT.sub("", value) for name, value in named if name.startswith("--")}


def _values(declared: Mapping[str, str]) -> dict[str, str]:
    """Give the variables without others in them; those that are too long, or made of themselves, are none."""
    values: dict[str, str] = {}
    left = {name: text for name, text in declared.items() if len(text) <= MAX_VALUE_CHARS}
    for _ in range(_MAX_ROUNDS):
        for name, text in tuple(left.items()):
            made = _USE.sub(lambda use: _value(use, values, left), text)
            if len(made) > MAX_VALUE_CHARS:
                del left[name]
            elif _MENTION in made.lower():
                left[name] = made
            else:
                values[name] = made
                del left[name]
    return values


def _value(use: re.Match[str], values: Mapping[str, str], undecided: Collection[str] = ()) -> str:
    """Give what stands for a ``var()``: the value, else the fallback, else itself, which nothing draws."""
    name, fallback = use[1].lower(), use[2]
    if name in values:
        return values[name]
    return use[0] if name in undecided or fallback is None else fallback.strip()


class _Variables:
    """Puts values in, and counts how much a drawing grows by it."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._room_chars = MAX_SVG_BYTES

    def put_in(self, text: str, clean: Callable[[str], str | None]) -> str:
        made, before = text, ""
        for _ in range(_MAX_ROUNDS):
            if made == before:
                break
            made, before = _USE.sub(self._counted, made), made
        return text if made == text else clean(made) or ""

    def _counted(self, use: re.Match[str]) -> str:
        value = _value(use, self._values)
        self._room_chars -= len(value)
        if self._room_chars < 0:
            raise SourceTooLarge(f"The SVG's variables make more than {MAX_SVG_BYTES} bytes of it.")
        return value
