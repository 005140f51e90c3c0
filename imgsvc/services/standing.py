"""How a kept picture stands: whether it may be answered, and what has to be asked first (RFC 9111 §4.2, RFC 5861)."""

from enum import Enum

from imgsvc.model.blob import BlobMeta
from imgsvc.model.freshness import AHEAD_SECONDS, STALE_WHILE_REVALIDATE_SECONDS
from imgsvc.services.records import SourceRecord


class Standing(Enum):
    """What may be done with a kept picture."""

    FRESH = "fresh"
    """It is answered."""

    STALE = "stale"
    """It is answered, and its source asked behind."""

    OLD = "old"
    """Its source is asked first; it is answered when that confirms it, or fails."""

    GONE = "gone"
    """It is no longer what its source is, or was purged: nothing is there."""


# Named once: until Python 3.12 each naming is a call, and stale answers are as many as hits.
_FRESH, _STALE, _OLD, _GONE = Standing


def standing_at(meta: BlobMeta, now: float, stale_seconds: int = STALE_WHILE_REVALIDATE_SECONDS) -> Standing:
    """
    Judge by a picture's own end; what was fetched at a time that is still to come is as good as over.

    *stale_seconds* is for how long after that it may still be answered at once.
    """
    if meta.fetched_at > now + AHEAD_SECONDS:
        return _STALE
    if now < meta.fresh_until:
        return _FRESH
    return _STALE if now < meta.fresh_until + stale_seconds else _OLD


def judged(
    meta: BlobMeta, record: SourceRecord | None, now: float, stale_seconds: int = STALE_WHILE_REVALIDATE_SECONDS
) -> tuple[Standing, BlobMeta]:
    """
    Judge by what is known of the source, as :func:`standing_at` does.

    Returns:
        The standing, and the picture's metadata as of the last time that its source was asked.
    """
    if record is None or record.sha256 != meta.source_sha256:
        return _GONE, meta
    if (meta.fetched_at, meta.fresh_until) != (record.fetched_at, record.fresh_until):
        meta = meta.refreshed(record.fetched_at, record.fresh_until)
    return standing_at(meta, now, stale_seconds), meta
