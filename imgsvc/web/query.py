"""A query string taken apart by hand: what each name meant is kept even where it was badly encoded."""

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from imgsvc.errors import InvalidRequest

MAX_QUERY_CHARS = 16384
MAX_PAIRS = 100
MAX_IGNORED_NAMES = 16
MAX_IGNORED_CHARS = 64

PAIRS_REMEMBERED = 1024
REMEMBERED_CHARS = 32
"""Of an item: sizes and formats come again and again, sources and signatures do not, and are longer."""

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Printable ASCII without the comma that separates the names in a header and the space.
_NOT_FOR_A_LIST = re.compile(r"[^!-+\--~]")


class Pair(Struct, frozen=True):
    """
    One ``name=value`` of a query, decoded once.

    Attributes:
        well_formed: False when the value had a ``%`` without two hex digits, or was not UTF-8; then *value* has
            U+FFFD in the place of what could not be read.
    """

    name: str
    value: str
    well_formed: bool = True


def decode_query(raw: str) -> tuple[Pair, ...]:
    """
    Decode a query as HTML forms encode it: ``&`` between pairs, ``+`` for a space, blank values kept.

    ``parse_qsl`` is not it: it cannot tell a bad escape from a good one, and mends both in silence.

    Raises:
        InvalidRequest: over 16,384 characters or 100 pairs.
    """
    if len(raw) > MAX_QUERY_CHARS:
        raise InvalidRequest(f"A query has at most {MAX_QUERY_CHARS} characters.")
    items = split_query(raw)
    if len(items) > MAX_PAIRS:
        raise InvalidRequest(f"A query has at most {MAX_PAIRS} parameters.")
    return tuple([_known_pair(item) if len(item) <= REMEMBERED_CHARS else _pair(item) for item in items])


def split_query(raw: str) -> list[str]:
    """Give the items of a query as they were sent; :func:`decode_query` gives one pair for each."""
    return [item for item in raw.split("&") if item]


def ignorable(pairs: list[Pair]) -> tuple[str, ...]:
    """Give the names of these pairs, once each and fit to be listed in a header; 16 of at most 64 characters."""
    names = (_NOT_FOR_A_LIST.sub("?", pair.name[:MAX_IGNORED_CHARS]) for pair in pairs if pair.name)
    return tuple(dict.fromkeys(names))[:MAX_IGNORED_NAMES]


def _pair(item: str) -> Pair:
    name, _, value = item.partition("=")
    text, well_formed = _decoded(value)
    return Pair(_decoded(name)[0], text, well_formed)


_known_pair = lru_cache(PAIRS_REMEMBERED)(_pair)


def _decoded(text: str) -> tuple[str, bool]:
    # A server hands on bytes that are not UTF-8 as lone surrogates; passed through, they fail below like any others.
    octets = unquote_to_bytes(text.replace("+", " ").encode("utf-8", "surrogatepass"))
    try:
        return octets.decode(), not _BAD_ESCAPE.search(text)
    except UnicodeDecodeError:
        return octets.decode("utf-8", "replace"), False
