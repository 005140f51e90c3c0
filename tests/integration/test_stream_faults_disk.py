"""No room for large sources on disk, or none for what is to be stored: who came first is served, the rest is told."""

import asyncio
import gzip
import subprocess
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.integration.test_filesystem_disk import small_disk  # noqa: F401 - a fixture
from tests.support import pictures
from tests.support.large import (
    THRESHOLD_BYTES,
    broken_off,
    connect,
    halves,
    huge,
    nothing_left,
    photo,
    pull,
    request_head,
    statistics,
    streaming_service,
    until,
)
from tests.support.origin import ScriptedOrigin
from tests.support.service import Answer

TAIL_BYTES = 192 * 1024


@pytest.fixture(params=["no room", "little room", "no folder", "full disk", "read-only disk"])
async def env(request, tmp_path):
    """Settings under which no large source can lie on disk, for five reasons."""
    if request.param == "no room":
        yield {"IMGSVC_SPOOL_MAX_BYTES": "0"}
    elif request.param == "little room":
        yield {"IMGSVC_SPOOL_MAX_BYTES": "250000"}
    elif request.param == "no folder":
        (tmp_path / "file").write_text("in the way")
        yield {"IMGSVC_SPOOL_DIR": str(tmp_path / "file")}
    else:
        disk = request.getfixturevalue("small_disk")
        if request.param == "full disk":
            (disk / "filling").write_bytes(bytes(900_000))
        else:
            await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,ro", str(disk)], check=True)
        yield {"IMGSVC_SPOOL_DIR": str(disk)}


def refused(answer: Answer) -> bool:
    """Whether an answer is a well-formed 503 that says when to come back."""
    if answer.status != 503:
        return False
    is_problem = answer.headers["Content-Type"].startswith("application/problem+json")
    said = (answer.json()["code"], answer.headers["Cache-Control"])
    has_headers = int(answer.headers["Retry-After"]) > 0 and "X-System-Status" in answer.headers
    return is_problem and said == ("overloaded", "no-store") and has_headers


async def test_the_first_is_served_the_others_are_told(env, origin: ScriptedOrigin, tmp_path):
    """The first client gets all bytes at its own pace; what is asked for meanwhile is 503; nothing is stored."""
    async with streaming_service(tmp_path, origin, **env) as service:
        body = photo() * 2
        gate, url = halves(origin, "/a", body, at=len(photo())), origin.url("/a")
        async with asyncio.timeout(60), pull(service, url) as one:
            first = await one.content.readexactly(len(photo()))
            await until(lambda: statistics(service, "space").failures)
            later = [await service.image(url, f="original"), await service.image(url, w=10)]
            gate.open()
            rest = await one.content.read()
        await nothing_left(service, tmp_path)
        figures = statistics(service, "downloads")

        assert first + rest == body
        assert all(refused(answer) for answer in later)
        assert (figures.not_stored, figures.stored, figures.failed) == (1, 0, 0)
        assert list((tmp_path / "store").rglob("original=o")) == []
        small = pictures.jpeg()
        origin.serve("/s", small)
        assert (await service.image(origin.url("/s"), f="original")).body == small
        assert origin.hits("/a") == 1


async def test_a_size_needs_room(env, origin, tmp_path):
    """A size of a large source, which has to be whole for it, is refused with 503, and works when there is room."""
    async with streaming_service(tmp_path, origin, **env) as service:
        origin.serve("/a", photo())
        answer = await service.image(origin.url("/a"), w=10)
        await nothing_left(service, tmp_path)
    async with streaming_service(tmp_path, origin) as service:
        again = await service.image(origin.url("/a"), w=10)

    assert refused(answer)
    assert again.status == 200


async def test_a_crowd_without_room(env, origin, tmp_path):
    """Of many at once exactly those that are served get all the bytes; every other gets a well-formed 503."""
    async with streaming_service(tmp_path, origin, **env) as service:
        origin.serve("/a", photo())

        async def ask() -> Answer | None:
            async with pull(service, origin.url("/a")) as answer:
                try:
                    return Answer(answer.status, answer.headers, await answer.read())
                except (aiohttp.ClientPayloadError, ConnectionResetError):
                    return None

        async with asyncio.timeout(60):
            answers = await asyncio.gather(*(ask() for _ in range(30)))
        await nothing_left(service, tmp_path)

    assert all(a is None or refused(a) or (a.status, a.body) == (200, photo()) for a in answers)
    assert any(a is not None and a.status == 200 for a in answers)


async def test_backpressure_reaches_the_origin(origin, tmp_path):
    """Without a disk the origin sends no faster than the one client takes: what is held stays small."""
    async with streaming_service(tmp_path, origin, IMGSVC_SPOOL_MAX_BYTES="0") as service:
        origin.serve("/a", huge())
        async with await connect(service, tiny=True) as slow:
            await slow.send(request_head(origin.url("/a")))
            await until(lambda: service.opened.owners["transfers"].in_use_bytes >= TAIL_BYTES)
            held_bytes = service.opened.owners["transfers"].in_use_bytes
            reply = await slow.reply()
        await nothing_left(service, tmp_path)

    assert reply.body == huge()
    assert held_bytes <= TAIL_BYTES + 2 * 65536


async def test_the_one_client_leaves(env, origin, tmp_path):
    """When the only client there can be leaves, the fetch ends with it: nobody else could have the rest."""
    async with streaming_service(tmp_path, origin, **env) as service:
        halves(origin, "/a", photo() * 2, at=len(photo()))
        async with asyncio.timeout(60), pull(service, origin.url("/a")) as one:
            await one.content.readexactly(THRESHOLD_BYTES)
            await until(lambda: statistics(service, "space").failures)
            one.close()
        await nothing_left(service, tmp_path)
        await origin.until_open_connections(0)


