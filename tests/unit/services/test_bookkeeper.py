"""What a source said, written down."""

import pytest

from imgsvc.model.formats import ImageFormat
from imgsvc.origin.answer import Fetched, NotModified
from imgsvc.services.bookkeeper import Bookkeeper, Order
from imgsvc.settings import CacheSettings
from imgsvc.transform.pool import Inspected
from tests.support.blobs import SOURCE
from tests.unit.services.test_records import record

SETTINGS = CacheSettings.from_env({"IMGSVC_MIN_TTL": "60", "IMGSVC_MAX_TTL": "1000"})
SHA = "ab" * 32


def fetched(**more) -> Fetched:
    values = dict.fromkeys(
        ("media_type", "content_encoding", "cache_control", "expires", "date", "age", "etag", "last_modified", "body")
    )
    return Fetched(url=SOURCE.url, **(values | more))


def not_modified(**more) -> NotModified:
    values = dict.fromkeys(("cache_control", "expires", "date", "age", "etag", "last_modified"))
    return NotModified(url=SOURCE.url, **(values | more))


def inspected(sha256: str = SHA) -> Inspected:
    return Inspected(image_format=ImageFormat.PNG, width=3, height=2, data=b"x", size_bytes=1, pages=1, sha256=sha256)


def written(order: Order, answer: Fetched, sha256: str = SHA):
    return Bookkeeper(SETTINGS).answered(SOURCE, order, answer, 5000.5).record(inspected(sha256), ImageFormat.PNG)


def test_the_time_is_never_in_the_future():
    """To a millisecond, rounded down."""
    assert Bookkeeper(SETTINGS, lambda: 12.3459).now() == 12.345


def test_a_fetch_counts_from_its_question():
    """What a source says is as old as the question, and its lifetime is within the operator's bounds."""
    made = written(Order(purges=0), fetched(cache_control="max-age=500"))

    assert (made.fetched_at, made.fresh_until, made.modified_at) == (5000.5, 5500.5, 5000)
    assert (made.width, made.height, made.media_type, made.sha256) == (3, 2, "image/png", SHA)


@pytest.mark.parametrize(
    ("sha256", "last_modified", "modified_at"),
    [(SHA, None, 900), ("cd" * 32, None, 5000), (SHA, "Thu, 01 Jan 1970 01:00:00 GMT", 3600)],
)
def test_the_same_bytes_are_as_old_as_they_were(sha256, last_modified, modified_at):
    """A source that sends them again, and does not say when they changed, does not make them younger."""
    order = Order(purges=0, record=record(modified_at=900, sha256=SHA))

    assert written(order, fetched(last_modified=last_modified), sha256).modified_at == modified_at


def test_words_stay():
    """Those of before and those of the request that caused the fetch."""
    assert written(Order(purges=0, tags="b c", record=record(tags="a b")), fetched()).tags == "a b c"


@pytest.mark.parametrize(
    ("said", "lifetime"),
    [
        ({}, 300),
        ({"cache_control": "max-age=100"}, 100),
        ({"cache_control": "max-age=5"}, 60),
        ({"cache_control": "public"}, 60),
        ({"expires": "Thu, 01 Jan 2099 00:00:00 GMT"}, 300),  # the kept max-age goes before it
    ],
)
def test_what_a_confirmation_leaves_unsaid_holds(said, lifetime):
    """Each field that is sent replaces the kept one, the others stay (RFC 9111 §3.2)."""
    renewed, freshness = Bookkeeper(SETTINGS).validated(
        SOURCE, record(cache_control="max-age=300"), not_modified(**said), 5000
    )

    assert (freshness.lifetime_seconds, renewed.fresh_until) == (lifetime, 5000 + lifetime)


def test_a_confirmation_may_forbid_to_keep():
    """Then it is no use that the bytes hold."""
    _, freshness = Bookkeeper(SETTINGS).validated(SOURCE, record(), not_modified(cache_control="no-store"), 5000)

    assert not freshness.shareable


@pytest.mark.parametrize(("known", "lifetime"), [(500, 500), (5, 60), (5000, 1000), (None, 300)])
def test_a_lifetime_that_is_known_beforehand(known, lifetime):
    """It goes before what the source says, within the operator's bounds; whether it may be kept the source says."""
    bookkeeper = Bookkeeper(SETTINGS, fresh_seconds=lambda source: known if source == SOURCE else None)
    answered = bookkeeper.answered(SOURCE, Order(purges=0), fetched(cache_control="max-age=300"), 5000)
    renewed, _ = bookkeeper.validated(SOURCE, record(), not_modified(cache_control="max-age=300"), 5000)
    private = bookkeeper.answered(SOURCE, Order(purges=0), fetched(cache_control="private"), 5000)

    assert answered.freshness.lifetime_seconds == lifetime
    assert renewed.fresh_until == 5000 + lifetime
    assert not private.freshness.shareable
