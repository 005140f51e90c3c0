"""Clients that leave while a large source arrives: what is worth finishing is finished, the rest leaves nothing."""

import asyncio

import pytest

from tests.support.large import (
    connect,
    halves,
    holds,
    huge,
    nothing_left,
    photo,
    pull,
    request_head,
    statistics,
    streaming_service,
    until,
    until_unheld,
)
from tests.support.origin import ScriptedOrigin

HALF = len(photo()) // 2
LOOK_BYTES = 11 << 19


@pytest.fixture
async def service(origin: ScriptedOrigin, tmp_path):
    async with streaming_service(tmp_path, origin) as service:
        yield service


@pytest.fixture
async def hasty(origin: ScriptedOrigin, tmp_path):
    """A service that reads nothing on for clients that have left."""
    async with streaming_service(tmp_path, origin, IMGSVC_DRAIN_DEADLINE="0") as service:
        yield service


def objects(tmp_path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "store").rglob("*=o"))


async def leave_after(service, url: str, size_bytes: int) -> None:
    """Read so much, and go."""
    async with pull(service, url) as answer:
        await answer.content.readexactly(size_bytes)
        answer.close()


@pytest.mark.parametrize("taken_bytes", [1, HALF])
async def test_the_rest_is_stored(service, origin, tmp_path, taken_bytes):
    """When the last client has left, the rest still arrives and is stored for the next."""
    gate, url = halves(origin, "/a", photo()), origin.url("/a")
    await leave_after(service, url, taken_bytes)
    await until_unheld(service)
    assert statistics(service, "downloads").running == 1
    gate.open()
    await nothing_left(service, tmp_path)
    again = await service.image(url, f="original")

    assert (again.body, again.headers["X-Source"]) == (photo(), "store")
    assert origin.hits("/a") == 1


@pytest.mark.parametrize("taken_bytes", [1, HALF])
async def test_without_a_drain_deadline(hasty, origin, tmp_path, taken_bytes):
    """With no time to drain, the fetch ends with its last client, and nothing is left of it."""
    halves(origin, "/a", photo())
    await leave_after(hasty, origin.url("/a"), taken_bytes)
    await nothing_left(hasty, tmp_path)
    await origin.until_open_connections(0)

    assert objects(tmp_path) == []
    assert statistics(hasty, "downloads").abandoned == 1
    origin.serve("/a", photo())
    assert (await hasty.image(origin.url("/a"), f="original")).body == photo()


async def test_before_the_head_of_the_answer(hasty, origin, tmp_path):
    """A client that leaves while the source's head is awaited ends the fetch."""
    origin.stall_before_head("/a")
    async with await connect(hasty) as wire:
        await wire.send(request_head(origin.url("/a")))
        await origin.until_hits("/a")
    await nothing_left(hasty, tmp_path)
    await origin.until_open_connections(0)

    assert objects(tmp_path) == []


async def test_below_the_threshold(service, origin, tmp_path):
    """While no more than the threshold has come, work ends with its last client, whatever the drain deadline."""
    halves(origin, "/a", photo(), at=50_000, chunked=True)
    async with await connect(service) as wire:
        await wire.send(request_head(origin.url("/a")))
        await until(lambda: service.opened.owners["transfers"].in_use_bytes >= 50_000)
    await nothing_left(service, tmp_path)
    await origin.until_open_connections(0)

    assert objects(tmp_path) == []


async def test_before_the_last_byte(hasty, origin, tmp_path):
    """A client that leaves when the source has sent its last byte takes nothing from the store, even with no drain."""
    origin.serve("/a", photo())
    async with pull(hasty, origin.url("/a")) as answer:
        await answer.content.readexactly(1)
        await until(lambda: statistics(hasty, "downloads").bytes in {0, len(photo())})
        answer.close()
    await nothing_left(hasty, tmp_path)

    assert statistics(hasty, "downloads").stored == 1
    assert objects(tmp_path) == ["original=o", "source.json=o"]


async def test_one_leaves_others_stay(hasty, origin, tmp_path):
    """The first client's leaving takes nothing from the second, nor from the store."""
    gate, url = halves(origin, "/a", photo()), origin.url("/a")
    async with asyncio.timeout(60), pull(hasty, url) as staying:
        await leave_after(hasty, url, HALF)
        gate.open()
        assert await staying.read() == photo()
    await nothing_left(hasty, tmp_path)

    assert objects(tmp_path) == ["original=o", "source.json=o"]
    assert origin.hits("/a") == 1


