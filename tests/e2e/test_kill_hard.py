"""kill -9 while a large source is written: the next process serves nothing half-done, and tidies up."""

import asyncio
import time

import aiohttp
import pytest

from tests.support import pictures
from tests.support.large import halves, photo, until
from tests.support.origin import ScriptedOrigin
from tests.support.process import ServiceProcess
from tests.support.seaweed import Seaweed, seaweed  # noqa: F401 - a fixture
from tests.support.service import IMAGES
from tests.support.streams_process import ask, files, streaming_process

PART_BYTES = 8 << 20


@pytest.fixture
async def origin():
    async with ScriptedOrigin() as origin:
        yield origin


@pytest.fixture(scope="module")
def large() -> bytes:
    """A PNG of some 18 MB: three parts."""
    return pictures.png(pictures.noise(2900, 2050), compression=0)


async def killed_after(service: ServiceProcess, url: str, size_bytes: int, until_written) -> None:
    """Read so much, wait until it is on its way to the store, and kill."""
    asked = service.base_url + IMAGES
    async with aiohttp.ClientSession() as session, session.get(asked, params={"url": url, "f": "original"}) as answer:
        await answer.content.readexactly(size_bytes)
        await until_written()
        service.process.kill()
        await service.process.wait()
        answer.close()


async def test_in_the_middle_of_a_file(origin, large, tmp_path):
    """Killed between two parts of a file: nothing of it is served, and its temporary is removed by the next process."""
    halves(origin, "/a", large, at=PART_BYTES + 600_000)
    url, store = origin.url("/a"), tmp_path / "store"

    async def a_part_is_written() -> None:
        await until(lambda: any(path.stat().st_size >= PART_BYTES for path in (store / ".tmp").glob("*")))

    async with streaming_process(tmp_path, origin) as service:
        await killed_after(service, url, PART_BYTES, a_part_is_written)
    left = files(store)
    origin.serve("/a", large)
    async with streaming_process(tmp_path, origin) as service, aiohttp.ClientSession() as session:
        answer = await ask(session, service.base_url, url, f="original")
        await until(lambda: files(store) == ["original=o", "source.json=o"])
        again = await ask(session, service.base_url, url, f="original")
        assert await service.end() == 0

    assert len(left) == 1
    assert (answer.status, answer.body, answer.headers["X-Source"]) == (200, large, "origin")
    assert (again.body, again.headers["X-Source"]) == (large, "store")
    assert origin.hits("/a") == 2


async def test_at_any_moment(origin, tmp_path):
    """Killed at eight moments of a burst: each picture is whole afterwards, wherever it then comes from."""
    bodies = [photo() + b"%d" % n for n in range(20)]
    for n, body in enumerate(bodies):
        origin.serve(f"/{n}", body)

    async def burst(session: aiohttp.ClientSession, base_url: str) -> None:
        asking = (ask(session, base_url, origin.url(f"/{n}"), f="original") for n in range(20))
        await asyncio.gather(*asking, return_exceptions=True)

    for round_ in range(8):
        async with streaming_process(tmp_path, origin) as service, aiohttp.ClientSession() as session:
            asking = asyncio.create_task(burst(session, service.base_url))
            await until(lambda seen=round_: len(origin.requests) > seen * 2)
            await asyncio.sleep(0.03 * round_)  # the moment is what is tried out here
            service.process.kill()
            await service.process.wait()
            await asking
    async with streaming_process(tmp_path, origin) as service, aiohttp.ClientSession() as session:
        for n, body in enumerate(bodies):
            answer = await ask(session, service.base_url, origin.url(f"/{n}"), f="original")
            assert (answer.status, answer.body) == (200, body)
        assert await service.end() == 0

    assert list((tmp_path / "store" / ".tmp").glob("*")) == []


async def test_in_the_middle_of_an_upload(origin, large, seaweed: Seaweed, tmp_path):  # noqa: F811 - the fixture
    """Killed between two parts of an upload: nothing of it is served; the next process stores the whole."""
    bucket = f"kill-{time.monotonic_ns()}"
    await seaweed.make_bucket(bucket)
    env = seaweed.values(bucket) | {"IMGSVC_SPOOL_DIR": str(tmp_path / "spool")}
    halves(origin, "/a", large, at=PART_BYTES + 600_000)
    url = origin.url("/a")

    async def uploads() -> list[str]:
        async with seaweed.client() as client:
            answer = await client.list_multipart_uploads(Bucket=bucket)
        return [upload["Key"] for upload in answer.get("Uploads", ())]

    async def a_part_is_sent() -> None:
        async with asyncio.timeout(60):
            while not await uploads():
                await asyncio.sleep(0.02)

    async with streaming_process(tmp_path, origin, **env) as service:
        await killed_after(service, url, PART_BYTES, a_part_is_sent)
    origin.serve("/a", large)
    async with streaming_process(tmp_path, origin, **env) as service, aiohttp.ClientSession() as session:
        answer = await ask(session, service.base_url, url, f="original")
        async with asyncio.timeout(60):
            while (again := await ask(session, service.base_url, url, f="original")).headers["X-Source"] != "store":
                await asyncio.sleep(0.1)
        assert await service.end() == 0

    assert (answer.status, answer.body, answer.headers["X-Source"]) == (200, large, "origin")
    assert again.body == large
    assert len(await uploads()) <= 1  # what was killed is swept when it is an hour old
    assert files(tmp_path / "spool") == []
