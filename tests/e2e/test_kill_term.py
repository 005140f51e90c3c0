"""SIGTERM while large sources are under way: what runs is finished or given up in time, and nothing half-done stays."""

import asyncio
import signal
import time

import aiohttp
import pytest

from tests.support.large import broken_off, halves, photo
from tests.support.origin import ScriptedOrigin
from tests.support.seaweed import Seaweed, seaweed  # noqa: F401 - a fixture
from tests.support.service import IMAGES
from tests.support.streams_process import exit_code, files, streaming_process

HALF = len(photo()) // 2
TIMEOUT_SECONDS = 2
SLACK_SECONDS = 40
"""What an end may take beside waiting; far less than the sources here would hold it up."""

PATIENT = {"IMGSVC_SHUTDOWN_TIMEOUT": "100"}
"""Where what runs is to be finished, it is not to be given up because the machine has other work."""

WHOLE = ["original=o", "source.json=o"]


@pytest.fixture
async def origin():
    async with ScriptedOrigin() as origin:
        yield origin


@pytest.fixture(params=["filesystem", "s3"])
def server(request) -> Seaweed | None:
    """The S3 server of a test that is to have one."""
    return request.getfixturevalue("seaweed") if request.param == "s3" else None


@pytest.fixture
async def store(server: Seaweed | None, tmp_path):
    """Settings of a store, and a way to ask what is in it; nothing may be half-written at the end."""
    if server is None:
        yield {}, lambda: _files(tmp_path / "store")
        assert list((tmp_path / "store" / ".tmp").glob("*")) == []
        return
    bucket = f"term-{time.monotonic_ns()}"
    await server.make_bucket(bucket)
    yield server.values(bucket) | {"IMGSVC_SPOOL_DIR": str(tmp_path / "spool")}, lambda: _keys(server, bucket)
    async with server.client() as client:
        assert "Uploads" not in await client.list_multipart_uploads(Bucket=bucket)
    assert files(tmp_path / "spool") == []


async def _files(folder) -> list[str]:
    return files(folder)


async def _keys(server: Seaweed, bucket: str) -> list[str]:
    async with server.client() as client:
        answer = await client.list_objects_v2(Bucket=bucket)
    return sorted(item["Key"].rpartition("/")[2] + "=o" for item in answer.get("Contents", ()))


def pull(session: aiohttp.ClientSession, base_url: str, url: str):
    return session.get(base_url + IMAGES, params={"url": url, "f": "original"})


async def test_a_running_answer_is_finished(store, origin, tmp_path):
    """An answer that streams when SIGTERM comes goes on to its last byte, and its source is stored; exit code 0."""
    env, stored = store
    gate = halves(origin, "/a", photo())
    async with streaming_process(tmp_path, origin, **env, **PATIENT) as service, aiohttp.ClientSession() as session:
        async with asyncio.timeout(60), pull(session, service.base_url, origin.url("/a")) as answer:
            first = await answer.content.readexactly(HALF)
            service.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.2)  # the rest comes when the end has begun
            gate.open()
            assert first + await answer.content.read() == photo()
        assert await exit_code(service, 60) == 0

    assert await stored() == WHOLE


async def test_a_size_is_finished(store, origin, tmp_path):
    """A size whose source still arrives is made and answered."""
    env, stored = store
    gate = halves(origin, "/a", photo())
    async with streaming_process(tmp_path, origin, **env, **PATIENT) as service, aiohttp.ClientSession() as session:
        query = {"url": origin.url("/a"), "w": "20", "f": "webp"}
        asked = asyncio.create_task(session.get(service.base_url + IMAGES, params=query))
        async with asyncio.timeout(60):
            await gate.reached.wait()
        service.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        gate.open()
        async with await asked as answer:
            assert answer.status == 200
            assert (await answer.read())[:4] == b"RIFF"
        assert await exit_code(service, 60) == 0

    assert set(WHOLE) < set(await stored())


async def test_what_nobody_reads_is_given_up(store, origin, tmp_path):
    """A source that goes on without a client when SIGTERM comes does not hold the end up, and leaves nothing."""
    env, stored = store
    halves(origin, "/a", photo())
    async with streaming_process(tmp_path, origin, **env, **PATIENT) as service, aiohttp.ClientSession() as session:
        async with pull(session, service.base_url, origin.url("/a")) as answer:
            await answer.content.readexactly(HALF)
            answer.close()
        service.process.send_signal(signal.SIGTERM)
        assert await exit_code(service, SLACK_SECONDS) == 0

    assert await stored() == []


@pytest.mark.parametrize("client", ["waits", "left"])
async def test_a_stalled_origin(store, origin, tmp_path, client):
    """A source that does not go on is given up within IMGSVC_SHUTDOWN_TIMEOUT; exit code 0, nothing is left."""
    env, stored = store
    env = env | {"IMGSVC_SHUTDOWN_TIMEOUT": str(TIMEOUT_SECONDS), "IMGSVC_READ_TIMEOUT": "100"}
    halves(origin, "/a", photo())
    async with (
        streaming_process(tmp_path, origin, **env) as service,
        aiohttp.ClientSession() as session,
        pull(session, service.base_url, origin.url("/a")) as answer,
    ):
        await answer.content.readexactly(HALF)
        if client == "left":
            answer.close()
        service.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        if client == "waits":
            await broken_off(answer)
        assert await exit_code(service, 60) == 0
        took_seconds = time.monotonic() - began

    assert await stored() == []
    assert took_seconds < TIMEOUT_SECONDS + SLACK_SECONDS


async def test_a_client_that_takes_nothing(origin, tmp_path):
    """A client that does not read holds the end up no longer than IMGSVC_SHUTDOWN_TIMEOUT."""
    env = {"IMGSVC_SHUTDOWN_TIMEOUT": str(TIMEOUT_SECONDS), "IMGSVC_SEND_TIMEOUT": "100"}
    origin.serve("/a", photo() + bytes(20_000_000))
    async with (
        streaming_process(tmp_path, origin, **env) as service,
        aiohttp.ClientSession() as session,
        pull(session, service.base_url, origin.url("/a")) as answer,
    ):
        await answer.content.readexactly(1000)
        service.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert await exit_code(service, 60) == 0
        took_seconds = time.monotonic() - began
        answer.close()

    assert took_seconds < TIMEOUT_SECONDS + SLACK_SECONDS
