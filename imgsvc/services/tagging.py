"""Words that later requests give a source that is kept already: they have to be able to purge it too."""

import logging
from functools import partial
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.cache.memory import MemoryCache
from imgsvc.model.blob import Blob, Representation
from imgsvc.model.keys import source_prefix
from imgsvc.model.source import Source
from imgsvc.services.answers import ImageRequest, Served
from imgsvc.services.behind import Behind
from imgsvc.services.records import Records, joined_tags

R = TypeVar("R", bound=Representation)

log = logging.getLogger("imgsvc.tagging")

LIMIT = 256
"""Sources that are given words at the same time; the next request with the same words tries again."""


class TaggingStatistics(Struct, frozen=True):
    """
    State, and counters since the start.

    Attributes:
        running: sources being given words now.
        tagged: records that were given some.
    """

    running: int
    tagged: int


class Tagging:
    """
    Adds words to records behind the answers; :meth:`aclose` once.

    Args:
        records: where a source's words are kept.
        memory: what is kept of the source there is given them too.
    """

    def __init__(self, records: Records, memory: MemoryCache) -> None:
        self._records = records
        self._memory = memory
        self._running = Behind("tagging", LIMIT)
        self.idle, self.aclose = self._running.idle, self._running.aclose
        self._tagged = 0

    def statistics(self) -> TaggingStatistics:
        """Snapshot of state and counters."""
        return TaggingStatistics(len(self._running), self._tagged)

    def note(self, request: ImageRequest, served: Served) -> Served:
        """
        Take note of what is answered to a request with words; a plain call.

        Gives the answer with those words: a cache in front keeps it before the source has them.
        """
        source, tags = request.source, served.blob.meta.tags
        if source.object_key is not None or request.tags.issubset(tags.split()):
            return served
        self._running.begin(source.url, partial(self._add, source, request.tags))
        return served._replace(blob=_retagged(served.blob, joined_tags(tags, request.tags)))

    async def _add(self, source: Source, words: frozenset[str]) -> None:
        try:
            record = await self._records.get(source)
        except Exception:
            log.exception("giving a source its tags failed")
            return
        if record is None:
            return
        tagged = record.tagged(words)
        if tagged != record:
            self._records.keep(source, tagged)
            self._tagged += 1
        prefix = source_prefix(source)

        def change(blob: Blob) -> Blob:
            if not blob.key.startswith(prefix) or blob.meta.tags == tagged.tags:
                return blob
            return _retagged(blob, tagged.tags)

        self._memory.update(change)


def _retagged(blob: R, tags: str) -> R:
    return replace(blob, meta=replace(blob.meta, tags=tags))
