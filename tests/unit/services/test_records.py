"""The source's record: what is written is read back, and nothing else is believed."""

import json

from imgsvc.model.freshness import Freshness
from imgsvc.model.source import Source
from imgsvc.origin.answer import Fetched
from imgsvc.services.records import SourceRecord, record_of
from tests.support.blobs import SOURCE


def record(**more) -> SourceRecord:
    values = {
        "url": SOURCE.url, "final_url": SOURCE.url, "etag": '"x"', "last_modified": None, "cache_control": None,
        "fetched_at": 1000, "fresh_until": 2000, "sha256": "ab" * 32, "width": 3, "height": 2,
        "media_type": "image/png",
    }  # fmt: skip
    return SourceRecord(**(values | more))


def test_round_trip():
    """A record reads back as it was written."""
    assert SourceRecord.parse(record().to_json(), SOURCE) == record()


def test_another_url_is_no_record():
    """Two URLs whose digests clash never share an answer."""
    assert SourceRecord.parse(record().to_json(), Source("https://other.test/")) is None


def test_what_is_not_a_record_is_none():
    """Broken JSON, other JSON and missing or unknown members are misses, not errors."""
    for data in (b"", b"{", b"[]", b"null", b"{}", json.dumps({"url": SOURCE.url, "more": 1}).encode()):
        assert SourceRecord.parse(data, SOURCE) is None


def test_freshness_ends():
    """A record is fresh until, not at, its end."""
    assert record().is_fresh(1999.9)
    assert not record().is_fresh(2000)


def test_modified_is_the_sources_word_but_never_in_the_future():
    """Last-Modified is the source's when it makes sense, else the time of the fetch."""
    assert record(last_modified="Thu, 01 Jan 1970 00:10:00 GMT").modified_at() == 600
    assert record(last_modified="nonsense").modified_at() == 1000
    assert record(last_modified="Fri, 01 Jan 2100 00:00:00 GMT").modified_at() == 1000


def test_a_variant_keeps_the_sources_times():
    """What is made from an original is as fresh as it is, and names it."""
    variant = (
        record().original_meta().of_variant(media_type="image/webp", sha256="cd" * 32, width=1, height=1, degraded="")
    )

    assert (variant.fetched_at, variant.fresh_until, variant.source_sha256) == (1000, 2000, "ab" * 32)


def test_record_of_a_fetch():
    """A fetch is written down with its lifetime counted from its end."""
    fetched = Fetched(
        url="https://pictures.test/b.jpg", media_type=None, content_encoding=None, cache_control="max-age=5",
        expires=None, date=None, age=None, etag='"e"', last_modified=None, body=None,
    )  # fmt: skip

    made = record_of(SOURCE, fetched, Freshness(60), 1000, sha256="00" * 32, size_px=(4, 5), media_type="image/gif")

    assert (made.url, made.final_url) == (SOURCE.url, "https://pictures.test/b.jpg")
    assert (made.fetched_at, made.fresh_until) == (1000, 1060)
    assert (made.width, made.height) == (4, 5)
