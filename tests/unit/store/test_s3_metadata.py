"""Metadata of objects in a bucket."""

from datetime import UTC, datetime

import pytest

from imgsvc.store.integrity import Damaged
from imgsvc.store.s3_metadata import adopted, from_metadata, guessed, headers_of, is_foreign, to_metadata
from tests.support.blobs import meta_of

WRITTEN_AT = datetime(2030, 1, 2, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def test_metadata_is_small_ascii():
    """Metadata has no empty value, no underscore, and fits in the 2 KB that S3 takes."""
    metadata = to_metadata(meta_of(b"x"))
    assert all(text and text.isascii() and "_" not in name for name, text in metadata.items())
    assert sum(len(n) + len(t) for n, t in metadata.items()) < 2048
    assert from_metadata({n.title(): t for n, t in metadata.items()}) == meta_of(b"x")


def test_headers():
    """Type and lifetime stand where a CDN looks for them."""
    headers = headers_of(meta_of(b"x", lifetime_seconds=60))
    assert (headers["ContentType"], headers["CacheControl"]) == ("image/webp", "public, max-age=60")


def test_incomplete():
    """What has lost a part of its metadata is damaged, not somebody else's."""
    metadata = to_metadata(meta_of(b"x"))
    del metadata["width"]
    assert not is_foreign(metadata)
    with pytest.raises(Damaged):
        from_metadata(metadata)


def test_foreign():
    """Whoever wrote none of our fields is somebody else."""
    assert is_foreign({})
    assert is_foreign({"width": "7", "mtime": "1"})


def test_guessed():
    """First bytes count more than what was said, and what is not known is empty; read whole, the digest is known."""
    meta = guessed(PNG, "text/html", WRITTEN_AT)
    assert (meta.media_type, meta.sha256, meta.source_sha256) == ("image/png", "", "")
    assert meta.fetched_at == meta.fresh_until == meta.last_modified == int(WRITTEN_AT.timestamp())
    assert guessed(b"text", "text/plain", WRITTEN_AT).media_type == "text/plain"
    assert adopted(PNG, "", WRITTEN_AT).meta.sha256 == meta_of(PNG).sha256
