"""Answers that the store has: finding them, and saying how they stand."""

import time
from collections.abc import Callable

from msgspec import Struct

from imgsvc.errors import ObjectNotFound
from imgsvc.model.blob import Blob, BlobMeta
from imgsvc.model.formats import BY_MEDIA_TYPE, CAPABILITIES, ImageFormat
from imgsvc.services.answers import ImageRequest, Streamed, Trace
from imgsvc.services.bodies import SpoolBody, StoredBody
from imgsvc.services.mark_index import UNTOUCHED
from imgsvc.services.marks import Marks
from imgsvc.services.originals import Originals
from imgsvc.services.records import Records
from imgsvc.services.shelf import Shelf
from imgsvc.services.standing import Standing, judged, standing_at
from imgsvc.store.base import StoredObject, StoredStream


class Found(Struct, frozen=True):
    """
    What the store has of one answer.

    Attributes:
        standing: whether it may be answered.
        is_there: whether it has anything at all under that key.
        blob: the answer; None when its standing is OLD or GONE.
        sha256: of what is there.
    """

    standing: Standing
    is_there: bool
    blob: Blob | Streamed | None = None
    sha256: str = ""


NOWHERE = Found(Standing.GONE, is_there=False)
"""What the store has of what it is never given."""


class Variants:
    """Looks answers up in the store."""

    def __init__(
        self,
        *,
        shelf: Shelf,
        records: Records,
        marks: Marks,
        originals: Originals,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._shelf = shelf
        self._records = records
        self._marks = marks
        self._originals = originals
        self._clock = clock

    async def find(self, request: ImageRequest, trace: Trace, *, however_old: bool = False) -> Found:
        """
        Ask the store for the answer itself.

        Args:
            request: what is asked for.
            trace: told what it takes.
            however_old: give it as STALE where it would be OLD: its source was just asked.

        Raises:
            ObjectNotFound: the object named by the client is no picture.
        """
        trace.asked_store = True
        # Asked before the read: a write may end, or fail, while it is under way.
        is_stored = not self._shelf.is_pending(request.key)
        with trace.timed("store"):
            stored = await self._shelf.open(request.key)
            try:
                standing, meta = await self._judged(request, stored)
            except BaseException:
                _close(stored)
                raise
        if however_old and standing is Standing.OLD:
            standing = Standing.STALE
        if stored is None or meta is None or standing in (Standing.OLD, Standing.GONE):
            _close(stored)
            return Found(standing, stored is not None, sha256=stored.meta.sha256 if stored is not None else "")
        if isinstance(stored, StoredObject):
            return Found(standing, is_there=True, blob=blob_of(request, stored.data, meta, stored=is_stored))
        streamed = streamed_of(request, meta, StoredBody(stored), is_whole=True, stored=True)
        return Found(standing, is_there=True, blob=streamed)

    async def _judged(
        self, request: ImageRequest, stored: StoredObject | StoredStream | None
    ) -> tuple[Standing, BlobMeta | None]:
        """Judge by the answer's own end while that is enough, else by its source's record."""
        if stored is None:
            return Standing.GONE, None
        if request.key == request.source.object_key:
            return self._served_object(request, stored)
        standing = standing_at(stored.meta, self._clock(), request.stale_seconds)
        if standing is Standing.FRESH and not self._may_be_purged(request, stored.meta):
            return standing, stored.meta
        record = await self._records.get(request.source)
        # Its source may have been fetched again since it was purged; it itself was not made anew.
        if record is not None and self._marks.verdict(request.source, record.tags, stored.meta.fetched_at).is_gone:
            return Standing.GONE, stored.meta
        return judged(stored.meta, record, self._clock(), request.stale_seconds)

    def _may_be_purged(self, request: ImageRequest, meta: BlobMeta) -> bool:
        """Whether a purge since may concern it; its source may have been given tags that it does not know of."""
        verdict = self._marks.verdict(request.source, meta.tags, meta.fetched_at)
        return verdict != UNTOUCHED or self._marks.has_tags_since(meta.fetched_at)

    def _served_object(
        self, request: ImageRequest, stored: StoredObject | StoredStream
    ) -> tuple[Standing, BlobMeta | None]:
        """An object named by its key is its own source: what it holds now is fresh, when it is a picture."""
        if self._marks.verdict(request.source, stored.meta.tags, stored.meta.fetched_at).is_gone:
            raise ObjectNotFound("The store has no such image.", param="url")
        if stored.meta.media_type not in BY_MEDIA_TYPE:
            raise ObjectNotFound("The store has no such image.", param="url")
        # A drawing may have been put there by somebody else: it is answered by way of the sanitiser.
        if stored.meta.media_type == CAPABILITIES[ImageFormat.SVG].media_type:
            return Standing.GONE, None
        return Standing.FRESH, self._originals.current(stored.meta)


def blob_of(
    request: ImageRequest,
    data: bytes,
    meta: BlobMeta,
    *,
    shareable: bool = True,
    stored: bool = False,
    provisional: bool = False,
) -> Blob:
    """Make the answer to *request* of bytes in memory."""
    return Blob(
        data=data,
        meta=meta,
        key=request.key,
        source=request.source,
        shareable=shareable,
        stored=stored,
        immutable=request.spec.version is not None,
        provisional=provisional,
    )


def streamed_of(
    request: ImageRequest,
    meta: BlobMeta,
    body: StoredBody | SpoolBody,
    *,
    is_whole: bool,
    shareable: bool = True,
    stored: bool = False,
) -> Streamed:
    """Make the answer to *request* of bytes that are read while they are sent."""
    return Streamed(
        body=body,
        is_whole=is_whole,
        meta=meta,
        key=request.key,
        source=request.source,
        shareable=shareable,
        stored=stored,
        immutable=request.spec.version is not None,
    )


def _close(stored: StoredObject | StoredStream | None) -> None:
    if not isinstance(stored, StoredObject | None):
        stored.close()
