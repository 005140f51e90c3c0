"""The source's record: what is written is read back, and nothing else is believed."""

import itertools
import json

import pytest
from msgspec.structs import replace

from imgsvc.model.freshness import Freshness
from imgsvc.model.purge import Mark
from imgsvc.model.source import Source
from imgsvc.origin.answer import Fetched, NotModified, Validators
from imgsvc.services.records import SourceRecord, record_of
from tests.support.blobs import SOURCE


def record(**more) -> SourceRecord:
    values = {
        "url": SOURCE.url, "final_url": SOURCE.url, "etag": '"x"', "last_modified": None, "cache_control": None,
        "fetched_at": 1000, "fresh_until": 2000, "modified_at": 900, "sha256": "ab" * 32, "width": 3, "height": 2,
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
    for data in (b"", b"{", b"[]", b"null", b"{}", json.dumps({"url": SOURCE.url, "fetched_at": 1}).encode()):
        assert SourceRecord.parse(data, SOURCE) is None


def test_records_of_other_versions():
    """A record without the time of its bytes is as old as its fetch; members of versions to come do no harm."""
    members = json.loads(record().to_json())
    del members["modified_at"]

    assert SourceRecord.parse(json.dumps(members | {"colour": "red"}).encode(), SOURCE) == record(modified_at=1000)


def test_freshness_ends():
    """A record is fresh until, not at, its end."""
    assert record().is_fresh(1999.9)
    assert not record().is_fresh(2000)


def test_a_variant_keeps_the_sources_times():
    """What is made from an original is as fresh as it is, and names it."""
    variant = (
        record().original_meta().of_variant(media_type="image/webp", sha256="cd" * 32, width=1, height=1, degraded="")
    )

    assert (variant.fetched_at, variant.fresh_until, variant.source_sha256) == (1000, 2000, "ab" * 32)


FETCHED = Fetched(
    url="https://pictures.test/b.jpg", media_type=None, content_encoding=None, cache_control="max-age=5",
    expires="0", date=None, age=None, etag='"e"', last_modified=None, body=None,
)  # fmt: skip


def recorded(**more) -> SourceRecord:
    fetched = replace(FETCHED, **more)
    return record_of(SOURCE, fetched, Freshness(60), 1000.25, sha256="00" * 32, size_px=(4, 5), media_type="image/gif")


def test_record_of_a_fetch():
    """A fetch is written down with its lifetime counted from when it was asked for, and all a source said of it."""
    made = recorded()

    assert (made.url, made.final_url) == (SOURCE.url, "https://pictures.test/b.jpg")
    assert (made.etag, made.cache_control, made.expires) == ('"e"', "max-age=5", "0")
    assert (made.fetched_at, made.fresh_until) == (1000.25, 1060.25)
    assert (made.width, made.height) == (4, 5)
    assert made.validators == Validators(url="https://pictures.test/b.jpg", etag='"e"', last_modified=None)


@pytest.mark.parametrize(
    ("word", "modified_at"),
    [
        ("Thu, 01 Jan 1970 00:10:00 GMT", 600),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("nonsense", 1000),
        (None, 1000),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 1000),
    ],
)
def test_modified_is_the_sources_word_but_never_in_the_future(word, modified_at):
    """Last-Modified is the source's when it makes sense, else the time of the fetch."""
    assert recorded(last_modified=word).modified_at == modified_at


def test_validated():
    """A source that says that its bytes hold renews what it says anew, and leaves the rest (RFC 9111 §4.3.4)."""
    said = NotModified(
        url=SOURCE.url, cache_control="max-age=9", expires=None, date=None, age=None, etag='"f"', last_modified=None
    )

    renewed = record(last_modified="x", expires="y").validated(said, Freshness(9), 5000.5)

    assert (renewed.etag, renewed.last_modified, renewed.cache_control, renewed.expires) == (
        '"f"',
        "x",
        "max-age=9",
        "y",
    )
    assert (renewed.fetched_at, renewed.fresh_until, renewed.modified_at) == (5000.5, 5009.5, 900)
    assert renewed.sha256 == record().sha256


def test_words_are_added_once_and_while_there_is_room():
    """Tags come together; beyond what can be stored beside an object they are left away."""
    assert record(tags="b").tagged(frozenset(("a", "b"))).tags == "b a"
    assert record().tagged(frozenset()).tags == ""
    crowded = record().tagged(frozenset(f"{n:063d}" for n in range(20))).tags
    assert len(crowded) <= 512
    assert len(crowded.split()) == 8


def test_it_may_stand_in_for_a_week():
    """For so long after its end what is kept is better than an error."""
    assert record().may_stand_in(2000 + 604799)
    assert not record().may_stand_in(2000 + 604800)


async def test_every_change_is_counted(parts):
    """Whoever has seen the same count knows that the same is known: after each way to learn or forget it is another."""
    source, records = parts.source("/a.png"), parts.records
    kept = record(url=source.url)
    counts = [records.changes]
    for change in (
        lambda: records.keep(source, kept),
        lambda: records.keep(source, replace(kept, fetched_at=kept.fetched_at - 1)),
        lambda: records.forget(source),
        lambda: records.forget_for(Mark("tag", "a", hard=True, time=1.0, swept=True)),
    ):
        change()
        counts.append(records.changes)
    await parts.stored()
    await records.look(source)
    counts.append(records.changes)

    assert [after - before for before, after in itertools.pairwise(counts)] == [1, 0, 1, 1, 1]
