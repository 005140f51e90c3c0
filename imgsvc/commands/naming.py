"""Names on the command line: of sources, and of files made from them."""

import re
from collections.abc import Iterable
from urllib.parse import urlencode

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://|store:", re.IGNORECASE)
_NOT_FOR_A_FILE = re.compile(r"[^\w.-]+")


def with_scheme(url: str) -> str:
    """Give a URL as it is, or with https before it where it has no scheme; keys of the store stay."""
    return url if _SCHEME.match(url) else f"https://{url}"


def query_of(pairs: Iterable[tuple[str, object]]) -> str:
    """Write a query string; bytes that were typed and are no UTF-8 go into it as they are, for the parser to refuse."""
    return urlencode(list(pairs), errors="surrogateescape")


def file_stem(text: str, otherwise: str) -> str:
    """Make a file's name, without extension, of any text; never a path, and *otherwise* where nothing is left."""
    return _NOT_FOR_A_FILE.sub("-", text).strip("-.") or otherwise
