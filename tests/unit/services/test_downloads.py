"""Large sources: answered while they arrive, stored meanwhile, and given back whatever happens."""

import asyncio

import pytest

from imgsvc.errors import CorruptImage, NoSpoolRoom, OriginUnreachable
from imgsvc.model.keys import original_key, record_key
from imgsvc.services.answers import Streamed, Tier
from tests.support.spine import spine, until
from tests.unit.services.downloading import LARGE, THRESHOLD, begin, halves, noise, over, read

pytestmark = pytest.mark.slow


@pytest.fixture
async def parts(tmp_path, origin):
    async with spine(tmp_path, origin, IMAGE_STREAM_THRESHOLD_BYTES=str(THRESHOLD)) as parts:
        yield parts


async def test_answered_before_it_is_there(parts, origin):
    """The answer begins while the source still sends; what is not known yet is not said."""
    gate = halves(origin, "/a.png", LARGE)
    served = await begin(parts, "/a.png")
    first = await read(served, 1)
    gate.set()
    whole = await read(served)
    served.let_go()
    await over(parts)

    assert isinstance(served.blob, Streamed)
    assert not served.blob.is_whole
    assert "ETag" not in dict(served.blob.headers)
    assert LARGE.startswith(first)
    assert whole == LARGE


async def test_stored_with_its_record(parts, origin):
    """When all has arrived original and record are in the store, and the source is not asked again."""
    origin.serve("/a.png", LARGE)
    (await begin(parts, "/a.png")).let_go()
    await over(parts)
    await parts.stored()
    source = parts.source("/a.png")

    again = await begin(parts, "/a.png")
    data = await read(again)
    again.let_go()

    assert sorted(await parts.keys()) == sorted([original_key(source), record_key(source)])
    assert (again.tier, again.hit, again.blob.is_whole, data) == (Tier.STORE, True, True, LARGE)
    assert again.blob.meta.sha256 == (await parts.store.get(original_key(source))).meta.sha256
    assert parts.downloads.statistics().stored == 1
    assert origin.hits("/a.png") == 1


async def test_who_comes_later_joins(parts, origin):
    """A later client gets what is arriving, from its first byte on, whatever it wants of it."""
    gate = halves(origin, "/a.png", LARGE)
    first = await begin(parts, "/a.png")
    later = await begin(parts, "/a.png")
    variant = asyncio.create_task(parts.ask("/a.png", "w=20&f=png"))
    reading = asyncio.gather(read(first), read(later))
    gate.set()

    assert await reading == [LARGE, LARGE]
    assert (await variant).blob.meta.width == 20
    for served in (first, later):
        served.let_go()
    assert origin.hits("/a.png") == 1


async def test_a_source_that_breaks_off(parts, origin):
    """Who reads gets what came, then the error; nothing is stored, and the failure is remembered."""
    origin.reset_mid_body("/a.png", LARGE)
    served = await begin(parts, "/a.png")
    with pytest.raises(OriginUnreachable):
        await read(served)
    served.let_go()
    await over(parts)

    with pytest.raises(OriginUnreachable):
        await parts.ask("/a.png", "f=original")
    assert await parts.keys() == []
    assert origin.hits("/a.png") == 1
    assert parts.downloads.statistics().failed == 1


async def test_a_picture_that_was_cut(parts, origin):
    """One of the declared length that is no whole picture is not stored."""
    origin.serve("/a.png", LARGE[:-5000])
    served = await begin(parts, "/a.png")
    await read(served)
    served.let_go()
    await over(parts)

    assert await parts.keys() == []
    assert parts.downloads.statistics().failed == 1


async def test_whoever_is_told_of_a_broken_picture_leaves_its_download_alone(parts, origin, caplog):
    """A flight empties the frames its error came through; the download's own are not among them, for it is not over."""
    origin.serve("/a.png", LARGE[:-100])
    with pytest.raises(CorruptImage):
        await parts.images.get(parts.request("/a.png", "trim=10&w=20"))
    await over(parts)

    assert parts.downloads.statistics().failed == 1
    assert "a download failed unforeseen" not in caplog.messages


async def test_without_a_client_it_may_end(parts, origin):
    """When the last client leaves, the rest may still come, and is stored."""
    gate = halves(origin, "/a.png", LARGE)
    (await begin(parts, "/a.png")).let_go()
    gate.set()
    await over(parts)

    assert parts.downloads.statistics().stored == 1


async def test_without_a_client_it_has_a_deadline(tmp_path, origin):
    """What has not come by then is given up."""
    halves(origin, "/a.png", LARGE)
    async with spine(
        tmp_path, origin, IMAGE_STREAM_THRESHOLD_BYTES=str(THRESHOLD), IMGSVC_DRAIN_DEADLINE="0.01"
    ) as parts:  # fmt: skip
        (await begin(parts, "/a.png")).let_go()
        await over(parts)

        assert parts.downloads.statistics().abandoned == 1
        assert await parts.keys() == []


async def test_a_client_that_comes_back_keeps_it(tmp_path, origin):
    """The deadline does not end what somebody wants again."""
    gate = halves(origin, "/a.png", LARGE)
    async with spine(
        tmp_path, origin, IMAGE_STREAM_THRESHOLD_BYTES=str(THRESHOLD), IMGSVC_DRAIN_DEADLINE="0.05"
    ) as parts:  # fmt: skip
        (await begin(parts, "/a.png")).let_go()
        again = await begin(parts, "/a.png")
        deadline = asyncio.get_running_loop().time() + 0.1
        await until(lambda: asyncio.get_running_loop().time() > deadline)
        gate.set()

        assert await read(again) == LARGE
        again.let_go()


async def test_short_of_memory_nothing_is_fetched_for_nobody(parts, origin):
    """From GUARD on what has no client is given up at once."""
    halves(origin, "/a.png", LARGE)
    served = await begin(parts, "/a.png")
    parts.rss.bytes = parts.settings.memory.guard_threshold_bytes
    parts.clock.forward(5)
    parts.monitor.sample()
    served.let_go()
    await over(parts)

    assert parts.downloads.statistics().abandoned == 1


async def test_a_store_that_fails_costs_nothing_else(parts, origin):
    """The client has all of it; the store has nothing, and it is said why."""
    origin.serve("/a.png", LARGE)
    parts.store.failing = {"open_writer"}
    served = await begin(parts, "/a.png")
    data = await read(served)
    served.let_go()
    await over(parts)

    assert data == LARGE
    assert await parts.keys() == []
    assert parts.downloads.statistics().not_stored == 1
    assert parts.downloads.last_error


async def test_without_a_file_one_client_is_served(tmp_path, origin):
    """Where nothing can be put on disk the first client gets all; others are told to come back, nothing is stored."""
    body = noise(800)
    gate = halves(origin, "/a.png", body)
    async with spine(
        tmp_path, origin, IMAGE_STREAM_THRESHOLD_BYTES=str(THRESHOLD), IMGSVC_SPOOL_MAX_BYTES="0"
    ) as parts:  # fmt: skip
        first = await begin(parts, "/a.png")
        reading = asyncio.create_task(read(first))
        await until(lambda: parts.space.statistics().failures)
        with pytest.raises(NoSpoolRoom):
            await begin(parts, "/a.png")
        with pytest.raises(NoSpoolRoom):
            await parts.ask("/a.png", "w=20&f=png")
        gate.set()

        assert await reading == body
        first.let_go()
        await over(parts)
        assert await parts.keys() == []
