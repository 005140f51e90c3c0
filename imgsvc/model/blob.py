"""Owned bytes with everything an answer needs: made once, served many times."""

import math
import re
from collections.abc import Callable, Mapping
from copy import copy
from email.utils import formatdate
from pathlib import PurePosixPath
from typing import Any, Self
from urllib.parse import quote, unquote

from msgspec import Struct
from msgspec.structs import asdict, force_setattr, replace
from yarl import URL

from imgsvc.model.formats import BY_MEDIA_TYPE
from imgsvc.model.freshness import STALE_IF_ERROR_SECONDS, STALE_WHILE_REVALIDATE_SECONDS, is_fresh_at
from imgsvc.model.source import Source

FORMAT_VERSION = 1
"""Version of what is stored beside an object's bytes; another one in the store counts as a miss."""

# A picture answered as a document (opened in a tab) must run nothing: SVG is sanitised *and* sandboxed.
CONSTANT_HEADERS = (
    ("Accept-Ranges", "bytes"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
    ("Timing-Allow-Origin", "*"),
)
_HEADER_TEXT = re.compile(r"[\x21-\x7e]{0,128}")
_TAGS_TEXT = re.compile(r"[\x20-\x7e]{0,600}")
_UNSAFE_IN_NAME = re.compile(r"[^A-Za-z0-9._-]+")
MAX_NAME_CHARS = 80
MAX_LINK_CHARS = 4096
"""The longest URL a client can name fits, unless much of it has to be escaped."""
YEAR_SECONDS = 31536000


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number of seconds")
    return number


_READERS: Mapping[Any, Callable[[str], Any]] = {int: int, float: _finite, str: str}


class BlobMeta(Struct, frozen=True, kw_only=True):
    """
    What is known of some bytes; kept beside them in the store.

    Attributes:
        media_type: as answered in ``Content-Type``.
        sha256: hex digest of the bytes.
        source_sha256: hex digest of the original they were made from.
        width: in px; 0 where it means nothing.
        height: likewise.
        fetched_at: unix seconds at which the original was asked for, or its source last said that it still holds.
        fresh_until: unix seconds.
        last_modified: unix seconds; the source's, else the time of the fetch.
        degraded: what had to be left away (``frames``), or empty.
        tags: words by which it can be purged, between spaces; beside those every source has.
        look: what was seen of it (:meth:`imgsvc.model.look.Look.to_text`), or empty.
        format_version: see :data:`FORMAT_VERSION`.
    """

    media_type: str
    sha256: str
    source_sha256: str
    fetched_at: float
    fresh_until: float
    last_modified: int
    width: int = 0
    height: int = 0
    degraded: str = ""
    tags: str = ""
    look: str = ""
    format_version: int = FORMAT_VERSION

    def to_texts(self) -> dict[str, str]:
        """Write as short ASCII texts, fit for object metadata of S3 (2 KB in all)."""
        return {name: str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_texts(cls, texts: dict[str, str]) -> Self:
        """
        Read back what :meth:`to_texts` wrote; names not known are passed over.

        Raises:
            ValueError: something is missing, not a number where one is due, of another format version, or could not
                stand in a header.
        """
        texts = {"tags": "", "look": "", **texts}  # younger than the format's version
        try:
            values: dict[str, Any] = {name: reader(texts[name]) for name, reader in _META_READERS}
        except KeyError as error:
            raise ValueError(f"metadata lacks {error}") from error
        if values["format_version"] != FORMAT_VERSION:
            raise ValueError(f"metadata is of version {values['format_version']}")
        # They become headers; whoever can write to the store shall not write those.
        if unfit := [name for name in values if not _is_fit(name, texts[name])]:
            raise ValueError(f"metadata {unfit[0]} is not fit for a header")
        return cls(**values)

    def refreshed(self, fetched_at: float, fresh_until: float) -> Self:
        """Describe the same bytes after their source was asked again."""
        return replace(self, fetched_at=fetched_at, fresh_until=fresh_until)

    def of_variant(
        self, *, media_type: str, sha256: str, width: int, height: int, degraded: str, look: str = ""
    ) -> Self:
        """Describe bytes made from the ones described here; times and freshness stay the source's."""
        return replace(
            self,
            media_type=media_type,
            sha256=sha256,
            source_sha256=self.sha256,
            width=width,
            height=height,
            degraded=degraded,
            look=look,
        )

    @property
    def etag(self) -> str:
        """The entity tag of these bytes."""
        return self.etag_of(self.sha256)

    @staticmethod
    def etag_of(sha256: str) -> str:
        """Make a strong entity tag: half of the digest is more than enough to tell two answers apart."""
        return f'"{sha256[:32]}"'

    @property
    def lifetime_seconds(self) -> int:
        """The whole time these bytes count as fresh, from the fetch on."""
        return max(0, round(self.fresh_until - self.fetched_at))


_META_READERS = tuple((name, _READERS[kind]) for name, kind in BlobMeta.__annotations__.items())


class Representation(Struct, frozen=True, kw_only=True, weakref=True):
    """
    An answer without its bytes: everything that is said of them (RFC 9110 §8).

    Attributes:
        meta: what is known of them.
        key: their name in memory and store.
        source: where the picture came from.
        shareable: False for an answer that one client may have and nobody may keep.
        stored: whether the store is known to hold exactly these bytes under *key*.
        immutable: whether the client's ``v`` makes a new URL of every change.
        provisional: whether a better answer is being made already.
        is_weak: whether other bytes may have the same digest, for they say the same (RFC 9110 §8.8.1).
        etag: worked out, as all below: from the digest, strong unless that is weak; empty while it is not known.
        max_age_seconds: how long an answer may be kept from the fetch on.
        cache_control: finished header.
        headers: all response headers that depend on nothing else.
    """

    meta: BlobMeta
    key: str
    source: Source
    shareable: bool = True
    stored: bool = False
    immutable: bool = False
    provisional: bool = False
    is_weak: bool = False
    etag: str = ""
    max_age_seconds: int = 0
    cache_control: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        weakness = "W/" if self.is_weak else ""
        force_setattr(self, "etag", weakness + self.meta.etag if self.meta.sha256 else "")
        is_immutable = self.immutable and not self.provisional
        force_setattr(self, "max_age_seconds", YEAR_SECONDS if is_immutable else self.meta.lifetime_seconds)
        force_setattr(self, "cache_control", cache_control_of(self))
        force_setattr(self, "headers", tuple(_headers(self)))

    def is_fresh(self, now: float) -> bool:
        """Whether the source may not be asked again yet at unix second *now*."""
        return is_fresh_at(now, self.meta.fetched_at, self.meta.fresh_until)


class Blob(Representation, frozen=True, kw_only=True):
    """
    Bytes that can be answered as they are.

    Attributes:
        data: owned, never a slice or view of something larger.
    """

    data: bytes

    def as_stored(self) -> "Blob":
        """Give the same blob, known to lie in the store."""
        blob = copy(self)  # not replaced, which would finish the headers again, none of which hangs on this
        force_setattr(blob, "stored", True)
        return blob


def _is_fit(name: str, text: str) -> bool:
    return bool((_TAGS_TEXT if name == "tags" else _HEADER_TEXT).fullmatch(text))


def cache_control_of(blob: Representation, stale_seconds: int = STALE_WHILE_REVALIDATE_SECONDS) -> str:
    """Say how long an answer may be kept, and for how long after that it may be given while it is asked for behind."""
    if not blob.shareable:
        return "private, no-store"
    if blob.provisional:
        return f"public, max-age={blob.max_age_seconds}"
    stale = f"stale-while-revalidate={stale_seconds}, stale-if-error={STALE_IF_ERROR_SECONDS}"
    return f"public, max-age={blob.max_age_seconds}, {stale}" + (", immutable" if blob.immutable else "")


def _headers(blob: Representation) -> list[tuple[str, str]]:
    meta = blob.meta
    headers = [
        ("Content-Type", meta.media_type),
        *([("ETag", blob.etag)] if blob.etag else []),
        ("Last-Modified", formatdate(meta.last_modified, usegmt=True)),
        ("Content-Disposition", f'inline; filename="{file_name(blob.source, meta.media_type)}"'),
        *CONSTANT_HEADERS,
        ("Cache-Tag", ",".join(tags := tags_of(blob.source, meta.tags))),
        ("Surrogate-Key", " ".join(tags)),
    ]
    if (link := _link(blob.source)) is not None:
        headers.append(("Link", link))
    if meta.degraded:
        headers.append(("X-Degraded", meta.degraded))
    return headers


def tags_of(source: Source, words: str) -> list[str]:
    """Give the tags by which caches in front can purge an answer: the source's host, its digest, its own words."""
    return [*([source.host] if source.host else []), f"url:{source.h16}", *words.split()]


def _link(source: Source) -> str | None:
    """Name where a picture was found; nobody else could fetch an asset there, and its host may be a private one."""
    return canonical_link(source.url) if source.has_origin and source.asset_id is None else None


def canonical_link(url: str) -> str | None:
    """
    Name the URL that a picture was found at, as a ``Link`` header.

    None when that were too long for common proxies: half of it would be another.
    """
    link = f'<{quote(url, safe=_URI_SAFE)}>; rel="canonical"'
    return link if len(link) <= MAX_LINK_CHARS else None


_URI_SAFE = "!#$%&'()*+,/:;=?@[]~"


def file_name(source: Source, media_type: str) -> str:
    """Make a safe name for a download: the source's own last path segment, the answer's own extension."""
    path = source.object_key or unquote(URL(source.url, encoded=True).raw_path)
    stem = _UNSAFE_IN_NAME.sub("-", PurePosixPath(path.replace("\\", "/")).stem).strip(".-")[:MAX_NAME_CHARS]
    image_format = BY_MEDIA_TYPE.get(media_type)
    return f"{stem or 'image'}.{image_format.value if image_format else 'json'}"
