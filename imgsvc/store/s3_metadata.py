"""What is written beside an object of a bucket, and what is made of objects that others wrote."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from imgsvc.model.blob import BlobMeta
from imgsvc.model.formats import CAPABILITIES, SNIFF_BYTES, sniff
from imgsvc.store.base import StoredObject
from imgsvc.store.integrity import Damaged

_OUR_NAMES = frozenset(("sha256", "source-sha256", "fetched-at", "fresh-until", "format-version"))


def headers_of(meta: BlobMeta) -> dict[str, Any]:
    """Give the arguments of a write that stand beside its bytes; a CDN can serve the bucket as it is."""
    return {
        "ContentType": meta.media_type,
        "CacheControl": f"public, max-age={meta.lifetime_seconds}",
        "Metadata": to_metadata(meta),
    }


def to_metadata(meta: BlobMeta) -> dict[str, str]:
    """Name fields with hyphens (proxies drop headers with underscores) and leave out empty ones (servers drop them)."""
    return {name.replace("_", "-"): text for name, text in meta.to_texts().items() if text}


def from_metadata(metadata: Mapping[str, str]) -> BlobMeta:
    """Read back what :func:`to_metadata` wrote; raises Damaged."""
    texts = {"degraded": ""} | {name.lower().replace("-", "_"): text for name, text in metadata.items()}
    try:
        return BlobMeta.from_texts(texts)
    except ValueError as error:
        raise Damaged(f"its {error}") from error


def is_foreign(metadata: Mapping[str, str]) -> bool:
    """Whether somebody else wrote the object; ours have lost at most a part of their metadata."""
    return _OUR_NAMES.isdisjoint(metadata)


def adopted(data: bytes, media_type: str, written_at: datetime) -> StoredObject:
    """Describe somebody else's object by all that can be seen of it; hashes, so large ones are for a thread."""
    return StoredObject(data, guessed(data[:SNIFF_BYTES], media_type, written_at, hashlib.sha256(data).hexdigest()))


def guessed(head: bytes, media_type: str, written_at: datetime, digest: str = "") -> BlobMeta:
    """
    Describe somebody else's object by its first bytes.

    Args:
        head: its first bytes; what they look like counts more than what was said of them.
        media_type: what was said.
        written_at: when; the object counts as stale ever since.
        digest: SHA-256 of all its bytes, where they are known.
    """
    image_format = sniff(head)
    seconds = int(written_at.timestamp())
    return BlobMeta(
        media_type=CAPABILITIES[image_format].media_type if image_format else media_type,
        sha256=digest,
        source_sha256=digest,
        fetched_at=seconds,
        fresh_until=seconds,
        last_modified=seconds,
    )
