"""Sizes of large sources: the same pixels as of small ones, however the source is read and however slowly it comes."""

import asyncio
import os
from functools import cache

import pytest

from imgsvc.app.parts import QUEUE_PER_CORE
from imgsvc.model.formats import ImageFormat
from tests.support import pictures
from tests.support.large import (
    THRESHOLD_BYTES,
    halves,
    huge,
    nothing_left,
    photo,
    pull,
    statistics,
    streaming_service,
    until,
)
from tests.support.origin import ScriptedOrigin
from tests.support.service import running_service

QUERIES = (
    {"w": 90, "f": "png"},
    {"w": 60, "h": 60, "fit": "cover", "g": "attention", "f": "png"},
    {"w": 50, "rotate": 90, "flip": 1, "f": "webp"},
    {"f": "json"},
    {"placeholder": "thumbhash"},
)
LOOK_BYTES = 11 << 19
"""More than what is looked at before it is decided how to read a source."""


@cache
def body(kind: str) -> bytes:
    """A picture above the threshold of each kind that has to lie in a file to be decoded."""
    noise = pictures.noise(600, 400)
    match kind:
        case "progressive":
            return pictures.jpeg(noise, interlace=True)
        case "interlaced":
            return pictures.png(noise, interlace=True)
        case "webp":
            return pictures.webp(noise)
        case "avif":
            return pictures.avif(noise)
        case "tiff":
            return pictures.tiff(noise)
        case "animation":
            frames = [pictures.noise(200, 150, seed=n) for n in range(4)]
            return pictures.animated(frames, ImageFormat.GIF)
    return pictures.gif(pictures.noise(400, 300))


@pytest.fixture
async def service(origin: ScriptedOrigin, tmp_path):
    async with streaming_service(tmp_path, origin) as service:
        yield service


async def small_answers(origin: ScriptedOrigin, folder, path: str) -> list[bytes]:
    """Give the answers that a service gives to which this source is not large."""
    async with running_service(folder, origin.port, IMAGE_STREAM_THRESHOLD_BYTES="20000000") as service:
        return [(await service.image(origin.url(path), **query)).body for query in QUERIES]


@pytest.mark.parametrize("kind", ["progressive", "interlaced", "webp", "gif", "animation", "avif", "tiff"])
async def test_by_file(service, origin, tmp_path, kind):
    """What is decoded from the finished file gives the same bytes as what is decoded from memory."""
    assert len(body(kind)) > THRESHOLD_BYTES
    origin.serve("/a", body(kind))
    expected = await small_answers(origin, tmp_path / "small", "/a")
    for n, query in enumerate(QUERIES):
        origin.serve(f"/{n}", body(kind))
        answer = await service.image(origin.url(f"/{n}"), **query)
        assert (answer.status, answer.body) == (200, expected[n])
    await nothing_left(service, tmp_path / "store")
    assert statistics(service, "downloads").stored == len(QUERIES)


@pytest.mark.parametrize("kind", ["jpeg", "png"])
async def test_by_pipe(service, origin, tmp_path, kind):
    """A picture that can be read from top to bottom is decoded while it arrives, to the same bytes."""
    origin.serve("/a", huge(kind))
    expected = await small_answers(origin, tmp_path / "small", "/a")
    piped = 0
    for n, query in enumerate(QUERIES):
        gate = halves(origin, f"/{n}", huge(kind), at=LOOK_BYTES)
        asked = asyncio.create_task(service.image(origin.url(f"/{n}"), **query))
        await until(lambda: statistics(service, "downloads").bytes >= LOOK_BYTES - 192 * 1024)
        if query != {"f": "json"}:
            await until(lambda: statistics(service, "transforms").piping)
            piped += 1
        gate.open()
        answer = await asked
        assert (answer.status, answer.body) == (200, expected[n])
    assert piped == len(QUERIES) - 1


async def test_of_a_slow_origin(service, origin, tmp_path):
    """A source that comes slowly is decoded when it is all there; meanwhile no thread and no permit is held."""
    origin.serve("/a", photo())
    expected = await small_answers(origin, tmp_path / "small", "/a")
    gates = [halves(origin, f"/{n}", photo()) for n in range(len(QUERIES))]
    asked = [asyncio.create_task(service.image(origin.url(f"/{n}"), **query)) for n, query in enumerate(QUERIES)]
    await until(lambda: statistics(service, "downloads").running == len(QUERIES))
    pool, gate = statistics(service, "transforms"), statistics(service, "gate")
    other = await service.image(origin.url("/a"), w=10)
    for held in gates:
        held.open()
    answers = await asyncio.gather(*asked)

    assert (pool.running, pool.queued, pool.piping, gate.admitted) == (0, 0, 0, 0)
    assert other.status == 200
    assert [answer.body for answer in answers] == expected