async def test_room_that_runs_out_under_readers(origin, tmp_path):
    """Several who read when the room runs out: the first gets all, the others an error and not a short body."""
    async with streaming_service(tmp_path, origin, IMGSVC_SPOOL_MAX_BYTES="250000") as service:
        gate, url = halves(origin, "/a", photo(), at=150_000), origin.url("/a")
        async with asyncio.timeout(60), pull(service, url) as one, pull(service, url) as two:
            early = await one.content.readexactly(150_000)
            gate.open()
            rest, got = await asyncio.gather(one.content.read(), broken_off(two))
        await nothing_left(service, tmp_path)

    assert early + rest == photo()
    assert photo().startswith(got)


async def test_a_store_that_is_full(small_disk, origin, tmp_path):  # noqa: F811 - the fixture
    """With room for the spool but none for the store all clients get all bytes; nothing half-written stays."""
    env = {"IMGSVC_STORE_DIR": str(small_disk / "store"), "IMGSVC_SPOOL_DIR": str(tmp_path / "spool")}
    (small_disk / "filling").write_bytes(bytes(800_000))
    async with streaming_service(tmp_path, origin, **env) as service:
        gate, url = halves(origin, "/a", photo()), origin.url("/a")
        async with asyncio.timeout(60), pull(service, url) as one, pull(service, url) as two:
            gate.open()
            assert await one.read() == await two.read() == photo()
        await nothing_left(service, small_disk)
        health = await service.request("GET", "/api/health")
        size = await service.image(url, w=10)

    assert (health.status, "store-failing" in health.json()["reasons"]) == (200, True)
    assert size.status == 200
    assert list(small_disk.rglob("original=o")) == []


async def test_a_store_that_is_read_only(small_disk, origin, tmp_path):  # noqa: F811 - the fixture
    """The same where nothing can be written."""
    env = {"IMGSVC_STORE_DIR": str(small_disk / "store"), "IMGSVC_SPOOL_DIR": str(tmp_path / "spool")}
    await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,ro", str(small_disk)], check=True)
    async with streaming_service(tmp_path, origin, **env) as service:
        origin.serve("/a", photo())
        answer = await service.image(origin.url("/a"), f="original")
        await nothing_left(service, small_disk)
        again = await service.image(origin.url("/a"), f="original")

    assert answer.body == again.body == photo()
    assert origin.hits("/a") == 2


DRAWINGS = {"plain": pictures.SVG, "compressed": gzip.compress(pictures.SVG)}


@asynccontextmanager
async def full_ledger(service):
    """Let bodies under way hold all they may, until the block ends."""
    ledger = service.opened.owners["transfers"]
    capacity_bytes = ledger.statistics().capacity_bytes
    ledger.take_regardless(capacity_bytes)
    try:
        yield
    finally:
        ledger.give_back(capacity_bytes)


@pytest.mark.parametrize("drawing", DRAWINGS)
async def test_a_small_drawing_without_memory(origin, tmp_path, drawing):
    """A small drawing for which there is no memory goes by way of a file, and is answered like any other time."""
    headers = {"Content-Encoding": "gzip"} if drawing == "compressed" else {}
    origin.serve("/a", DRAWINGS[drawing], headers=headers)
    origin.serve("/b", DRAWINGS[drawing], headers=headers)
    async with streaming_service(tmp_path, origin) as service:
        expected = await service.image(origin.url("/b"), f="original")
        async with full_ledger(service):
            whole = await service.image(origin.url("/a"), f="original")
            size = await service.image(origin.url("/a"), w=10, f="png")

    assert (whole.status, whole.body) == (200, expected.body)
    assert whole.headers["ETag"] == expected.headers["ETag"]
    assert size.status == 200


async def test_a_stored_drawing_without_memory(origin, tmp_path):
    """A stored drawing asked for by its key is sanitised and answered when it had to go by way of a file, too."""
    origin.serve("/a", pictures.SVG)
    async with streaming_service(tmp_path, origin, IMGSVC_ALLOWED_HOSTS="*.test,store:") as service:
        expected = await service.image(origin.url("/a"), f="original")
        await nothing_left(service, tmp_path)
        (path,) = (tmp_path / "store").rglob("original=o")
        key = f"s3://images/image/{path.parent.name}/original"
        async with full_ledger(service):
            whole, size = await service.image(key, f="original"), await service.image(key, w=10, f="png")

    assert (whole.status, whole.body) == (200, expected.body)
    assert size.status == 200


@pytest.mark.parametrize("drawing", DRAWINGS)
async def test_a_small_drawing_without_memory_and_disk(origin, tmp_path, drawing):
    """With no room on disk either it is refused with 503, which is forgotten as soon as there is room."""
    origin.serve("/a", DRAWINGS[drawing], headers={"Content-Encoding": "gzip"} if drawing == "compressed" else {})
    async with streaming_service(tmp_path, origin, IMGSVC_SPOOL_MAX_BYTES="0") as service:
        async with full_ledger(service):
            first = await service.image(origin.url("/a"), f="original")
            await nothing_left_but_the_ledger(service)
        again = await service.image(origin.url("/a"), f="original")

    assert refused(first)
    assert again.status == 200


async def nothing_left_but_the_ledger(service) -> None:
    await until(lambda: not statistics(service, "fetcher").open and not statistics(service, "space").files)
