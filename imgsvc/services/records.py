"""What is known of a source: one small object in the store, rewritten each time the source was asked."""

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any, Self

from cachetools import LRUCache
from msgspec import Struct
from msgspec.structs import asdict, replace

from imgsvc.model.blob import BlobMeta
from imgsvc.model.freshness import STALE_IF_ERROR_SECONDS, Freshness, is_fresh_at, modified_at
from imgsvc.model.keys import record_key
from imgsvc.model.purge import Mark
from imgsvc.model.source import Source
from imgsvc.origin.answer import Fetched, NotModified, Validators
from imgsvc.services.marks import Marks
from imgsvc.services.shelf import Shelf

REMEMBERED = 4096
"""About 3 MB at the most; each spares a variant of a known source one look-up in the store."""

OVERLAP_SECONDS = 60.0
"""What was asked at the same time may end in another order; a clock that was put back is no reason to keep nothing."""

MAX_TAGS_CHARS = 512
"""All words of one source together; what is stored of them has to fit into the metadata of S3."""


class SourceRecord(Struct, frozen=True, kw_only=True):
    """
    One source as it last was; the source's own freshness is decided here, never by a variant's age.

    Attributes:
        url: the source asked for; another one under the same key is a clash of digests and counts as nothing.
        final_url: where redirects led.
        etag: the source's validator, as sent.
        last_modified: likewise, as sent.
        cache_control: likewise.
        expires: likewise.
        fetched_at: unix seconds at which the source was asked, the last time that it answered well.
        fresh_until: unix seconds, clamped by the operator.
        modified_at: unix seconds; the source's word, else when these bytes were first fetched.
        sha256: of the original's bytes.
        width: of the original in px, after orientation.
        height: likewise.
        media_type: by our own sniff.
        tags: words by which it can be purged, between spaces.
    """

    url: str
    final_url: str
    etag: str | None
    last_modified: str | None
    cache_control: str | None
    expires: str | None = None
    fetched_at: float
    fresh_until: float
    modified_at: int
    sha256: str
    width: int
    height: int
    media_type: str
    tags: str = ""

    @classmethod
    def parse(cls, data: bytes, source: Source) -> Self | None:
        """Read a stored record; None when it is not one, or not of *source*. Other versions' members do no harm."""
        try:
            members = json.loads(data)
            values = {name: members[name] for name in cls.__struct_fields__ if name in members}
            record = cls(**{"modified_at": int(members["fetched_at"]), **values})
        except (ValueError, TypeError, KeyError, OverflowError):
            return None
        return record if record.url == source.url and record.is_well_typed() else None

    def is_well_typed(self) -> bool:
        """Whether every member is of its own kind, for JSON knows nothing of ours."""
        return all(_fits(getattr(self, name), kind) for name, kind in SourceRecord.__annotations__.items())

    def to_json(self) -> bytes:
        """Write as UTF-8 JSON."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    def is_fresh(self, now: float) -> bool:
        """Whether the source need not be asked at unix second *now*."""
        return is_fresh_at(now, self.fetched_at, self.fresh_until)

    def may_stand_in(self, now: float) -> bool:
        """Whether what is kept may be answered at unix second *now* when the source fails."""
        return now < self.fresh_until + STALE_IF_ERROR_SECONDS

    @property
    def validators(self) -> Validators:
        """What the source can be asked with whether these bytes still hold."""
        return Validators(url=self.final_url, etag=self.etag, last_modified=self.last_modified)

    def validated(self, answer: NotModified, freshness: Freshness, asked_at: float) -> Self:
        """Describe the same bytes after the source said that they hold (RFC 9111 §4.3.4)."""
        return replace(
            self,
            etag=answer.etag or self.etag,
            last_modified=answer.last_modified or self.last_modified,
            cache_control=answer.cache_control or self.cache_control,
            expires=answer.expires or self.expires,
            fetched_at=asked_at,
            fresh_until=asked_at + freshness.lifetime_seconds,
        )

    def tagged(self, words: frozenset[str]) -> Self:
        """Add words by which it can be purged; those for which there is no room are left away."""
        return replace(self, tags=joined_tags(self.tags, words))

    def meta(self, *, media_type: str, sha256: str, width: int, height: int) -> BlobMeta:
        """Describe bytes made from this record's original."""
        return BlobMeta(
            media_type=media_type,
            sha256=sha256,
            source_sha256=self.sha256,
            fetched_at=self.fetched_at,
            fresh_until=self.fresh_until,
            last_modified=self.modified_at,
            width=width,
            height=height,
            tags=self.tags,
        )

    def original_meta(self) -> BlobMeta:
        """Describe the original itself."""
        return self.meta(media_type=self.media_type, sha256=self.sha256, width=self.width, height=self.height)

    def own_meta(self, data: bytes) -> BlobMeta:
        """Describe the record's own bytes *data*."""
        return self.meta(media_type="application/json", sha256=hashlib.sha256(data).hexdigest(), width=0, height=0)


def joined_tags(tags: str, words: frozenset[str]) -> str:
    """Add words to those of a source, between spaces; those for which there is no room are left away."""
    for word in sorted(words.difference(tags.split())):
        longer = f"{tags} {word}".strip()
        tags = longer if len(longer) <= MAX_TAGS_CHARS else tags
    return tags