async def test_what_is_said_of_it(service, origin, tmp_path):
    """The answer is a whole picture with an ETag; the next is a hit, in this process and in the next."""
    origin.serve("/a", photo())
    made = await service.image(origin.url("/a"), w=80, f="webp")
    again = await service.image(origin.url("/a"), w=80, f="webp")
    await nothing_left(service, tmp_path)
    async with streaming_service(tmp_path, origin) as other:
        found = await other.image(origin.url("/a"), w=80, f="webp")

    assert (made.headers["X-Cache"], made.headers["X-Source"]) == ("MISS", "origin")
    assert (again.headers["X-Source"], found.headers["X-Source"]) == ("memory", "store")
    assert made.headers["ETag"] == again.headers["ETag"] == found.headers["ETag"]
    assert "decode" in made.headers["Server-Timing"]
    assert origin.hits("/a") == 1


async def test_descriptions(service, origin):
    """``f=json`` tells what the large source is, its bytes counted."""
    origin.serve("/a", photo())
    document = (await service.image(origin.url("/a"), f="json")).json()

    assert (document["width"], document["height"], document["bytes"]) == (700, 500, len(photo()))
    assert document["format"] in {"jpeg", "jpg"}


async def test_truncated_but_of_the_right_length(service, origin, tmp_path):
    """Half a large picture, sent as if it were whole, is a broken image for its sizes; that is remembered."""
    half = photo()[: len(photo()) // 2]
    origin.serve("/a", half)
    first = await service.image(origin.url("/a"), w=50)
    again = await service.image(origin.url("/a"), w=60)
    await nothing_left(service, tmp_path)

    assert (first.status, first.json()["code"]) == (422, "broken-image")
    assert again.status == 422
    assert origin.hits("/a") == 1


async def test_a_truncated_original(service, origin, tmp_path):
    """Half a picture passed on as it came is not stored: who asks next is told that it is broken."""
    half = photo()[: len(photo()) // 2]
    origin.serve("/a", half)
    first = await service.image(origin.url("/a"), f="original")
    await nothing_left(service, tmp_path)
    again = await service.image(origin.url("/a"), f="original")
    size = await service.image(origin.url("/a"), w=50)

    assert first.body == half
    assert [answer.status for answer in (again, size)] == [422, 422]
    assert origin.hits("/a") == 1
    assert list((tmp_path / "store").rglob("*=o")) == []


async def test_truncated_in_a_pipe(service, origin, tmp_path):
    """The same while it arrives: half a picture is never answered as a picture whose lower half is grey."""
    origin.serve("/a", huge("png")[:LOOK_BYTES])
    answer = await service.image(origin.url("/a"), w=50)
    await nothing_left(service, tmp_path)

    assert (answer.status, answer.json()["code"]) == (422, "broken-image")


async def test_refused_before_the_pipe_was_read(service, origin, tmp_path):
    """A piped size for which the queue is full is refused at once, and its pipe is closed at both ends."""
    gate = service.opened.owners["gate"]
    permit = await gate.admit(gate.statistics().capacity_bytes)
    waiting = [asyncio.create_task(gate.admit(1)) for _ in range(QUEUE_PER_CORE * os.cpu_count())]
    halves(origin, "/a", huge(), at=LOOK_BYTES).open()
    answer = await service.image(origin.url("/a"), w=50)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    permit.release()
    await nothing_left(service, tmp_path)

    assert (answer.status, answer.json()["code"]) == (503, "overloaded")
    assert int(answer.headers["Retry-After"]) >= 1
    assert (await service.image(origin.url("/a"), w=50)).status == 200


async def test_sizes_and_original_at_once(service, origin):
    """Clients of the original and of its sizes, all at once, share one fetch; all get what is right."""
    gate, url = halves(origin, "/a", photo()), origin.url("/a")
    async with asyncio.timeout(60), pull(service, url) as one:
        sizes = [asyncio.create_task(service.image(url, w=w, f="png")) for w in range(10, 20)]
        gate.open()
        async with pull(service, url) as two:
            assert await two.read() == await one.read() == photo()
        widths = [pictures.decoded(answer.body).width for answer in await asyncio.gather(*sizes)]

    assert widths == list(range(10, 20))
    assert origin.hits("/a") == 1
