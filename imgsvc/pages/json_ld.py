"""
Organisations that pages describe in JSON-LD with the words of schema.org.

Only what sites really write is understood: objects with ``@type``, at any depth, in lists and in ``@graph``, and
references by ``@id``. Contexts are not expanded and never fetched (JSON-LD 1.1, W3C Recommendation, §3).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.pages.addresses import resolve
from imgsvc.pages.json_text import read_json
from imgsvc.pages.text import clean

MAX_VALUES = 5000
"""How many values of one page's scripts are looked at."""

MAX_ORGANISATIONS = 20
MAX_LOGOS = 8
MAX_NAME_CHARS = 200

_KIND_ENDINGS = ("organization", "corporation", "brand", "business", "project", "team", "library", "airline")
_OTHERS_WITH_LOGO = frozenset(("product", "service", "certification"))
"""What else has a logo at schema.org, and is none of those that stand for a site."""

_SPEAKERS = frozenset(
    ("@graph", "publisher", "mainentity", "about", "ispartof", "sourceorganization", "copyrightholder", "haspart")
)
"""Members in which stands who speaks, or what is all one with it."""

# With a semicolon alone: "&copy=4" is part of an address.
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][0-9A-Za-z]{1,31});")

Object = Mapping[str, Any]


class Organisation(Struct, frozen=True):
    """
    An ``Organization``, one of its kinds, or a ``Brand``.

    Attributes:
        name: cleaned, or empty.
        logo_urls: absolute, each once, at most 8; an ``ImageObject`` is as good as its address.
        url: absolute, or None.
        is_mentioned: whether something else is said by it (an author, a brand, what is reviewed), and not who speaks.
    """

    name: str
    logo_urls: tuple[str, ...] = ()
    url: str | None = None
    is_mentioned: bool = False


def organisations(texts: Iterable[str], base_url: str) -> tuple[Organisation, ...]:
    """
    Find the organisations in a page's scripts, each once, in order, at most 20. Never raises.

    Args:
        texts: of :attr:`~imgsvc.pages.tags.Page.json_ld`.
        base_url: what addresses in them are relative to.
    """
    found = placed(texts)
    by_id = referable(item for item, _ in found)
    these = (
        replace(_organisation(item, by_id, base_url), is_mentioned=is_mentioned)
        for item, is_mentioned in found
        if is_organisation(item)
    )
    return tuple(dict.fromkeys(item for item in these if item.name or item.logo_urls))[:MAX_ORGANISATIONS]


def objects(texts: Iterable[str]) -> tuple[Object, ...]:
    """Give all objects in scripts, outer ones before inner ones, in order, until 5,000 values have been seen."""
    return tuple(item for item, _ in placed(texts))


def placed(texts: Iterable[str]) -> list[tuple[Object, bool]]:
    """Give the same, each with whether what it stands in only mentions it: an author, a comment, a list's product."""
    found: list[tuple[Object, bool]] = []
    stack: list[tuple[Any, bool]] = [(read_json(text), False) for text in texts][::-1]
    for _ in range(MAX_VALUES):
        if not stack:
            break
        value, is_mentioned = stack.pop()
        if isinstance(value, dict):
            found.append((value, is_mentioned))
        stack.extend(reversed([(part, is_mentioned or mentions) for part, mentions in _inner(value)]))
    return found


def referable(found: Iterable[Object]) -> Mapping[str, Object]:
    """Give objects by their ``@id``, of equal ones the first; what has nothing else only refers to another."""
    named = [(item.get("@id"), item) for item in found if len(item) > 1]
    return {key: item for key, item in reversed(named) if isinstance(key, str)}


def kinds_of(item: Object) -> tuple[str, ...]:
    """Give the types of an object as they are written, without the prefix or address of their vocabulary."""
    bare = (_bare(kind) for kind in _listed(item.get("@type")) if isinstance(kind, str))
    return tuple(kind for kind in bare if kind)


def types(item: Object) -> frozenset[str]:
    """Give the same, lower-case."""
    return frozenset(kind.lower() for kind in kinds_of(item))


def _inner(value: Any) -> list[tuple[Any, bool]]:
    """Objects and lists directly in a value, each with whether the value only mentions it."""
    if isinstance(value, dict):
        parts = [(part, key.lower() not in _SPEAKERS) for key, part in value.items()]
    else:
        parts = [(part, False) for part in value] if isinstance(value, list) else []
    return [(part, mentions) for part, mentions in parts if isinstance(part, (dict, list))][:MAX_VALUES]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _bare(kind: str) -> str:
    return clean(kind.rpartition("/")[2].rpartition("#")[2].rpartition(":")[2], MAX_NAME_CHARS)


def is_organisation(item: Object) -> bool:
    """Whether it is one by its type, or by having a logo: schema.org has two hundred kinds of local business."""
    kinds = types(item)
    if any(kind.endswith(_KIND_ENDINGS) for kind in kinds):
        return True
    return "logo" in item and bool(kinds) and not kinds & _OTHERS_WITH_LOGO


def _organisation(item: Object, by_id: Mapping[str, Object], base_url: str) -> Organisation:
    addresses = (resolve(base_url, text) for text in addresses_of(item.get("logo"), by_id))
    logos = dict.fromkeys(address for address in addresses if address)
    return Organisation(
        name=clean(first_text(item.get("name")), MAX_NAME_CHARS),
        logo_urls=tuple(logos)[:MAX_LOGOS],
        url=next((url for text in texts_of(item.get("url")) if (url := resolve(base_url, text))), None),
    )


def addresses_of(value: Any, by_id: Mapping[str, Object]) -> Iterator[str]:
    """Give the addresses of pictures, raw: texts, or objects with ``url`` or ``contentUrl``, or references to such."""
    return (text for text, _ in pictures_of(value, by_id))


def pictures_of(value: Any, by_id: Mapping[str, Object]) -> Iterator[tuple[str, Object]]:
    """Give the same, each with the object that it stands in; of a mere text that is empty."""
    for each in _listed(value)[:MAX_LOGOS]:
        if isinstance(each, dict):
            full = referred(each, by_id)
            yield from ((text, full) for key in ("url", "contentUrl") for text in texts_of(full.get(key)))
        else:
            yield from ((text, {}) for text in texts_of(each))


def referred(item: Object, by_id: Mapping[str, Object]) -> Object:
    """Give the object that *item* only refers to, where it does, else itself."""
    key = item.get("@id")
    return by_id.get(key, item) if isinstance(key, str) and len(item) <= len(("@type", "@id")) else item


def first_text(value: Any) -> str:
    """Give the first text of a value, or an empty one."""
    return next(texts_of(value), "")


def texts_of(value: Any) -> Iterator[str]:
    """
    Give the texts of a value that may be one, a list of them, or one with its language (``@value``).

    Many sites write them as HTML, which a script's text is not; character references are decoded once, as elsewhere.
    """
    for item in _listed(value)[:MAX_LOGOS]:
        text = item.get("@value", item.get("@id")) if isinstance(item, dict) else item
        if isinstance(text, str) and text:
            yield _REFERENCE.sub(lambda found: unescape(found[0]), text)
