"""
HTML as a tree: what is put into an element is text, and escaped when the tree is written.

Nothing here takes HTML as a text, so there is none to be forgotten.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from lxml import etree

Node = etree._Element | str  # noqa: SLF001 - lxml has no public name for it
Nodes = Iterable[Node]


def element(tag: str, *content: Node, **attributes: str) -> etree._Element:
    """Make an element; an attribute called ``class_`` is ``class``, and ``aria_label`` ``aria-label``."""
    made = etree.Element(tag, {name.rstrip("_").replace("_", "-"): text for name, text in attributes.items()})
    last: etree._Element | None = None
    for node in content:
        if isinstance(node, etree._Element):  # noqa: SLF001
            made.append(node)
            last = node
        elif last is None:
            made.text = f"{made.text or ''}{node}"
        else:
            last.tail = f"{last.tail or ''}{node}"
    return made


def rich(text: str) -> list[Node]:
    """Make nodes of a sentence in which code is between backquotes."""
    return [element("code", part) if at % 2 else part for at, part in enumerate(text.split("`")) if part]


def link(text: str | Node, target: str, **attributes: str) -> etree._Element:
    """Make a link."""
    return element("a", text, href=target, **attributes)


def separated(nodes: Nodes, separator: str) -> list[Node]:
    """Put a text between nodes."""
    found: list[Node] = []
    for node in nodes:
        found += [separator, node] if found else [node]
    return found


def table(heads: Iterable[str], rows: Iterable[etree._Element], caption: str) -> etree._Element:
    """Make a table, which can be scrolled where it is too wide; *caption* is for who cannot see it."""
    head = element("thead", element("tr", *(element("th", text, scope="col") for text in heads)))
    inner = element("table", element("caption", caption), head, element("tbody", *rows))
    return element("div", inner, class_="table", tabindex="0", role="group", aria_label=caption)


def row(first: Nodes, *cells: Nodes, anchor: str = "") -> etree._Element:
    """Make a row, headed by its first cell."""
    named = {"id": anchor} if anchor else {}
    return element("tr", element("th", *first, scope="row"), *(element("td", *cell) for cell in cells), **named)


def folded(summary: str, *content: Node) -> etree._Element:
    """Make something that opens when it is wanted."""
    return element("details", element("summary", summary), *content)


def written(title: str, style: str, *content: Node) -> bytes:
    """Write a page of *content*, with a style of its own."""
    head = element(
        "head", element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"), element("title", title), element("style", style),
    )  # fmt: skip
    page = element("html", head, element("body", *content), lang="en")
    return bytes(etree.tostring(page, method="html", doctype="<!doctype html>", encoding="utf-8"))


def style_source(style: str) -> str:
    """Name a style in a Content-Security-Policy (https://www.w3.org/TR/CSP3/#grammardef-hash-source)."""
    return f"'sha256-{b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"


def type_of(schema: dict[str, Any]) -> list[Node]:
    """Say in words what a JSON schema allows."""
    match schema:
        case {"$ref": str(name)}:
            name = name.rpartition("/")[2]
            return [link(name, f"#schema-{name}")]
        case {"anyOf": list(parts)} | {"oneOf": list(parts)} | {"allOf": list(parts)}:
            return [node for each in separated_lists(map(type_of, parts), " or ") for node in each]
        case {"enum": list(words)}:
            return separated((element("code", str(word)) for word in words), " ")
        case {"const": value}:
            return [element("code", str(value))]
        case {"type": "array", "items": dict(items)}:
            return ["list of ", *type_of(items)]
        case {"type": "object", "additionalProperties": dict(items)}:
            return ["object of ", *type_of(items)]
        case _:
            return [str(schema.get("type", "anything"))]


def separated_lists(lists: Iterable[list[Node]], separator: str) -> Iterable[list[Node]]:
    """Put a text between lists of nodes."""
    for at, nodes in enumerate(lists):
        yield [separator, *nodes] if at else nodes
