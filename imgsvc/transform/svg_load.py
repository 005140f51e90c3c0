"""
How much work an SVG makes: its elements, its depth, and what ``use`` multiplies.

A few hundred bytes of nested ``use`` keep a renderer busy for ever. The deadline ends that too, but only after the
processor time has been spent.
"""

from lxml import etree
from msgspec import Struct, field

from imgsvc.errors import CorruptImage
from imgsvc.transform.svg_names import SVG_NAMESPACE, XLINK_NAMESPACE

MAX_ELEMENTS = 50_000
"""Written out in the document; drawings of 1 MiB have about 20,000."""

MAX_ATTRIBUTES = 500
"""Of one element, of which SVG knows half as many: each is looked for among all of them when it is read."""

MAX_DEPTH = 100
"""Of nested elements; drawing programs stay below 30, and renderers recurse."""

MAX_DRAWN_ELEMENTS = 200_000
"""With each ``use`` counted as what it points to."""

_MAX_HOPS = 200
_USE = f"{{{SVG_NAMESPACE}}}use"
_HREFS = ("href", f"{{{XLINK_NAMESPACE}}}href")


class _Part(Struct):
    """An element with an ``id`` (or the root) and what it draws: own elements, parts inside it, ids it reuses."""

    elements: int = 1
    inside: list["_Part"] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    drawn: int | None = None


def check_count(root: etree._Element) -> None:
    """
    Refuse a document before anything is done with its elements, however cheap each is.

    Raises:
        CorruptImage: more than :data:`MAX_ELEMENTS`, or one with more than :data:`MAX_ATTRIBUTES`.
    """
    for count, element in enumerate(root.iter()):
        if count == MAX_ELEMENTS:
            raise CorruptImage(f"The SVG has more than {MAX_ELEMENTS} elements.")
        if len(element.attrib) > MAX_ATTRIBUTES:
            raise CorruptImage(f"The SVG has an element with more than {MAX_ATTRIBUTES} attributes.")


def check_load(root: etree._Element) -> None:
    """
    Refuse a sanitised document that is too much work to draw.

    Raises:
        CorruptImage: deeper than :data:`MAX_DEPTH`, or with more than :data:`MAX_DRAWN_ELEMENTS` once every ``use``
            is followed.
    """
    parts = {"": _Part()}
    stack = [(child, parts[""], 1) for child in root]
    while stack:
        element, owner, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise CorruptImage(f"The SVG has more than {MAX_DEPTH} elements inside each other.")
        part = _part_of(element, owner, parts)
        stack += [(child, part, depth + 1) for child in element]
    if _drawn(parts[""], parts, 0) > MAX_DRAWN_ELEMENTS:
        raise CorruptImage("The SVG reuses its own parts too often.")


def _part_of(element: etree._Element, owner: _Part, parts: dict[str, _Part]) -> _Part:
    """Count *element* for the part it belongs to and give the part its children belong to."""
    identifier = element.get("id")
    part = owner
    if identifier and identifier not in parts:
        part = parts[identifier] = _Part()
        owner.inside.append(part)
    else:
        owner.elements += 1
    if element.tag == _USE and (target := next((t for name in _HREFS if (t := element.get(name))), None)):
        part.reused.append(target.removeprefix("#"))
    return part


def _drawn(part: _Part, parts: dict[str, _Part], hops: int) -> int:
    """Count what a part draws; a circle draws nothing, so what is being counted counts as nothing."""
    if hops > _MAX_HOPS:
        raise CorruptImage("The SVG reuses its own parts too deeply.")
    if part.drawn is None:
        part.drawn = 0
        targets = [parts[name] for name in part.reused if name in parts]
        part.drawn = part.elements + sum(_drawn(p, parts, hops + 1) for p in (*part.inside, *targets))
    return part.drawn
