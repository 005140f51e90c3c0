"""Heads of requests that are simple enough to be answered without a parser."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from imgsvc.web.conditional import IF_RANGE
from imgsvc.web.header_names import COLOUR_SCHEME, IF_MODIFIED_SINCE, IF_NONE_MATCH, RANGE, X_REQUEST_ID
from imgsvc.web.loops import VIA
from imgsvc.web.middleware import is_request_id
from imgsvc.web.questions import CH_WIDTH
from imgsvc.web.remembered import ACCEPT, CH_DPR, SAVE_DATA

LINE_END = b"\r\n"

MAX_HEAD_BYTES = 8 * 1024
"""Longer heads are for the parser, whose limits for a line, a field and their number none shorter can reach."""

MAX_FIELDS = 64

REMEMBERED = 1024
REMEMBERED_BYTES = 2048
"""Longer ones are read each time; what is remembered stays below 4 MB."""

# RFC 9110 §5: field lines of one manner alone, without what parsers differ about: folds, tabs, odd spaces, no value.
# No group is possessive: before Python 3.11.5 such a one matches nothing (python/cpython#106052).
_FIELDS = re.compile(
    rb"(?:\r\n[!#$%%&'*+.^_`|~0-9A-Za-z-]++: [\x21-\x7e]++(?: ++[\x21-\x7e]++)*){1,%d}\r\n\r\n" % MAX_FIELDS
)
_HOST = re.compile(rb"[0-9A-Za-z._:\[\]-]+")


def _folded(*names: str) -> frozenset[bytes]:
    return frozenset(name.lower().encode() for name in names)


DECIDING = _folded(
    ACCEPT, SAVE_DATA, CH_DPR, CH_WIDTH, COLOUR_SCHEME, IF_NONE_MATCH, IF_MODIFIED_SINCE, RANGE, IF_RANGE, VIA
)
"""Whatever a handler that answers pictures looks at; a test fails for one that looks at more."""

_FOR_THE_PARSER = _folded(
    "Proxy-Connection", "Keep-Alive", "Expect", "Upgrade", "Transfer-Encoding", "TE", "Trailer", "HTTP2-Settings"
)
"""Headers that say how the connection goes on, or that a body or a question comes."""

_FAMILIES_FOR_THE_PARSER = (b"content-", b"sec-websocket-")
_NAME = X_REQUEST_ID.lower().encode()


class Fields(NamedTuple):
    """
    What the fields of a simple head say.

    Attributes:
        deciding: those that may decide on the answer, in an order of their own.
        request_id: the name that the request was given, if that is one.
    """

    deciding: bytes
    request_id: str | None


def remembering_reader() -> Callable[[bytes], Fields | None]:
    """Make a :func:`read_fields` that remembers what it is given: a client sends the same fields again and again."""
    return lru_cache(REMEMBERED)(read_fields)


def read_fields(text: bytes) -> Fields | None:
    """
    Read the fields of a head; None = that is for the parser.

    Args:
        text: from the end of the request line to the end of what came.
    """
    if len(text) > MAX_HEAD_BYTES or _FIELDS.fullmatch(text) is None:
        return None
    values: dict[bytes, bytes] = {}
    for line in text[2:-4].split(LINE_END):
        name, _, value = line.partition(b": ")
        folded = name.lower()
        if folded in values:
            return None  # which of two counts is for those to say who read them
        values[folded] = value
    if not _is_simple(values):
        return None
    deciding = LINE_END.join(b"%b: %b" % (each, values[each]) for each in sorted(DECIDING & values.keys()))
    given = values.get(_NAME, b"").decode()
    return Fields(deciding, given if is_request_id(given) else None)


def _is_simple(values: dict[bytes, bytes]) -> bool:
    """Whether nothing but an answer is asked for, and the connection left as it is (RFC 9112 §9)."""
    if values.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return False
    if any(name in _FOR_THE_PARSER or name.startswith(_FAMILIES_FOR_THE_PARSER) for name in values):
        return False
    return _HOST.fullmatch(values.get(b"host", b"")) is not None
