"""Names on the command line: of sources, of services, and of files made from them."""

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, urlencode, urlsplit

import click

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://|store:", re.IGNORECASE)
_NOT_FOR_A_FILE = re.compile(r"[^\w.-]+")


def with_scheme(url: str) -> str:
    """Give a URL as it is, or with https before it where it has no scheme; keys of the store stay."""
    return url if _SCHEME.match(url) else f"https://{url}"


def split_url(text: str) -> SplitResult | None:
    """Take a URL or a path apart; None where it is none."""
    try:
        parts = urlsplit(text)
        port = parts.port  # it is not read, nor refused, before it is asked for
    except ValueError:
        return None
    return None if port == 0 else parts


def service_url(_context: click.Context, _parameter: click.Parameter, url: str | None) -> str | None:
    """Let only URLs pass that paths can be put behind; for options that say where a service is."""
    if url is None:
        return None
    parts = split_url(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise click.BadParameter("an http or https URL without a query, such as https://img.example.com")
    return url


def query_of(pairs: Iterable[tuple[str, object]]) -> str:
    """Write a query string; bytes that were typed and are no UTF-8 go into it as they are, for the parser to refuse."""
    return urlencode(list(pairs), errors="surrogateescape")


def file_stem(text: str, otherwise: str) -> str:
    """Make a file's name, without extension, of any text; never a path, and *otherwise* where nothing is left."""
    return _NOT_FOR_A_FILE.sub("-", text).strip("-.") or otherwise