async def test_who_comes_while_it_drains(service, origin):
    """A client that comes after the last has left, while the rest still arrives, joins what is there."""
    gate, url = halves(origin, "/a", photo()), origin.url("/a")
    await leave_after(service, url, HALF)
    await until_unheld(service)
    async with asyncio.timeout(60), pull(service, url) as late:
        first = await late.content.readexactly(HALF)
        gate.open()
        assert first + await late.content.read() == photo()
    assert origin.hits("/a") == 1


async def test_a_drain_ends_at_its_deadline(origin, tmp_path):
    """What has not arrived when the drain deadline is over is given up."""
    async with streaming_service(tmp_path, origin, IMGSVC_DRAIN_DEADLINE="0.2") as service:
        halves(origin, "/a", photo())
        await leave_after(service, origin.url("/a"), HALF)
        await nothing_left(service, tmp_path)
        await origin.until_open_connections(0)
        assert statistics(service, "downloads").abandoned == 1
    assert objects(tmp_path) == []


async def test_a_transforms_client_leaves(hasty, origin, tmp_path):
    """A size whose only client leaves while its source arrives: fetch, thread and permit are given back."""
    halves(origin, "/a", photo())
    asked = asyncio.create_task(hasty.image(origin.url("/a"), w=10))
    await until(lambda: statistics(hasty, "downloads").running)
    asked.cancel()
    await nothing_left(hasty, tmp_path)
    await origin.until_open_connections(0)

    assert objects(tmp_path) == []


@pytest.mark.parametrize("kind", ["jpeg", "png"])
async def test_a_piped_transforms_client_leaves(hasty, origin, tmp_path, kind):
    """The same while a decoder reads from the pipe and waits for the origin: its thread ends too."""
    halves(origin, "/a", huge(kind), at=LOOK_BYTES)
    asked = asyncio.create_task(hasty.image(origin.url("/a"), w=10))
    await until(lambda: statistics(hasty, "transforms").piping)
    await until(lambda: statistics(hasty, "gate").admitted)
    asked.cancel()
    await nothing_left(hasty, tmp_path)
    await origin.until_open_connections(0)

    assert objects(tmp_path) == []


async def test_a_size_while_the_original_is_dropped(hasty, origin, tmp_path):
    """The original's reader leaves, a size of it is still wanted: the source arrives for that one."""
    gate, url = halves(origin, "/a", photo()), origin.url("/a")
    async with pull(hasty, url) as reading:
        await reading.content.readexactly(HALF)
        before = holds(hasty)
        asked = asyncio.create_task(hasty.image(url, w=10))
        await until(lambda: holds(hasty) > before)  # its flight has come as far as the original
        reading.close()
    gate.open()

    assert (await asked).status == 200
    assert origin.hits("/a") == 1


async def test_a_crowd_that_comes_and_goes(hasty, origin, tmp_path):
    """Clients that leave at every stage, many at once, leave nothing behind and harm none that stays."""
    gate, url = halves(origin, "/a", photo()), origin.url("/a")

    async def visit(n: int) -> bool | None:
        async with pull(hasty, url) as answer:
            await answer.content.readexactly(1 + n * 4000)
            if n % 3:
                return answer.close()
            await gate.opened.wait()
            return 1 + n * 4000 + len(await answer.content.read()) == len(photo())

    async with asyncio.timeout(60), asyncio.TaskGroup() as crowd:
        visits = [crowd.create_task(visit(n)) for n in range(60)]
        await until(lambda: sum(visit.done() for visit in visits) == 40)
        gate.open()
    await nothing_left(hasty, tmp_path)

    assert [v.result() for v in visits if v.result() is not None] == [True] * 20
    assert origin.hits("/a") == 1


async def test_a_client_that_stops_taking(origin, tmp_path):
    """A client that takes nothing for the send time-out is dropped; its source is stored all the same."""
    async with streaming_service(tmp_path, origin, IMGSVC_SEND_TIMEOUT="0.3") as service:
        origin.serve("/a", huge())
        async with await connect(service, tiny=True) as stalled:
            await stalled.send(request_head(origin.url("/a")))
            await until(lambda: statistics(service, "downloads").stored == 1)
            await nothing_left(service, tmp_path)
            got = await stalled.rest()
    assert len(got) < len(huge())
    assert objects(tmp_path) == ["original=o", "source.json=o"]
