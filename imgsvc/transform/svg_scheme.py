"""
A drawing's own colour schemes: ``@media (prefers-color-scheme: …)``, which what draws it does not know.

Blocks that hold for the scheme that is wanted become rules like all others, in their place; of the rest nothing is ever
drawn. Grammar of queries: Media Queries Level 4 §3, as far as media types and this one feature go; a block that asks
for anything else is left as it is.
"""

import re
from collections.abc import Iterator

from lxml import etree

from imgsvc.model.look import Theme
from imgsvc.transform.svg_css import blocks
from imgsvc.transform.svg_names import SVG_NAMESPACE
from imgsvc.transform.svg_sanitiser import parse

_FEATURE = b"prefers-color-scheme"
_MEDIA = re.compile(r"@media\b(.*)", re.IGNORECASE | re.DOTALL)
_QUERY = re.compile(r"(?:(not|only)\s+)?([a-z-]+)?(.*)", re.DOTALL)
_CONDITIONS = re.compile(r"(?:\s*\band\b)?\s*(not\b\s*)?\(\s*prefers-color-scheme\s*(?::\s*([a-z-]+)\s*)?\)")
_SHOWN_MEDIA = frozenset(("", "all", "screen"))
_STYLE = f"{{{SVG_NAMESPACE}}}style"


def in_scheme(data: bytes, scheme: str) -> bytes:
    """
    Write a drawing as it looks where *scheme* is preferred; one without schemes of its own comes back as it is.

    CPU only; call it in a thread.

    Args:
        data: sanitised.
        scheme: ``light`` or ``dark``; empty = no preference is known, and no block is drawn.

    Raises:
        CorruptImage: no SVG.
        SourceTooLarge: more than 1 MiB.
    """
    if not scheme or not _may_have_scheme(data):
        return data
    root = parse(data)
    for style in root.iter(_STYLE, "style"):
        style.text = "".join(_unwrapped(_text_of(style), Theme(scheme)))
    return etree.tostring(root, encoding="utf-8", xml_declaration=False)


def _may_have_scheme(data: bytes) -> bool:
    """Whether the words are there at all; they rarely are, and all else need not be parsed."""
    return _FEATURE in data or _FEATURE in data.lower()


def _text_of(style: etree._Element) -> str:
    return "".join(str(text) for text in style.itertext())


def _unwrapped(css: str, theme: Theme) -> Iterator[str]:
    """Give the rules with those of the blocks that hold for *theme* among them, and without those that do not."""
    for prelude, block in blocks(css):
        themes = _themes_for(prelude)
        if themes is None:
            yield f"{prelude}{{{block}}}"
        elif theme in themes:
            yield from _unwrapped(block, theme)


def _themes_for(prelude: str) -> frozenset[Theme] | None:
    """Say for which schemes a block holds; None when it is none that asks for a scheme, or for more than that."""
    media = _MEDIA.fullmatch(prelude.strip())
    if media is None or _FEATURE.decode() not in media[1].lower():
        return None
    found: set[Theme] = set()
    for query in media[1].lower().split(","):
        if (themes := _themes_in(query.strip())) is None:
            return None
        found |= themes
    return frozenset(found)


def _themes_in(query: str) -> frozenset[Theme] | None:
    """Say for which schemes one query holds; None when that is not known."""
    parts = _QUERY.fullmatch(query)
    if parts is None:
        return None
    prefix, medium, rest = parts[1], parts[2] or "", parts[3]
    if medium == "not":  # directly before a bracket it belongs to the condition
        medium, rest = "", f"not{rest}"
    if _CONDITIONS.sub("", rest).strip():
        return None
    themes = frozenset(Theme) if medium in _SHOWN_MEDIA else frozenset()
    for condition in _CONDITIONS.finditer(rest):
        wanted = frozenset(theme for theme in Theme if condition[2] in (None, theme.value))
        themes &= frozenset(Theme) - wanted if condition[1] else wanted
    return frozenset(Theme) - themes if prefix == "not" else themes
