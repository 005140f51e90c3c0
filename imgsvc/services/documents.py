"""JSON documents: read from the store, remembered, written behind; what was found out about a domain or a page."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from cachetools import LRUCache
from msgspec import DecodeError
from msgspec.json import Decoder
from msgspec.structs import replace

from imgsvc.model.blob import BlobMeta
from imgsvc.model.source import Source
from imgsvc.services.marks import Marks
from imgsvc.services.shelf import Shelf

REMEMBERED_BYTES = 16 * 1024 * 1024
"""In memory, some thousand documents of usual length."""

WEIGHT_PER_BYTE = 4
"""A document in memory takes about so many times what it takes as JSON."""

TRUSTED_SECONDS = 60.0
"""How long what was read is believed without a look at what another replica may have written since."""


class Document(Protocol):
    """A frozen struct that can be written down."""

    @property
    def name(self) -> str:
        """What it is remembered by: a domain, a URL."""

    @property
    def key(self) -> str:
        """Where it lies in the store."""

    @property
    def site(self) -> Source:
        """What purges are held against, with *tags*."""

    @property
    def tags(self) -> str:
        """Words between spaces."""

    @property
    def fetched_at(self) -> float:
        """Unix seconds at which what it says was asked for, or was last confirmed."""

    @property
    def tried_at(self) -> float:
        """Unix seconds of the last try."""

    @property
    def fresh_until(self) -> float:
        """Unix seconds."""

    def to_json(self) -> bytes:
        """Write as UTF-8 JSON."""


D = TypeVar("D", bound=Document)


def decoded(decoder: Decoder[D], data: bytes) -> D | None:
    """Read what was written down as JSON; None when *data* is anything else, for others write to the store, too."""
    try:
        return decoder.decode(data)
    except (DecodeError, UnicodeDecodeError, RecursionError):  # the last: lists in lists, thousands deep
        return None


@dataclass(slots=True)
class Known(Generic[D]):
    """
    A document that was read.

    Attributes:
        record: the document.
        read_at: unix seconds.
        weight_bytes: in memory.
        site: what purges are held against, with *tags*.
        tags: words between spaces.
    """

    record: D
    read_at: float
    weight_bytes: int
    site: Source = field(init=False)
    tags: str = field(init=False)

    def __post_init__(self) -> None:
        self.site, self.tags = self.record.site, self.record.tags


K = TypeVar("K", bound=Known[Any])


class Documents(Generic[D, K]):
    """
    Reads and writes documents of one kind.

    Args:
        shelf: where they lie.
        marks: say what was purged.
        key_of: gives the key of a name.
        parse: reads a document's bytes, given its name; None = it is none, or another's.
        known: makes what is remembered.
        clock: unix seconds.
    """

    def __init__(
        self,
        shelf: Shelf,
        marks: Marks,
        *,
        key_of: Callable[[str], str],
        parse: Callable[[bytes, str], D | None],
        known: Callable[[D, float, int], K],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._shelf = shelf
        self._marks = marks
        self._key_of = key_of
        self._parse = parse
        self._make_known = known
        self._clock = clock
        self._known: LRUCache[str, K] = LRUCache(REMEMBERED_BYTES, getsizeof=lambda known: known.weight_bytes)

    def known(self, name: str) -> K | None:
        """Give what is remembered and need not be looked at again; a plain call, for the path of a hit."""
        known = self._known.get(name)
        if known is None or not 0 <= self._clock() - known.read_at < TRUSTED_SECONDS:
            return None
        return self._judged(known)

    async def look(self, name: str) -> K | None:
        """Give what is remembered, or else what the store has; a store that fails has what was remembered."""
        if (known := self.known(name)) is not None:
            return known
        before = self._known.get(name)
        stored = await self._shelf.read(self._key_of(name))
        if self._known.get(name) is not before:  # kept, or forgotten, while the store was asked: that is newer
            return self.known(name)
        record = self._parse(stored.data, name) if stored else None
        if record is not None and (before is None or record.tried_at >= before.record.tried_at):
            known = self._make_known(record, self._clock(), WEIGHT_PER_BYTE * len(stored.data) if stored else 0)
        elif before is not None:  # the store fails, or has not, or not yet, what was found here
            known = self._make_known(before.record, self._clock(), before.weight_bytes)
        else:
            return None
        self._remember(known)
        return self._judged(known)

    def keep(self, record: D, *, is_stored: bool = True) -> K:
        """
        Remember *record*, and write it behind unless it is only of the moment.

        What was begun before that which is remembered was is not kept; gives what counts.
        """
        if (later := self.later_than(record)) is not None:
            return later
        data = record.to_json()
        known = self._make_known(record, self._clock(), WEIGHT_PER_BYTE * len(data))
        self._remember(known)
        if is_stored:
            self._shelf.persist(record.key, data, _meta_of(record, data))
        return known

    def later_than(self, record: D) -> K | None:
        """Give what is remembered under the same name if it was begun later than *record*."""
        known = self._known.get(record.name)
        return known if known is not None and known.record.tried_at > record.tried_at else None

    def forget(self, name: str) -> None:
        """Believe nothing of *name* any more but what the store says."""
        self._known.pop(name, None)

    async def remove(self, name: str) -> None:
        """Forget *name* for good, in the store as well."""
        self.forget(name)
        await self._shelf.drop(self._key_of(name))

    def flush(self) -> None:
        """Remember nothing, for want of memory."""
        self._known.clear()

    def _remember(self, known: K) -> None:
        if known.weight_bytes <= self._known.maxsize:
            self._known[known.record.name] = known

    def _judged(self, known: K) -> K | None:
        """Let purges count: nothing of what is gone, stale from then on what was marked so."""
        record = known.record
        verdict = self._marks.verdict(known.site, known.tags, record.fetched_at)
        if verdict.is_gone:
            return None
        if verdict.stale_since is None or record.fresh_until <= verdict.stale_since:
            return known
        stale = replace(record, fresh_until=verdict.stale_since)
        return self._make_known(stale, known.read_at, known.weight_bytes)


def _meta_of(record: Document, data: bytes) -> BlobMeta:
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
