"""
For which colour schemes something is meant, by its media query.

One reading for all who ask: attributes of links and metas, and the style sheets of drawings. Grammar: Media Queries
Level 5, as far as types, ``not``, ``only``, ``and`` and lists go.
"""

import re

from imgsvc.model.look import Theme

SCHEME = "prefers-color-scheme"
"""The feature that all of this is about."""

_BOTH = frozenset(Theme)
_NEITHER: frozenset[Theme] = frozenset()
_AND = re.compile(r"\band\b")
_TYPE = re.compile(r"(?:(not|only)\s+)?([a-z-]+)")
_CONDITION = re.compile(r"(not\b\s*)?\(([^()]*)\)")
_SHOWN_TYPES = frozenset(("all", "screen"))
# An icon is shown at any size on any screen: what is asked of those is no reason against it.
_SIZE = re.compile(r"\b(?:width|height|aspect-ratio|resolution|device-pixel-ratio|orientation)\b")
# What holds for whoever has asked their system for nothing special.
_ORDINARY = {
    "prefers-contrast": "no-preference", "prefers-reduced-motion": "no-preference",
    "prefers-reduced-transparency": "no-preference", "forced-colors": "none", "inverted-colors": "none",
}  # fmt: skip


def schemes_of(media: str) -> frozenset[Theme] | None:
    """
    Say for which schemes a list of media queries holds on somebody's screen.

    Args:
        media: without comments; empty = for everything.

    Returns:
        None when it asks for something that is not known here.
    """
    found = [_in_query(query.strip()) for query in media.lower().split(",")]
    known = [themes for themes in found if themes is not None]
    return _NEITHER.union(*known) if len(known) == len(found) else None


def is_for(media: str, theme: Theme) -> bool:
    """Whether the query holds for *theme*, or may do so for all that is known here."""
    themes = schemes_of(media)
    return themes is None or theme in themes


def _in_query(query: str) -> frozenset[Theme] | None:
    first, *others = (part.strip() for part in _AND.split(query))
    themes, prefix = _BOTH, ""
    if kind := _TYPE.fullmatch(first):
        prefix = kind[1]
        themes = _BOTH if kind[2] in _SHOWN_TYPES else _NEITHER
    elif query:
        others.insert(0, first)
    for condition in others:
        if (holding := _in_condition(condition)) is None:
            return None
        themes &= holding
    if prefix != "not":
        return themes
    # At another size it would hold.
    return _BOTH if any(map(_SIZE.search, others)) else _BOTH - themes


def _in_condition(condition: str) -> frozenset[Theme] | None:
    match = _CONDITION.fullmatch(condition)
    if match is None or (themes := _in_feature(match[2])) is None:
        return None
    return _BOTH - themes if match[1] and not _SIZE.search(match[2]) else themes


def _in_feature(text: str) -> frozenset[Theme] | None:
    name, _, value = (part.strip() for part in text.partition(":"))
    if name == SCHEME:
        return frozenset(theme for theme in Theme if value in ("", theme))
    if name in _ORDINARY:
        return _BOTH if value == _ORDINARY[name] else _NEITHER
    return _BOTH if _SIZE.search(text) else None
