"""Blobs and metadata for tests that need no picture in them."""

import hashlib

from imgsvc.model.blob import Blob, BlobMeta
from imgsvc.model.source import Source

SOURCE = Source("https://pictures.test/a.jpg")


def meta_of(data: bytes, *, fetched_at: int = 1000, lifetime_seconds: int = 100, **more) -> BlobMeta:
    digest = hashlib.sha256(data).hexdigest()
    values = {
        "media_type": "image/webp",
        "sha256": digest,
        "source_sha256": digest,
        "fetched_at": fetched_at,
        "fresh_until": fetched_at + lifetime_seconds,
        "last_modified": fetched_at,
    }
    return BlobMeta(**(values | more))


def blob_of(data: bytes, key: str = "images/image/k/v.webp", **more) -> Blob:
    return Blob(data=data, meta=meta_of(data), key=key, source=SOURCE, **more)
