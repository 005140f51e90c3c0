"""Downloads that are purged, given up or left, and stores that are slow or fail meanwhile."""

import asyncio

import pytest

from imgsvc.services import downloads
from tests.support.spine import spine, until
from tests.unit.services.downloading import LARGE, THRESHOLD, begin, halves, over, read

pytestmark = pytest.mark.slow


@pytest.fixture
async def parts(tmp_path, origin):
    async with spine(tmp_path, origin, IMAGE_STREAM_THRESHOLD_BYTES=str(THRESHOLD)) as parts:
        yield parts


async def test_purged_while_it_arrives(parts, origin):
    """What was purged meanwhile is answered to those who have it, and not kept."""
    gate = halves(origin, "/a.png", LARGE)
    served = await begin(parts, "/a.png")
    await parts.purges.remove(parts.source("/a.png"))
    gate.set()
    data = await read(served)
    served.let_go()
    await over(parts)
    await parts.stored()

    assert data == LARGE
    assert await parts.keys() == []


async def test_the_end_gives_up_what_is_late(parts, origin):
    """At the end what still arrives is given up after a while, its readers told."""
    halves(origin, "/a.png", LARGE)
    served = await begin(parts, "/a.png")
    reading = asyncio.create_task(read(served))
    await parts.downloads.aclose(0.01)

    with pytest.raises(Exception, match="not wanted any more"):
        await reading
    served.let_go()
    assert parts.downloads.statistics().running == 0


async def test_a_store_that_hangs_does_not_hold_up_the_end(parts, origin, monkeypatch, caplog):
    """What is not stored in time is cut off and logged, although its writer never ends to abort."""
    monkeypatch.setattr(downloads, "ABORT_SECONDS", 0.05)
    origin.serve("/a.png", LARGE)
    real, hanging, never = parts.store.open_writer, asyncio.Event(), asyncio.Event()
    aborts, begun = [], []

    async def commit(_meta):
        hanging.set()
        await never.wait()

    async def abort():
        begun.append(1)
        await never.wait()

    async def open_writer(key):
        writer = await real(key)
        aborts.append(writer.abort)
        writer.commit, writer.abort = commit, abort
        return writer

    parts.store.open_writer = open_writer
    (await begin(parts, "/a.png")).let_go()
    async with asyncio.timeout(10):
        await hanging.wait()
        await parts.downloads.aclose(0.01)
    never.set()
    await aborts[0]()

    assert begun
    assert parts.downloads.statistics().running == 0
    assert "1 large objects were not stored in time before the end" in caplog.messages


async def test_slow_sources_do_not_hold_up_the_store(parts, origin):
    """What has arrived is stored while many others still arrive: only parts on their way take turns."""
    gates = [halves(origin, f"/{n}.png", LARGE) for n in range(5)]
    slow = [await begin(parts, f"/{n}.png") for n in range(5)]
    origin.serve("/fast.png", LARGE)
    (await begin(parts, "/fast.png")).let_go()
    await until(lambda: parts.downloads.statistics().stored == 1)

    assert parts.downloads.statistics().running >= 5
    for gate, served in zip(gates, slow, strict=True):
        gate.set()
        served.let_go()
    await over(parts)


async def test_a_purge_waits_for_a_write_that_is_ending(parts, origin):
    """A purge that comes while an object gets its name waits, and then deletes it."""
    origin.serve("/a.png", LARGE)
    real, committing, go_on = parts.store.open_writer, asyncio.Event(), asyncio.Event()

    async def open_writer(key):
        writer = await real(key)
        commit = writer.commit

        async def slow_commit(meta):
            committing.set()
            await go_on.wait()
            await commit(meta)

        writer.commit = slow_commit
        return writer

    parts.store.open_writer = open_writer
    (await begin(parts, "/a.png")).let_go()
    await committing.wait()
    purging = asyncio.create_task(parts.purges.remove(parts.source("/a.png")))
    await asyncio.sleep(0.01)
    waited = not purging.done()
    go_on.set()
    await purging
    await over(parts)
    await parts.stored()

    assert waited
    assert await parts.keys() == []


async def test_an_old_download_leaves_a_new_one_alone(parts, origin):
    """What is fetched after a purge stays, though a download from before it ends later."""
    gate = halves(origin, "/a.png", LARGE)
    old = await begin(parts, "/a.png")
    await parts.purges.remove(parts.source("/a.png"))
    origin.serve("/a.png", LARGE)
    (await begin(parts, "/a.png")).let_go()
    await until(lambda: parts.downloads.statistics().stored == 1)
    gate.set()
    await read(old)
    old.let_go()
    await over(parts)
    await parts.stored()

    assert len(await parts.keys()) == 2
    assert parts.downloads.statistics().stored == 1


async def test_nobody_joins_what_is_given_up(parts, origin):
    """Who comes in the moment in which a download is given up fetches anew."""
    halves(origin, "/a.png", LARGE)
    served = await begin(parts, "/a.png")
    parts.rss.bytes = parts.settings.memory.guard_threshold_bytes
    parts.clock.forward(5)
    parts.monitor.sample()
    served.let_go()

    assert parts.incoming.arriving(parts.source("/a.png")) is None
    await over(parts)


async def test_each_that_leaves_leaves_the_whole_time(tmp_path, origin):
    """The time to drain begins when the last client leaves, not when the first did."""
    gate = halves(origin, "/a.png", LARGE)
    async with spine(
        tmp_path, origin, IMAGE_STREAM_THRESHOLD_BYTES=str(THRESHOLD), IMGSVC_DRAIN_DEADLINE="0.3"
    ) as parts:  # fmt: skip
        loop = asyncio.get_running_loop()
        (await begin(parts, "/a.png")).let_go()
        began = loop.time()
        second = await begin(parts, "/a.png")
        await until(lambda: loop.time() > began + 0.2)
        second.let_go()
        await until(lambda: loop.time() > began + 0.35)

        assert parts.downloads.statistics().running == 1
        gate.set()
        await over(parts)
        assert parts.downloads.statistics().stored == 1


async def test_a_failure_of_the_store_is_told_for_a_while(parts, origin):
    """An hour later nobody is told of a write that failed."""
    now = 0.0
    parts.downloads._clock = lambda: now
    origin.serve("/a.png", LARGE)
    parts.store.failing = {"open_writer"}
    (await begin(parts, "/a.png")).let_go()
    await over(parts)
    told = parts.downloads.last_error
    now = 3600.0

    assert told
    assert parts.downloads.last_error is None
