"""What is known of a source: one small object in the store, rewritten after each fetch."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from cachetools import LRUCache

from imgsvc.model.blob import BlobMeta
from imgsvc.model.freshness import Freshness, http_date
from imgsvc.model.keys import record_key
from imgsvc.model.source import Source
from imgsvc.origin.answer import Fetched
from imgsvc.services.shelf import Shelf

REMEMBERED = 4096
"""About 3 MB at the most; each spares a variant of a known source one look-up in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """
    One fetch of one source; the source's own freshness is decided here, never by a variant's age.

    Attributes:
        url: the source asked for; another one under the same key is a clash of digests and counts as nothing.
        final_url: where redirects led.
        etag: the source's validator, as sent.
        last_modified: likewise, as sent.
        cache_control: likewise.
        fetched_at: unix seconds at which the source was asked, the last time that it answered well.
        fresh_until: unix seconds, clamped by the operator.
        sha256: of the original's bytes.
        width: of the original in px, after orientation.
        height: likewise.
        media_type: by our own sniff.
    """

    url: str
    final_url: str
    etag: str | None
    last_modified: str | None
    cache_control: str | None
    fetched_at: float
    fresh_until: float
    sha256: str
    width: int
    height: int
    media_type: str

    @classmethod
    def parse(cls, data: bytes, source: Source) -> Self | None:
        """Read a stored record; None when it is not one, or not of *source*."""
        try:
            record = cls(**json.loads(data))
        except (ValueError, TypeError):
            return None
        return record if record.url == source.url and record.is_well_typed() else None

    def is_well_typed(self) -> bool:
        """Whether every member is of its own kind, for JSON knows nothing of ours."""
        return all(_fits(getattr(self, f.name), f.type) for f in fields(self))

    def to_json(self) -> bytes:
        """Write as UTF-8 JSON."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    def is_fresh(self, now: float) -> bool:
        """Whether the source need not be asked at unix second *now*."""
        return now < self.fresh_until

    def modified_at(self) -> int:
        """When the source says it changed, as unix seconds; else when it was fetched."""
        return min(http_date(self.last_modified) or int(self.fetched_at), int(self.fetched_at))

    def meta(self, *, media_type: str, sha256: str, width: int, height: int, degraded: str = "") -> BlobMeta:
        """Describe bytes made from this record's original."""
        return BlobMeta(
            media_type=media_type,
            sha256=sha256,
            source_sha256=self.sha256,
            fetched_at=self.fetched_at,
            fresh_until=self.fresh_until,
            last_modified=self.modified_at(),
            width=width,
            height=height,
            degraded=degraded,
        )

    def original_meta(self) -> BlobMeta:
        """Describe the original itself."""
        return self.meta(media_type=self.media_type, sha256=self.sha256, width=self.width, height=self.height)

    def own_meta(self, data: bytes) -> BlobMeta:
        """Describe the record's own bytes *data*."""
        return self.meta(media_type="application/json", sha256=hashlib.sha256(data).hexdigest(), width=0, height=0)


def _fits(value: object, kind: Any) -> bool:
    """Whether JSON gave a value of this kind; it may write a whole number of seconds without its point."""
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)


def record_of(
    source: Source,
    fetched: Fetched,
    freshness: Freshness,
    now: int,
    *,
    sha256: str,
    size_px: tuple[int, int],
    media_type: str,
) -> SourceRecord:
    """Write down one fetch that ended well at unix second *now*."""
    return SourceRecord(
        url=source.url,
        final_url=fetched.url,
        etag=fetched.etag,
        last_modified=fetched.last_modified,
        cache_control=fetched.cache_control,
        fetched_at=now,
        fresh_until=now + freshness.lifetime_seconds,
        sha256=sha256,
        width=size_px[0],
        height=size_px[1],
        media_type=media_type,
    )


class Records:
    """
    Reads and writes records, and remembers the latest.

    Args:
        shelf: where they lie.
        clock: unix seconds.
    """

    def __init__(self, shelf: Shelf, clock: Callable[[], float] = time.time) -> None:
        self._shelf = shelf
        self._clock = clock
        self._known: LRUCache[str, SourceRecord] = LRUCache(REMEMBERED)

    async def get(self, source: Source) -> SourceRecord | None:
        """Give what is known of *source*; a record that is fresh need not be read again until it ends."""
        known = self._known.get(source.url)
        if known is not None and known.is_fresh(self._clock()):
            return known
        stored = await self._shelf.read(record_key(source))
        record = SourceRecord.parse(stored.data, source) if stored else None
        if record is not None:
            self._known[source.url] = record
        return record

    def keep(self, source: Source, record: SourceRecord) -> None:
        """Remember *record*, and write it behind."""
        self._known[source.url] = record
        text = record.to_json()
        self._shelf.persist(record_key(source), text, record.own_meta(text))

    def forget(self, source: Source) -> None:
        """Know nothing of *source* any more but what the store says."""
        self._known.pop(source.url, None)
