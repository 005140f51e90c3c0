"""What a source said, written down: for how long it may be used, and what is known of its bytes."""

import math
import time
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.model.formats import CAPABILITIES, ImageFormat
from imgsvc.model.freshness import Freshness, judge
from imgsvc.model.source import Source
from imgsvc.origin.answer import Fetched, NotModified
from imgsvc.services.records import SourceRecord, record_of
from imgsvc.settings import CacheSettings
from imgsvc.transform.pool import Inspected


class Order(Struct, frozen=True, kw_only=True):
    """
    What is asked of a fetch, beside the source.

    Attributes:
        purges: the latest purge of the source when the work began; see :class:`Shelf`.
        tags: words of the request that caused it, between spaces.
        is_new: whether nothing was kept of the source, so that of several replicas the first to write wins.
        record: what was known until now, where something was.
        proves: whether there is a good picture that a broken one must not replace.
    """

    purges: int
    tags: str = ""
    is_new: bool = False
    record: SourceRecord | None = None
    proves: bool = False

    @property
    def all_tags(self) -> frozenset[str]:
        """The words of the request, and those the source has already."""
        return frozenset(self.tags.split()).union(self.record.tags.split() if self.record else ())


class Answered(Struct, frozen=True):
    """
    A source's answer, judged.

    Attributes:
        fetched: after its head.
        asked_at: unix seconds at which the request was sent; what it brought is as old as that (RFC 9111 §4.2.3).
    """

    source: Source
    order: Order
    fetched: Fetched
    asked_at: float
    freshness: Freshness

    def record(self, inspected: Inspected | None, image_format: ImageFormat) -> SourceRecord:
        """Write down this fetch; of a body that still arrives neither digest nor size is known."""
        record = record_of(
            self.source,
            self.fetched,
            self.freshness,
            self.asked_at,
            sha256=inspected.sha256 if inspected else "",
            size_px=(inspected.width, inspected.height) if inspected else (0, 0),
            media_type=CAPABILITIES[image_format].media_type,
        ).tagged(self.order.all_tags)
        before = self.order.record
        if before is None or before.sha256 != record.sha256 or self.fetched.last_modified is not None:
            return record
        return replace(record, modified_at=before.modified_at)  # the same bytes are as old as they were


class Bookkeeper:
    """
    Judges answers.

    Args:
        settings: the operator's bounds.
        clock: unix seconds.
        fresh_seconds: gives the lifetime of a source of which that is known beforehand, within the operator's bounds;
            None = it says so itself.
    """

    def __init__(
        self,
        settings: CacheSettings,
        clock: Callable[[], float] = time.time,
        fresh_seconds: Callable[[Source], int | None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._fresh_seconds = fresh_seconds

    def now(self) -> float:
        """Tell the time to a millisecond, rounded down: nothing may look younger than a purge that came after it."""
        return math.floor(self._clock() * 1000) / 1000

    def answered(self, source: Source, order: Order, fetched: Fetched, asked_at: float) -> Answered:
        """Judge an answer with a body."""
        return Answered(source, order, fetched, asked_at, self._judge(source, fetched, asked_at))

    def validated(
        self, source: Source, record: SourceRecord, answer: NotModified, asked_at: float
    ) -> tuple[SourceRecord, Freshness]:
        """Judge an answer that says that the kept bytes still hold; what it leaves unsaid holds as it was."""
        answer = replace(
            answer,
            cache_control=answer.cache_control or record.cache_control,
            expires=answer.expires or record.expires,
        )
        freshness = self._judge(source, answer, asked_at)
        return record.validated(answer, freshness, asked_at), freshness

    def _judge(self, source: Source, answer: Fetched | NotModified, now: float) -> Freshness:
        said = judge(
            cache_control=answer.cache_control,
            expires=answer.expires,
            date=answer.date,
            age=answer.age,
            now=now,
            min_ttl_seconds=self._settings.min_ttl_seconds,
            max_ttl_seconds=self._settings.max_ttl_seconds,
        )
        if (known_seconds := self._fresh_seconds(source)) is None:
            return said
        least, most = self._settings.min_ttl_seconds, self._settings.max_ttl_seconds
        return replace(said, lifetime_seconds=min(max(known_seconds, least), most))