def record_of(
    source: Source,
    fetched: Fetched,
    freshness: Freshness,
    asked_at: float,
    *,
    sha256: str,
    size_px: tuple[int, int],
    media_type: str,
) -> SourceRecord:
    """Write down one fetch that ended well, and began at unix second *asked_at*."""
    return SourceRecord(
        url=source.url,
        final_url=fetched.url,
        etag=fetched.etag,
        last_modified=fetched.last_modified,
        cache_control=fetched.cache_control,
        expires=fetched.expires,
        fetched_at=asked_at,
        fresh_until=asked_at + freshness.lifetime_seconds,
        modified_at=modified_at(fetched.last_modified, int(asked_at)),
        sha256=sha256,
        width=size_px[0],
        height=size_px[1],
        media_type=media_type,
    )


class RecordLookup(Struct, frozen=True):
    """
    What a look for a record found.

    Attributes:
        record: as far as no purge has hit it; one that was purged softly is stale.
        is_new: whether there is nothing at all of the source, so that who writes first may win.
    """

    record: SourceRecord | None
    is_new: bool


class Records:
    """
    Reads and writes records, and remembers the latest.

    Args:
        shelf: where they lie.
        marks: say what was purged.
        clock: unix seconds.
    """

    def __init__(self, shelf: Shelf, marks: Marks, clock: Callable[[], float] = time.time) -> None:
        self._shelf = shelf
        self._marks = marks
        self._clock = clock
        self._known: LRUCache[str, SourceRecord] = LRUCache(REMEMBERED)  # by the record's key
        self._changes = 0

    @property
    def changes(self) -> int:
        """How often another record was remembered, or one forgotten; until the next time :meth:`known` is the same."""
        return self._changes

    def known(self, source: Source) -> SourceRecord | None:
        """Give what is remembered of *source*; a plain call, for the path of a hit."""
        record = self._known.get(record_key(source))
        return self._judged(source, record) if record is not None and record.url == source.url else None

    async def look(self, source: Source) -> RecordLookup:
        """Look for what is known of *source*; a record that is fresh need not be read again until it ends."""
        key, known = record_key(source), self.known(source)
        if known is not None and known.is_fresh(self._clock()):
            return RecordLookup(known, is_new=False)
        before = self._known.get(key)
        stored = await self._shelf.read(key)
        if self._known.get(key) is not before:  # kept, or forgotten, while the store was asked: that is newer
            return RecordLookup(self.known(source), is_new=False)
        record = SourceRecord.parse(stored.data, source) if stored else None
        if record is None:  # a store that fails has nothing; what is remembered may stand in for a source that does too
            return RecordLookup(known, is_new=stored is None and known is None)
        self._remember(key, record)
        return RecordLookup(self._judged(source, record), is_new=False)

    async def get(self, source: Source) -> SourceRecord | None:
        """Give what is known of *source*, as :meth:`look` finds it."""
        return (await self.look(source)).record

    def is_overtaken(self, source: Source, record: SourceRecord) -> bool:
        """Whether what is known was asked for later; the two may have ended in the other order."""
        known = self.known(source)
        return known is not None and 0 < known.fetched_at - record.fetched_at < OVERLAP_SECONDS

    def keep(self, source: Source, record: SourceRecord, *, if_absent: bool = False) -> None:
        """
        Remember *record*, and write it behind.

        Words that the source was given meanwhile are added; what is older than what is known is not kept.

        Args:
            source: what it is of.
            record: the latest.
            if_absent: not to be written if another replica has written one meanwhile.
        """
        if self.is_overtaken(source, record):
            return
        if (known := self.known(source)) is not None:
            record = record.tagged(frozenset(known.tags.split()))
        self._remember(record_key(source), record)
        text = record.to_json()
        self._shelf.persist(record_key(source), text, record.own_meta(text), if_absent=if_absent)

    def forget(self, source: Source) -> None:
        """Know nothing of *source* any more but what the store says."""
        self.forget_key(record_key(source))

    def forget_for(self, mark: Mark) -> None:
        """Read all records anew after a purge by a word: another replica may have given a source that word."""
        self._changes += 1
        if mark.kind == "tag":
            self._known.clear()

    async def stored_tags(self, source: Source) -> str:
        """Give the words of *source* as the store has them, whatever is remembered; none when it has no record."""
        stored = await self._shelf.read(record_key(source))
        record = SourceRecord.parse(stored.data, source) if stored else None
        return record.tags if record else ""

    def forget_key(self, key: str) -> None:
        """Forget the record that lies under *key*, if one does: another replica's has won over it."""
        self._changes += 1
        self._known.pop(key, None)

    def _remember(self, key: str, record: SourceRecord) -> None:
        self._changes += 1
        self._known[key] = record

    def _judged(self, source: Source, record: SourceRecord) -> SourceRecord | None:
        """Let purges count: nothing of what is gone, stale from then on what was marked so."""
        verdict = self._marks.verdict(source, record.tags, record.fetched_at)
        if verdict.is_gone:
            return None
        if verdict.stale_since is None:
            return record
        return replace(record, fresh_until=min(record.fresh_until, verdict.stale_since))


def _fits(value: object, kind: Any) -> bool:
    """Whether JSON gave a value of this kind; it may write a whole number of seconds without its point."""
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)
