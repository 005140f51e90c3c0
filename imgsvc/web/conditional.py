"""Conditional and partial requests (RFC 9110 §13 and §14), on values alone."""

import re
from typing import Self

from msgspec import Struct
from multidict import CIMultiDict, CIMultiDictProxy, istr

from imgsvc.model.freshness import http_date
from imgsvc.web.header_names import IF_MODIFIED_SINCE, IF_NONE_MATCH, RANGE

IF_RANGE = istr("If-Range")

# RFC 9110 §8.8.3: an entity tag; obs-text arrives as any character beyond ASCII.
_ETAG = r'(?P<weak>W/)?(?P<opaque>"[^"\x00-\x20\x7f]*")'
_ONE_ETAG = re.compile(rf"{_ETAG}\Z")
_LISTED_ETAG = re.compile(rf"[ \t,]*{_ETAG}[ \t]*(?=,|\Z)")
_RANGE = re.compile(r"(?P<first>[0-9]*)-(?P<last>[0-9]*)\Z")

_MAX_DIGITS = 18
_BEYOND = 10**_MAX_DIGITS


class Unsatisfiable(Exception):
    """
    A range outside the representation: answer 416.

    Attributes:
        content_range: the value of ``Content-Range`` that goes with it (RFC 9110 §14.4).
    """

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"no such range in {size_bytes} bytes")
        self.content_range = f"bytes */{size_bytes}"


class Range(Struct, frozen=True):
    """Bytes *start* up to, not including, *stop*; never empty."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def content_range(self, size_bytes: int) -> str:
        """Give the value of ``Content-Range`` in a representation of that size."""
        return f"bytes {self.start}-{self.stop - 1}/{size_bytes}"


class Conditions(Struct, frozen=True):
    """
    What a request says, beside its target, of how much it wants; each header's value, None when absent.

    Attributes:
        if_none_match: several field lines joined by commas (RFC 9110 §5.3).
        range: of a GET alone; another method has none.
    """

    if_none_match: str | None = None
    if_modified_since: str | None = None
    range: str | None = None
    if_range: str | None = None

    @classmethod
    def of(cls, method: str, headers: CIMultiDict[str] | CIMultiDictProxy[str]) -> Self:
        """Read a request's headers."""
        if not (IF_NONE_MATCH in headers or IF_MODIFIED_SINCE in headers or RANGE in headers):
            return _NONE  # type: ignore[return-value]  # nearly all requests; nobody derives from this
        tags = headers.getall(IF_NONE_MATCH, None)
        return cls(
            None if tags is None else ", ".join(tags),
            headers.get(IF_MODIFIED_SINCE),
            headers.get(RANGE) if method == "GET" else None,
            headers.get(IF_RANGE),
        )


_NONE = Conditions()


class Choice(Struct, frozen=True):
    """
    The smallest answer that conditions allow.

    Attributes:
        status: 200, 206, or 304, which has no body.
        start: the first byte to send.
        stop: the byte behind the last.
        content_range: the header's value, where the answer is a part.
    """

    status: int
    start: int
    stop: int
    content_range: str | None = None


def choose(asked: Conditions, etag: str, last_modified: int, size_bytes: int) -> Choice:
    """
    Choose how much of a representation to answer with.

    Args:
        asked: the request's.
        etag: of the current representation.
        last_modified: of the same, unix seconds.
        size_bytes: of the same.

    Raises:
        Unsatisfiable: the one range that is asked for lies outside.
    """
    if asked is _NONE:
        return Choice(200, 0, size_bytes)
    if not_modified(asked.if_none_match, asked.if_modified_since, etag, last_modified):
        return Choice(304, 0, 0)
    part = byte_range(asked.range, asked.if_range, etag, last_modified, size_bytes)
    if part is None:
        return Choice(200, 0, size_bytes)
    return Choice(206, part.start, part.stop, part.content_range(size_bytes))


def not_modified(if_none_match: str | None, if_modified_since: str | None, etag: str, last_modified: int) -> bool:
    """
    Whether a GET or HEAD is to be answered 304.

    ``If-Modified-Since`` counts only without ``If-None-Match`` (§13.1.3), however malformed that is.

    Args:
        if_none_match: the header, None when absent; several field lines joined by commas.
        if_modified_since: likewise.
        etag: of the current representation, with its quotes.
        last_modified: of the same, unix seconds.
    """
    if if_none_match is not None:
        return if_none_match.strip() == "*" or etag.removeprefix("W/") in _opaque_tags(if_none_match)
    since = http_date(if_modified_since or "")
    return since is not None and last_modified <= since


def byte_range(
    range_header: str | None, if_range: str | None, etag: str, last_modified: int, size_bytes: int
) -> Range | None:
    """
    Decide which part of a representation a GET is answered with.

    Args:
        range_header: ``Range``, None when absent.
        if_range: ``If-Range``, None when absent; only a strong *etag* or exactly *last_modified* fulfils it.
        etag: of the current representation.
        last_modified: of the same, unix seconds.
        size_bytes: of the same.

    Returns:
        The part; None for all of it: no range, another unit, several ranges, a malformed one, or another
        representation than the client has. (§14.2 lets a server ignore any Range.)

    Raises:
        Unsatisfiable: the one range lies outside.
    """
    unit, equals, ranges = (range_header or "").partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return None
    if if_range is not None and not _same_representation(if_range.strip(), etag, last_modified):
        return None
    wanted = [item.strip() for item in ranges.split(",") if item.strip()]
    match = _RANGE.match(wanted[0]) if len(wanted) == 1 else None
    return None if match is None else _resolved(match["first"], match["last"], size_bytes)


def _resolved(first: str, last: str, size_bytes: int) -> Range | None:
    """Fit one range into the representation, §14.1.2."""
    if not first and not last:
        return None
    if not first:
        suffix_bytes = _number(last)
        start, stop = max(0, size_bytes - suffix_bytes), size_bytes if suffix_bytes else 0
    else:
        start, stop = _number(first), size_bytes
        if last:
            if _number(last) < start:
                return None
            stop = min(stop, _number(last) + 1)
    if start >= stop:
        raise Unsatisfiable(size_bytes)
    return Range(start, stop)


def _number(digits: str) -> int:
    """Read a position; one with more digits than any file has lies just beyond (and ``int`` refuses 5,000 digits)."""
    significant = digits.lstrip("0") or "0"
    return int(significant) if len(significant) <= _MAX_DIGITS else _BEYOND


def _same_representation(if_range: str, etag: str, last_modified: int) -> bool:
    """§13.1.5: strong comparison of tags, exact comparison of dates."""
    if tag := _ONE_ETAG.match(if_range):
        return not tag["weak"] and tag["opaque"] == etag
    return http_date(if_range) == last_modified


def _opaque_tags(listed: str) -> set[str]:
    """Read a list of entity tags without their weakness, up to the first that is none."""
    tags: set[str] = set()
    position = 0
    while match := _LISTED_ETAG.match(listed, position):
        tags.add(match["opaque"])
        position = match.end()
    return tags
