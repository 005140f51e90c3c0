"""How long answers live: by the source's word, within the operator's bounds."""

import asyncio
import re

import pytest

from imgsvc.model.source import Source
from tests.support.service import running_service


@pytest.mark.parametrize(
    ("headers", "max_age"),
    [
        ({}, 100),
        ({"Cache-Control": "max-age=50"}, 100),
        ({"Cache-Control": "max-age=500"}, 500),
        ({"Cache-Control": "max-age=500, s-maxage=700"}, 700),
        ({"Cache-Control": "max-age=5000"}, 1000),
        ({"Cache-Control": "no-cache, max-age=500"}, 100),
        ({"Expires": "Thu, 01 Jan 2026 00:05:00 GMT", "Date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 300),
        ({"Expires": "0"}, 100),
    ],
)
async def test_lifetimes(origin, photo, tmp_path, headers, max_age):
    """The source's lifetime is clamped into what the operator set."""
    origin.serve("/a.jpg", photo, headers=headers)
    async with running_service(tmp_path, origin.port, IMGSVC_MIN_TTL="100", IMGSVC_MAX_TTL="1000") as service:
        answer = await service.image(origin.url("/a.jpg"), w=10)

    stale = "stale-while-revalidate=86400, stale-if-error=604800"
    assert answer.headers["Cache-Control"] == f"public, max-age={max_age}, {stale}"


async def test_a_stale_answer_and_what_follows(origin, photo, tmp_path):
    """A stale picture is answered at once, and what its source says behind that counts from then on."""
    origin.conditional("/a.jpg", photo, etag='"1"')
    async with running_service(tmp_path, origin.port, IMGSVC_MIN_TTL="0") as service:
        answers = []
        for _ in range(3):
            answers.append(await service.image(origin.url("/a.jpg"), f="png", w=10))
            await service.settled()
        origin.serve("/a.jpg", b"gone", status=404)
        last = await service.image(origin.url("/a.jpg"), f="png", w=10)
        await service.settled()
        gone = await service.image(origin.url("/a.jpg"), f="png", w=10)
        figures = (await service.request("GET", "/api/health/metrics")).json()

    assert [(answer.status, answer.headers["X-Cache"]) for answer in answers] == [
        (200, "MISS"), (200, "STALE"), (200, "STALE"),
    ]  # fmt: skip
    assert answers[1].headers["X-Source"] == "memory"
    assert answers[1].headers["ETag"] == answers[0].headers["ETag"]
    assert re.fullmatch(r"imgsvc-memory; hit; ttl=(0|-[0-9]+)", answers[1].headers["Cache-Status"])
    assert "Age" in answers[1].headers
    assert (last.headers["X-Cache"], gone.status, gone.json()["code"]) == ("STALE", 404, "source-not-found")
    assert figures["sources"]["validation"]["not_modified"] == 2
    assert figures["sources"]["validation"]["ended"] == 1


async def test_a_stale_answer_of_the_store(origin, photo, tmp_path):
    """After a restart the store answers, stale, and the source is asked with what is known of it."""
    origin.conditional("/a.jpg", photo, etag='"1"')
    url = origin.url("/a.jpg")
    async with running_service(tmp_path, origin.port, IMGSVC_MIN_TTL="0") as service:
        await service.image(url, w=10)
        await service.settled()
    async with running_service(tmp_path, origin.port, IMGSVC_MIN_TTL="0") as service:
        answer = await service.image(url, w=10)
        await service.settled()

    assert (answer.headers["X-Cache"], answer.headers["X-Source"]) == ("STALE", "store")
    assert re.match(r"imgsvc-store; hit; ttl=(0|-[0-9]+), imgsvc-memory; fwd=miss", answer.headers["Cache-Status"])
    assert origin.requests[-1].headers["If-None-Match"] == '"1"'


async def test_a_condition_on_a_stale_answer(origin, photo, tmp_path):
    """A client that has the bytes is told so, stale or not."""
    origin.conditional("/a.jpg", photo, etag='"1"')
    async with running_service(tmp_path, origin.port, IMGSVC_MIN_TTL="0") as service:
        first = await service.image(origin.url("/a.jpg"), w=10)
        headers = {"If-None-Match": first.headers["ETag"]}
        again = await service.image(origin.url("/a.jpg"), headers, w=10)

    assert (again.status, again.headers["X-Cache"], again.body) == (304, "STALE", b"")


async def test_next_says_stale_too(origin, photo, tmp_path):
    """Next's own header has the same word."""
    origin.serve("/a.jpg", photo)
    async with running_service(tmp_path, origin.port, IMGSVC_MIN_TTL="0") as service:
        await service.request("GET", "/_next/image", url=origin.url("/a.jpg"), w=16, q=75)
        again = await service.request("GET", "/_next/image", url=origin.url("/a.jpg"), w=16, q=75)

    assert again.headers["X-Nextjs-Cache"] == "STALE"


async def test_tags_for_the_cache_in_front(service, origin, photo):
    """Each answer names its source's host and digest, so that what was purged here can be purged there."""
    origin.serve("/a.jpg", photo)
    answer = await service.image(origin.url("/a.jpg"), w=10)

    source = Source(origin.url("/a.jpg"))
    assert answer.headers["Cache-Tag"] == f"{source.host},url:{source.h16}"
    assert answer.headers["Surrogate-Key"] == f"{source.host} url:{source.h16}"


@pytest.mark.parametrize("directive", ["no-store", "private"])
async def test_private_answers_are_neither_kept_nor_shared(service, origin, photo, directive):
    """Each client of a source that forbids sharing has its own fetch, and nothing is stored."""
    origin.serve("/a.jpg", photo, headers={"Cache-Control": directive})

    answers = await asyncio.gather(*(service.image(origin.url("/a.jpg"), w=10) for _ in range(5)))
    await service.settled()

    assert {a.status for a in answers} == {200}
    assert {a.headers["Cache-Control"] for a in answers} == {"private, no-store"}
    assert {a.headers["X-Cache"] for a in answers} == {"MISS"}
    assert origin.hits("/a.jpg") == 5
    assert service.opened.owners["memory"].statistics().entries == 0
    assert [key async for key in service.opened.owners["store"].list("images/")] == []


async def test_redirect_delivery(origin, photo, tmp_path):
    """With a CDN before the store, what is stored is answered with a redirect to it, what is not yet with bytes."""
    origin.serve("/a.jpg", photo)
    cdn = {"IMGSVC_CDN_BASE_URL": "https://cdn.example/"}
    url = origin.url("/a.jpg")
    async with running_service(tmp_path, origin.port, IMGSVC_DELIVERY="redirect", **cdn) as service:
        first = await service.image(url, w=10)
        await service.settled()
        second = await service.image(url, w=10)
        described = await service.image(url, f="json")
        keys = [key async for key in service.opened.owners["store"].list("images/image/")]
    async with running_service(tmp_path, origin.port, **cdn) as service:
        as_bytes = await service.image(url, w=10)

    assert (first.status, second.status, described.status, as_bytes.status) == (200, 302, 200, 200)
    location, _, version = second.headers["Location"].partition("?v=")
    assert location.removeprefix("https://cdn.example/") in keys
    assert len(version) == 8
    assert as_bytes.headers["Content-Location"] == second.headers["Location"]
    assert "Content-Location" not in first.headers
