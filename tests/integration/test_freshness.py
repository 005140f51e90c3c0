"""How long answers live: by the source's word, within the operator's bounds."""

import asyncio

import pytest

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

    assert answer.headers["Cache-Control"] == f"public, max-age={max_age}"


async def test_an_expired_answer_is_fetched_anew(origin, photo, tmp_path):
    """With no lifetime at all each request asks the source, and sees what changed."""
    origin.serve("/a.jpg", photo)
    async with running_service(tmp_path, origin.port, IMGSVC_MIN_TTL="0") as service:
        first = await service.image(origin.url("/a.jpg"), f="png", w=10)
        await service.settled()
        origin.serve("/a.jpg", b"gone", status=404)
        second = await service.image(origin.url("/a.jpg"), f="png", w=10)

    assert (first.status, second.status) == (200, 404)
    assert first.headers["Cache-Control"] == "public, max-age=0"


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
