"""Conditional requests, ranges and HEAD: the smallest answer that is right."""

import pytest

from tests.support.service import IMAGES


@pytest.fixture
async def warm(service, origin, photo):
    """A picture that is in memory, and how it was answered."""
    origin.serve("/a.jpg", photo, headers={"Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"})
    url = origin.url("/a.jpg")
    return url, await service.image(url, f="original")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": "{etag}"}, 304),
        ({"If-None-Match": 'W/{etag}, "other"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}, 304),
        ({"If-Modified-Since": "Wed, 31 Dec 2025 23:59:59 GMT"}, 200),
        ({"If-None-Match": '"other"', "If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}, 200),
        ({"If-Modified-Since": "nonsense"}, 200),
    ],
)
async def test_not_modified(service, warm, headers, status):
    """A client that has these bytes is told so; If-None-Match goes before If-Modified-Since."""
    url, first = warm
    sent = {name: value.format(etag=first.headers["ETag"]) for name, value in headers.items()}

    answer = await service.image(url, sent, f="original")

    assert answer.status == status
    assert answer.headers["ETag"] == first.headers["ETag"]
    if status == 304:
        assert answer.body == b""
        assert "Content-Length" not in answer.headers
        assert answer.headers["Cache-Control"] == first.headers["Cache-Control"]


async def test_not_modified_costs_no_work(service, warm):
    """A 304 from memory decodes nothing and asks neither store nor origin."""
    url, first = warm
    await service.settled()
    before = service.opened.owners["store"].statistics(), service.opened.owners["transforms"].statistics()

    await service.image(url, {"If-None-Match": first.headers["ETag"]}, f="original")

    assert (service.opened.owners["store"].statistics(), service.opened.owners["transforms"].statistics()) == before


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=10-", 10, None), ("bytes=-5", -5, None), ("bytes=5-99999999", 5, None)],
)
async def test_one_range(service, warm, photo, asked, start, stop):
    """One range of bytes is answered with exactly these."""
    url, _ = warm

    answer = await service.image(url, {"Range": asked}, f="original")

    expected = photo[start:stop]
    first = len(photo) + start if start < 0 else start
    assert (answer.status, answer.body) == (206, expected)
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(photo)}"
    assert answer.headers["Content-Length"] == str(len(expected))


async def test_ranges_that_cannot_be_had(service, warm, photo):
    """Beyond the end is 416 with the size; several ranges or nonsense are answered with the whole."""
    url, _ = warm

    beyond = await service.image(url, {"Range": f"bytes={len(photo)}-"}, f="original")
    several = await service.image(url, {"Range": "bytes=0-1,5-6"}, f="original")
    nonsense = await service.image(url, {"Range": "pages=1"}, f="original")

    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(photo)}")
    assert beyond.json()["code"] == "range-not-satisfiable"
    assert beyond.headers["Cache-Control"] == "no-store"
    assert (several.status, several.body) == (nonsense.status, nonsense.body) == (200, photo)


async def test_if_range(service, warm, photo):
    """A range of other bytes than the client's is answered with the whole."""
    url, first = warm

    same = await service.image(url, {"Range": "bytes=0-1", "If-Range": first.headers["ETag"]}, f="original")
    other = await service.image(url, {"Range": "bytes=0-1", "If-Range": '"other"'}, f="original")

    assert (same.status, other.status) == (206, 200)
    assert other.body == photo


async def test_head_says_what_get_would(service, origin, photo):
    """A cold HEAD does the work and keeps the result; its headers are those of GET."""
    origin.serve("/b.jpg", photo)
    url = origin.url("/b.jpg")

    head = await service.request("HEAD", IMAGES, url=url, w=50)
    get = await service.image(url, w=50)

    changing = {"x-request-id", "server-timing", "cache-status", "x-cache", "x-source", "age", "date"}
    assert head.body == b""
    assert get.headers["X-Cache"] == "HIT"
    assert {k: v for k, v in head.headers.items() if k.lower() not in changing} == {
        k: v for k, v in get.headers.items() if k.lower() not in changing
    }


async def test_head_of_what_is_wrong(service):
    """An error's HEAD has its status and no body."""
    answer = await service.request("HEAD", IMAGES, url="undefined")

    assert (answer.status, answer.body) == (400, b"")


async def test_large_answers_are_whole(service, origin, photo):
    """A body of many slices arrives as it was, in whole and in part."""
    large = photo + b"\x00" * 3_000_000
    origin.serve("/large.jpg", large)

    whole = await service.image(origin.url("/large.jpg"), f="original")
    part = await service.image(origin.url("/large.jpg"), {"Range": "bytes=100-2000099"}, f="original")

    assert whole.body == large
    assert part.body == large[100:2000100]
