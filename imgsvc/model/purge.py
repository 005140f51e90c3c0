"""What can be purged, and the mark that says so: one frozen value, whoever holds or sends it."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self, get_args

from msgspec import Struct
from msgspec.structs import asdict, replace

from imgsvc.errors import ImgsvcError, InvalidRequest
from imgsvc.model.hosts import normalise_host, normalise_url
from imgsvc.model.source import Source

MARKS_PREFIX = "purge/"
"""All marks lie below this in the object store."""

Kind = Literal["url", "prefix", "domain", "tag", "all"]
"""What a mark's value names; ``all`` stands for marks that became too many to be kept one by one."""

TAG_PATTERN = "[A-Za-z0-9._:/-]{1,64}"
"""A word by which sources can be purged."""

_TAG = re.compile(TAG_PATTERN)
_AUTHORITY = re.compile(r"[^/?#]*://[^/?#]+/")
# The URL's normal form would drop, or complete, what these leave open, and then name more or something else.
_OPEN_END = re.compile(r"(?:/\.{1,2}|%[0-9A-Fa-f]?)\Z")


class Mark(Struct, frozen=True):
    """
    One purge, to be held against all that was fetched before it.

    Attributes:
        kind: what *value* names.
        value: in normal form: a source's URL (or ``s3://KEY``), the beginning of one, a host or ``*.suffix``, a word;
            empty for ``all``.
        hard: whether what it hits is gone; else it is stale.
        time: unix seconds; what was fetched at this moment, or later, is not hit.
        swept: whether the store holds nothing more that a hard mark hits.
    """

    kind: Kind
    value: str
    hard: bool
    time: float
    swept: bool = False

    @property
    def name(self) -> tuple[Kind, str, bool]:
        """What it says but for the time: of marks with one name only the latest counts."""
        return self.kind, self.value, self.hard

    @property
    def rank(self) -> tuple[float, bool]:
        """Orders the marks of one name: the one with the highest counts."""
        return self.time, self.swept

    @property
    def key(self) -> str:
        """Where it lies in the store; another time is another key, so that what has been read need not be again."""
        return f"{MARKS_PREFIX}{hashlib.sha256(self.to_json()).hexdigest()[:16]}.json"

    def not_after(self, time: float) -> Self:
        """Give the same mark, with *time* when its own is later."""
        return self if self.time <= time else replace(self, time=time)

    def to_json(self) -> bytes:
        """Write as ASCII JSON, the same for equal marks."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def parse(cls, data: bytes | str) -> Self | None:
        """Read what :meth:`to_json` wrote; None when it is anything else."""
        try:
            members = json.loads(data)
            return cls(**members | {"time": float(members["time"])}) if _is_sound(members) else None
        except (ValueError, TypeError, OverflowError, RecursionError, ImgsvcError):
            return None


def _is_sound(members: Any) -> bool:
    """Whether these are the members of a mark, each of its own kind, and the value in normal form."""
    if not isinstance(members, dict) or members.keys() != set(Mark.__struct_fields__):
        return False
    kind, value, seconds = members["kind"], members["value"], members["time"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
        return False
    if not isinstance(members["hard"], bool) or not isinstance(members["swept"], bool):
        return False
    return isinstance(value, str) and kind in get_args(Kind) and _NORMAL_FORMS[kind](value) == value


def prefix_of(text: str) -> str:
    """
    Bring the beginning of a URL into normal form.

    Raises:
        InvalidRequest: it does not name scheme and whole host, with a slash behind it, or it ends where a URL's normal
            form depends on what follows.
    """
    before, mark, query = text.partition("?")
    if not _AUTHORITY.match(before):
        raise InvalidRequest(
            "A prefix begins with a scheme, a host and a slash: https://example.com/.", param="prefixes"
        )
    if _OPEN_END.search(text if mark else before):
        raise InvalidRequest("A prefix does not end within an escape, or with a segment of dots.", param="prefixes")
    normal = normalise_url(text, param="prefixes")
    return f"{normal}?" if mark and not query else normal


def domain_of(text: str) -> str:
    """
    Bring a host, or ``*.suffix``, into normal form.

    Raises:
        InvalidRequest: it is neither.
    """
    wild = "*." if text.startswith("*.") else ""
    try:
        return wild + normalise_host(text.removeprefix(wild))
    except ValueError as error:
        raise InvalidRequest("A domain is a host name, or *. and one.", param="domains") from error


def is_tag(text: str) -> bool:
    """Whether *text* is a word by which sources can be purged."""
    return _TAG.fullmatch(text) is not None


def tag_of(text: str) -> str:
    """
    Check a word; case counts.

    Raises:
        InvalidRequest: it is none.
    """
    if not is_tag(text):
        raise InvalidRequest("A tag has 1 to 64 letters, digits or any of . _ : / -", param="tags")
    return text


def _url_of(text: str) -> str:
    return text if text.startswith("s3://") else normalise_url(text)


_NORMAL_FORMS: Mapping[str, Callable[[str], str]] = {
    "url": _url_of,
    "prefix": prefix_of,
    "domain": domain_of,
    "tag": tag_of,
    "all": lambda _: "",
}


class Instructions(Struct, frozen=True, kw_only=True):
    """
    What one request asks to be purged, in normal form; what is named twice counts once.

    Attributes:
        urls: sources.
        prefixes: beginnings of URLs.
        domains: hosts, or ``*.suffix`` for all below one.
        tags: words.
        hard: whether it shall be gone; else stale.
    """

    urls: tuple[Source, ...] = ()
    prefixes: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    hard: bool = False

    def marks(self, time: float) -> list[Mark]:
        """Give a mark for each, of unix second *time*."""
        named: list[tuple[Kind, str]] = [
            *(("url", source.url) for source in self.urls),
            *(("prefix", prefix) for prefix in self.prefixes),
            *(("domain", domain) for domain in self.domains),
            *(("tag", tag) for tag in self.tags),
        ]
        return [Mark(kind, value, self.hard, time) for kind, value in dict.fromkeys(named)]


def source_of(url: str) -> Source:
    """
    Give the source with this URL, in normal form, or ``s3://KEY``.

    Raises:
        ValueError: no source can have it.
    """
    if url.startswith("s3://"):
        return Source.stored(url.removeprefix("s3://"))
    return Source(url)
