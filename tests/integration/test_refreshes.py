"""``forceRefresh``: for whoever bears the token, and not again and again."""

import pytest

from tests.support.pictures import jpeg, noise
from tests.support.service import running_service

ADMIN = {"Authorization": "Bearer t"}


@pytest.fixture
async def guarded(origin, tmp_path):
    """A service with an admin token."""
    async with running_service(tmp_path, origin.port, IMGSVC_ADMIN_TOKEN="t") as service:
        yield service


@pytest.mark.parametrize("name", ["forceRefresh", "refresh"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}])
async def test_without_the_token_it_is_neutralised(guarded, origin, photo, name, headers):
    """The answer is the cached one, under the same key, and says that the wish was ignored."""
    origin.serve("/a.jpg", photo)
    first = await guarded.image(origin.url("/a.jpg"), w=10)
    asked = await guarded.image(origin.url("/a.jpg"), headers, w=10, **{name: "true"})

    assert (asked.status, asked.headers["X-Cache"], asked.headers["X-Refresh"]) == (200, "HIT", "ignored")
    assert asked.body == first.body
    assert "X-Refresh" not in first.headers
    assert "X-Ignored-Params" not in asked.headers
    assert origin.hits("/a.jpg") == 1


async def test_with_it_the_source_is_fetched_anew_once_an_hour(guarded, origin, photo):
    """All sizes are of the new bytes then; the next wish has to wait."""
    origin.conditional("/a.jpg", photo, etag='"1"')
    url = origin.url("/a.jpg")
    old = [await guarded.image(url, w=width, f="png") for width in (10, 20)]
    await guarded.settled()
    origin.conditional("/a.jpg", jpeg(noise(400, 300, seed=2)), etag='"2"')

    new = await guarded.image(url, ADMIN, w=10, f="png", forceRefresh="true")
    other = await guarded.image(url, w=20, f="png")
    again = await guarded.image(url, ADMIN, w=10, f="png", forceRefresh="1")

    assert (new.status, new.headers["X-Refresh"], new.headers["X-Cache"]) == (200, "done", "MISS")
    assert new.body != old[0].body
    assert other.body != old[1].body
    assert (again.headers["X-Refresh"], again.headers["X-Cache"], again.body) == ("ignored", "HIT", new.body)
    assert origin.hits("/a.jpg") == 2
    assert "If-None-Match" not in origin.requests[-1].headers


async def test_without_a_cool_down_each_wish_counts(origin, photo, tmp_path):
    """The operator may switch it off."""
    origin.serve("/a.jpg", photo)
    async with running_service(
        tmp_path, origin.port, IMGSVC_ADMIN_TOKEN="t", IMGSVC_REFRESH_COOLDOWN="0"
    ) as service:  # fmt: skip
        answers = [await service.image(origin.url("/a.jpg"), ADMIN, w=10, forceRefresh="true") for _ in range(3)]

    assert [answer.headers["X-Refresh"] for answer in answers] == ["done"] * 3
    assert origin.hits("/a.jpg") == 3


async def test_a_source_that_fails_loses_nothing(guarded, origin, photo):
    """The wish is not fulfilled, and the picture is what it was."""
    origin.serve("/a.jpg", photo)
    first = await guarded.image(origin.url("/a.jpg"), w=10)
    origin.serve("/a.jpg", b"", status=503)
    failed = await guarded.image(origin.url("/a.jpg"), ADMIN, w=10, forceRefresh="true")

    assert (failed.status, failed.headers["X-Refresh"], failed.body) == (200, "failed", first.body)
    assert failed.headers["X-Cache"] == "STALE"


async def test_a_source_that_is_gone(guarded, origin, photo):
    """What its source does not have any more is no longer answered."""
    origin.serve("/a.jpg", photo)
    await guarded.image(origin.url("/a.jpg"), w=10)
    origin.serve("/a.jpg", b"", status=404)
    gone = await guarded.image(origin.url("/a.jpg"), ADMIN, w=10, forceRefresh="true")

    assert (gone.status, gone.json()["code"]) == (404, "source-not-found")


async def test_a_bad_value_is_an_error(guarded, origin):
    """A known parameter is read strictly."""
    answer = await guarded.image(origin.url("/a.jpg"), w=10, forceRefresh="perhaps")

    assert (answer.status, answer.json()["code"], answer.json()["param"]) == (400, "bad-parameter", "forceRefresh")
