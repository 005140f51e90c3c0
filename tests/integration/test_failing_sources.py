"""Sources that fail: remembered, left alone for longer each time, and no picture lost that was good."""

import asyncio

import pytest

from tests.support.service import running_service

PROBLEM = "application/problem+json"


async def test_a_dead_source_is_asked_once_by_a_thousand(service, origin):
    """Within the time that its failure is remembered a source that is down costs two requests at the most."""
    origin.reset_before_head("/dead.jpg")  # which the client library tries a second time by itself
    url = origin.url("/dead.jpg")
    answers = [await service.image(url, w=1 + n % 500) for n in range(200)]
    answers += await asyncio.gather(*(service.image(url, w=1 + n) for n in range(800)))

    assert {(answer.status, answer.json()["code"]) for answer in answers} == {(502, "source-failed")}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in answers[1:])
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
    assert origin.hits("/dead.jpg") <= 2


async def test_a_domain_that_fails_five_times_is_left_alone(service, origin):
    """The sixth picture of a domain that fails is not asked for: 502 circuit-open, and when to come back."""
    for n in range(6):
        origin.serve(f"/{n}.jpg", b"", status=500)
    answers = [await service.image(f"http://img{n}.shop.test/{n}.jpg", w=10) for n in range(6)]
    other = await service.image("http://img.else.test/missing.jpg", w=10)
    figures = (await service.request("GET", "/api/health/metrics")).json()

    assert [answer.json()["code"] for answer in answers] == ["source-failed"] * 5 + ["circuit-open"]
    assert answers[5].status == 502
    assert 1 <= int(answers[5].headers["Retry-After"]) <= 60
    assert answers[5].headers["Cache-Control"] == "no-store"
    assert answers[5].headers["Content-Type"].startswith(PROBLEM)
    assert origin.hits("/5.jpg") == 0
    assert other.json()["code"] == "source-not-found"
    assert figures["sources"]["breaker"]["open"] == 1
    assert figures["refusals"]["circuit-open"] == 1
    assert figures["sources"]["failures"]["remembered"] >= 5


async def test_missing_pictures_never_open_the_circuit(service, origin, photo):
    """However many a site does not have, those it has are answered."""
    origin.serve("/there.jpg", photo)
    missing = [await service.image(f"http://img.shop.test/{n}.jpg", w=10) for n in range(8)]
    there = await service.image("http://img.shop.test/there.jpg", w=10)

    assert {answer.json()["code"] for answer in missing} == {"source-not-found"}
    assert there.status == 200


@pytest.mark.parametrize("kind", ["reset", "error", "html"])
async def test_a_source_that_goes_down_keeps_its_pictures(origin, photo, tmp_path, kind):
    """Nobody who looks at the site notices: what was good is answered on, in sizes not asked for before too."""
    origin.serve("/a.jpg", photo)
    url = origin.url("/a.jpg")
    async with running_service(tmp_path, origin.port, IMGSVC_MIN_TTL="0") as service:
        good = await service.image(url, w=10, f="png")
        if kind == "reset":
            origin.reset_before_head("/a.jpg")
        elif kind == "error":
            origin.serve("/a.jpg", b"", status=500)
        else:
            origin.serve("/a.jpg", b"<html>")
        answers = [await service.image(url, w=10, f="png")]
        await service.settled()
        answers += [await service.image(url, w=10, f="png") for _ in range(20)]
        other = await service.image(url, w=20, f="png")
        await service.settled()
    hits = origin.hits("/a.jpg")
    async with running_service(tmp_path, origin.port, IMGSVC_MIN_TTL="0") as service:
        after = await service.image(url, w=10, f="png")
        await service.settled()

    assert {(answer.status, answer.headers["X-Cache"], answer.body) for answer in [*answers, after]} == {
        (200, "STALE", good.body)
    }
    assert (other.status, other.headers["X-Cache"]) == (200, "STALE")
    assert hits <= 3
