"""Memory pressure for real: a process over its thresholds, and one that is driven there and comes back."""

import asyncio
import contextlib

import aiohttp
import pytest

from tests.support import pictures
from tests.support.large import photo, until
from tests.support.origin import ScriptedOrigin
from tests.support.service import Answer
from tests.support.streams_process import ask, files, streaming_process

# Below what any Python process weighs.
CRITICAL = {"MEMORY_WARNING_THRESHOLD": "10000000", "MEMORY_CRITICAL_THRESHOLD": "20000000"}

# The guard lies halfway between the two, below what a process weighs when it listens; the upper is above what it
# weighs with all that is loaded behind the start.
GUARD = {"MEMORY_WARNING_THRESHOLD": "1000000", "MEMORY_CRITICAL_THRESHOLD": "104000000"}
BUDGET_BYTES = 200 << 20
"""Little more than the smallest with which an idle process is healthy."""
PICTURES = 40


@pytest.fixture
async def origin():
    async with ScriptedOrigin() as origin:
        origin.serve("/large", photo())
        origin.serve("/small", pictures.jpeg())
        yield origin


async def test_critical_serves_what_is_stored(origin, tmp_path):
    """At CRITICAL health and new work are 503, and what is stored is answered as ever: 200, 304, 206 and HEAD."""
    asked = [("/large", {"f": "original"}), ("/small", {"f": "original"}), ("/small", {"w": "20", "f": "webp"})]
    async with streaming_process(tmp_path, origin) as service, aiohttp.ClientSession() as session:
        before = [await ask(session, service.base_url, origin.url(path), **query) for path, query in asked]
        await until(lambda: len(files(tmp_path / "store")) == 5)
        assert await service.end() == 0
    async with streaming_process(tmp_path, origin, **CRITICAL) as service, aiohttp.ClientSession() as session:
        await _check_refusals(session, service.base_url, origin)
        for (path, query), known in zip(asked, before, strict=True):
            await _check_stored(session, service.base_url, origin.url(path), query, known)
        async with session.get(service.base_url + "/api/health/live") as live:
            assert live.status == 200
        assert await service.end() == 0

    assert origin.hits("/large") == origin.hits("/small") == 1


async def _check_refusals(session: aiohttp.ClientSession, base_url: str, origin: ScriptedOrigin) -> None:
    async with session.get(base_url + "/api/health") as health:
        document = await health.json()
    assert (health.status, health.headers["X-System-Status"]) == (503, "MEMORY_CRITICAL")
    assert (document["status"], "memory-critical" in document["reasons"]) == ("unhealthy", True)
    for path, query in (("/new", {"f": "original"}), ("/new", {"w": 9}), ("/small", {"w": 31}), ("/large", {"w": 9})):
        answer = await ask(session, base_url, origin.url(path), **query)
        assert (answer.status, answer.json()["code"]) == (503, "memory")
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["X-System-Status"] == "MEMORY_CRITICAL"
    assert origin.hits("/new") == 0


async def _check_stored(session, base_url: str, url: str, query, known: Answer) -> None:
    whole = await ask(session, base_url, url, **query)
    etag = whole.headers["ETag"]
    same = await ask(session, base_url, url, headers={"If-None-Match": etag}, **query)
    part = await ask(session, base_url, url, headers={"Range": "bytes=3-9", "If-Range": etag}, **query)
    head = await ask(session, base_url, url, method="HEAD", **query)
    assert (whole.status, whole.body, whole.headers["X-Source"]) == (200, known.body, "store")
    assert (same.status, same.body) == (304, b"")
    assert (part.status, part.body) == (206, known.body[3:10])
    assert (head.status, head.headers["Content-Length"], head.body) == (200, str(len(known.body)), b"")
    assert {answer.headers["X-System-Status"] for answer in (whole, same, part, head)} == {"MEMORY_CRITICAL"}


async def test_guard_takes_no_large_sources(origin, tmp_path):
    """At GUARD small sources are fetched; large ones, and those of unknown length, are 503 before their first byte."""
    origin.serve("/other", photo())
    origin.chunked("/unknown", pictures.jpeg())
    async with streaming_process(tmp_path, origin) as service, aiohttp.ClientSession() as session:
        stored = await ask(session, service.base_url, origin.url("/large"), f="original")
        assert await service.end() == 0
    async with streaming_process(tmp_path, origin, **GUARD) as service, aiohttp.ClientSession() as session:
        state = (await _memory(session, service.base_url))["state"]
        small = await ask(session, service.base_url, origin.url("/small"), w=20)
        found = await ask(session, service.base_url, origin.url("/large"), f="original")
        refused = [
            await ask(session, service.base_url, origin.url(path), **query)
            for path in ("/other", "/unknown")
            for query in ({"f": "original"}, {"w": 9})
        ]
        async with session.get(service.base_url + "/api/health") as health:
            document = await health.json()
        assert await service.end() == 0

    assert state == "GUARD"
    assert (small.status, small.headers["X-System-Status"]) == (200, "MEMORY_WARNING")
    assert (found.status, found.body, found.headers["X-Source"]) == (200, stored.body, "store")
    assert {(answer.status, answer.json()["code"]) for answer in refused} == {(503, "memory")}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert (health.status, document["status"], document["reasons"]) == (200, "degraded", ["memory-warning"])


async def test_a_burst_and_the_way_back(origin, tmp_path):
    """A burst of large decodes drives a small budget to WARNING or above; it ends well-formed, and OK comes back."""
    picture = pictures.jpeg(pictures.noise(2700, 2000), Q=85, interlace=True)
    for n in range(PICTURES):
        origin.serve(f"/{n}", picture)
    states: list[str] = []
    env = {"IMAGE_RAM_BUDGET_BYTES": str(BUDGET_BYTES), "IMAGE_STREAM_THRESHOLD_BYTES": str(5 << 20)}
    async with streaming_process(tmp_path, origin, **env) as service, aiohttp.ClientSession() as session:
        async with watched(session, service.base_url, states):
            asking = (ask(session, service.base_url, origin.url(f"/{n}"), w=1200, f="png") for n in range(PICTURES))
            answers = await asyncio.gather(*asking)
        async with asyncio.timeout(60):
            while (memory := await _memory(session, service.base_url))["state"] != "OK":
                await asyncio.sleep(0.2)
        assert (await ask(session, service.base_url, origin.url("/small"), w=20)).status == 200
        assert await service.end() == 0

    assert set(states) - {"OK"}, memory["peak_bytes"]
    assert {answer.status for answer in answers} <= {200, 503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status == 503)
    assert any(answer.status == 200 for answer in answers)
    assert memory["peak_bytes"] <= 1.1 * BUDGET_BYTES


async def _memory(session: aiohttp.ClientSession, base_url: str) -> dict:
    async with session.get(base_url + "/api/health/metrics") as answer:
        return (await answer.json())["memory"]


@contextlib.asynccontextmanager
async def watched(session: aiohttp.ClientSession, base_url: str, states: list[str]):
    """Write down the states that are seen until the block ends."""

    async def watch() -> None:
        while True:
            states.append((await _memory(session, base_url))["state"])
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
