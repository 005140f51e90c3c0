"""The records of logos: read from the store, remembered, written behind."""

import hashlib
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace

from cachetools import LRUCache

from imgsvc.logos.keys import logo_record_key
from imgsvc.logos.score import asked_bucket
from imgsvc.model.blob import BlobMeta
from imgsvc.model.look import Theme
from imgsvc.model.source import Source
from imgsvc.services.answers import ImageRequest
from imgsvc.services.logos.record import Entry, LogoRecord
from imgsvc.services.marks import Marks
from imgsvc.services.shelf import Shelf

REMEMBERED_BYTES = 16 * 1024 * 1024
"""In memory, some thousand records of usual length."""

WEIGHT_PER_BYTE = 4
"""A record in memory takes about so many times what it takes as JSON."""

TRUSTED_SECONDS = 60.0
"""How long what was read is believed without a look at what another replica may have written since."""


@dataclass(slots=True)
class Known:
    """
    A record, and what follows from it.

    Attributes:
        record: as it was read.
        read_at: unix seconds.
        weight_bytes: in memory.
        site: what purges are held against, with *tags*.
        tags: words between spaces.
        asked: questions that were asked of it, understood; whoever asks keeps them few.
    """

    record: LogoRecord
    read_at: float
    weight_bytes: int
    site: Source = field(init=False)
    tags: str = field(init=False)
    asked: dict[Hashable, ImageRequest] = field(default_factory=dict)
    _best: dict[tuple[int, Theme | None], Entry | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.site = Source(f"https://{self.record.domain}/")
        self.tags = self.record.tags

    def best(self, size_px: int, theme: Theme | None) -> Entry | None:
        """Give what :meth:`LogoRecord.best` does, which is computed once."""
        place = asked_bucket(size_px), theme
        if place not in self._best:
            self._best[place] = self.record.best(*place)
        return self._best[place]


class LogoRecords:
    """
    Reads and writes records.

    Args:
        shelf: where they lie.
        marks: say what was purged.
        clock: unix seconds.
    """

    def __init__(self, shelf: Shelf, marks: Marks, clock: Callable[[], float] = time.time) -> None:
        self._shelf = shelf
        self._marks = marks
        self._clock = clock
        self._known: LRUCache[str, Known] = LRUCache(REMEMBERED_BYTES, getsizeof=lambda known: known.weight_bytes)

    def known(self, domain: str) -> Known | None:
        """Give what is remembered and need not be looked at again; a plain call, for the path of a hit."""
        known = self._known.get(domain)
        if known is None or not 0 <= self._clock() - known.read_at < TRUSTED_SECONDS:
            return None
        return self._judged(known)

    async def look(self, domain: str) -> Known | None:
        """Give what is remembered, or else what the store has; a store that fails has what was remembered."""
        if (known := self.known(domain)) is not None:
            return known
        before = self._known.get(domain)
        stored = await self._shelf.read(logo_record_key(domain))
        if self._known.get(domain) is not before:  # kept, or forgotten, while the store was asked: that is newer
            return self.known(domain)
        record = LogoRecord.parse(stored.data, domain) if stored else None
        if record is not None and (before is None or record.tried_at >= before.record.tried_at):
            known = Known(record, self._clock(), WEIGHT_PER_BYTE * len(stored.data) if stored else 0)
        elif before is not None:  # the store fails, or has not, or not yet, what was found here
            known = Known(before.record, self._clock(), before.weight_bytes)
        else:
            return None
        self._remember(known)
        return self._judged(known)

    def keep(self, record: LogoRecord, *, is_stored: bool = True) -> Known:
        """
        Remember *record*, and write it behind unless it is only of the moment.

        What was begun before that which is remembered was is not kept; gives what counts.
        """
        if (later := self.later_than(record)) is not None:
            return later
        data = record.to_json()
        known = Known(record, self._clock(), WEIGHT_PER_BYTE * len(data))
        self._remember(known)
        if is_stored:
            self._shelf.persist(logo_record_key(record.domain), data, _meta_of(record, data))
        return known

    def later_than(self, record: LogoRecord) -> Known | None:
        """Give what is remembered of the same domain if it was begun later than *record*."""
        known = self._known.get(record.domain)
        return known if known is not None and known.record.tried_at > record.tried_at else None

    def forget(self, domain: str) -> None:
        """Believe nothing of *domain* any more but what the store says."""
        self._known.pop(domain, None)

    def flush(self) -> None:
        """Remember nothing, for want of memory."""
        self._known.clear()

    def _remember(self, known: Known) -> None:
        if known.weight_bytes <= self._known.maxsize:
            self._known[known.record.domain] = known

    def _judged(self, known: Known) -> Known | None:
        """Let purges count: nothing of what is gone, stale from then on what was marked so."""
        record = known.record
        verdict = self._marks.verdict(known.site, known.tags, record.fetched_at)
        if verdict.is_gone:
            return None
        if verdict.stale_since is None or record.fresh_until <= verdict.stale_since:
            return known
        return Known(replace(record, fresh_until=verdict.stale_since), known.read_at, known.weight_bytes)


def _meta_of(record: LogoRecord, data: bytes) -> BlobMeta:
    digest = hashlib.sha256(data).hexdigest()
    return BlobMeta(
        media_type="application/json",
        sha256=digest,
        source_sha256=digest,
        fetched_at=record.fetched_at,
        fresh_until=record.fresh_until,
        last_modified=int(record.fetched_at),
        tags=record.tags,
    )
