"""The shelf: reads through what waits, remembers purges, fails as a miss."""

import asyncio

import pytest

from imgsvc.errors import StoreError
from imgsvc.model.keys import source_prefix
from imgsvc.model.source import Source
from imgsvc.pressure.transfers import TransferLedger
from imgsvc.services.shelf import REST_SECONDS, SLOWEST_BYTES_PER_SECOND, Shelf
from imgsvc.store.base import StoredObject
from tests.support.blobs import meta_of
from tests.support.spine_parts import Clock

MIB = 1 << 20

HERE = Source("https://a.test/here.png")
OTHER = Source("https://a.test/other.png")
KEY = f"{source_prefix(HERE)}x.png"


async def put(parts, key: str, data: bytes = b"data") -> None:
    await parts.store.put(key, data, meta_of(data))


async def test_what_waits_is_read_first(parts):
    """A newer object that waits to be written hides the stored one."""
    await put(parts, KEY, b"old")
    parts.store.gates["put"] = asyncio.Event()

    parts.shelf.persist(KEY, b"new", meta_of(b"new"))

    assert parts.shelf.is_pending(KEY)
    assert (await parts.shelf.read(KEY)).data == b"new"
    parts.store.gates["put"].set()
    await parts.stored()
    assert not parts.shelf.is_pending(KEY)
    assert (await parts.shelf.read(KEY)).data == b"new"


async def test_a_failing_read_is_a_miss_until_one_succeeds(parts, caplog):
    """The failure is logged and shown, and over with the next read that works."""
    parts.store.failing = {"get"}
    assert await parts.shelf.read(KEY) is None
    assert parts.shelf.read_failed
    assert "the disk is gone" in caplog.text

    parts.store.failing = set()
    assert await parts.shelf.read(KEY) is None
    assert not parts.shelf.read_failed


async def test_a_store_that_hangs_is_given_up_and_left_alone(parts, caplog):
    """One waits for it, for a while; until it has rested nobody does, and then one asks again."""
    clock = Clock()
    shelf = Shelf(parts.store, parts.persister, parts.transfers, lambda: MIB, look_seconds=0.05, clock=clock)
    await put(parts, KEY)
    parts.store.gates["get"] = asyncio.Event()

    assert await shelf.read(KEY) is None
    assert await shelf.open(KEY) is None
    assert shelf.read_failed
    assert "did not answer within" in caplog.text
    assert parts.store.asked.count(("get", KEY)) == 1

    clock.now += REST_SECONDS
    assert await asyncio.gather(shelf.read(KEY), shelf.open(KEY)) == [None, None]
    assert parts.store.asked.count(("get", KEY)) == 2

    parts.store.gates["get"].set()
    clock.now += REST_SECONDS
    shelf._look_seconds = 60.0  # from here on it shall not matter how busy the machine is
    assert (await shelf.read(KEY)).data == b"data"
    assert (await shelf.read(KEY)).data == b"data"
    assert not shelf.read_failed


@pytest.mark.parametrize(("size_bytes", "is_given"), [(1000, False), (SLOWEST_BYTES_PER_SECOND * 60, True)])
async def test_large_objects_have_more_time(parts, size_bytes, is_given):
    """A store that has begun to answer is not taken for one that hangs, however slow the line is that others share."""

    class SlowLine:
        is_through = asyncio.Event()

        async def open(self, key, buffers):
            assert buffers(size_bytes)
            await self.is_through.wait()
            return StoredObject(b"data", meta_of(b"data"))

    ledger = TransferLedger(1 << 30)
    shelf = Shelf(SlowLine(), parts.persister, ledger, lambda: 1 << 30, look_seconds=0.05)
    opening = asyncio.create_task(shelf.open(KEY))
    await asyncio.wait((opening,), timeout=0.2)
    SlowLine.is_through.set()

    assert ((await opening) is not None) is is_given
    assert shelf.read_failed is not is_given
    assert ledger.take(1 << 30)  # all is given back


async def test_a_store_that_says_that_it_fails_is_asked_each_time(parts):
    """It keeps nobody waiting."""
    parts.store.failing = {"get"}

    assert await parts.shelf.read(KEY) is None
    assert await parts.shelf.read(KEY) is None
    assert parts.store.asked.count(("get", KEY)) == 2


async def test_work_may_be_kept_unless_a_purge_came_between(parts):
    """Only a purge of the same source, begun or ended since, forbids to keep what was begun before."""
    before = parts.shelf.purges(HERE)
    with parts.shelf.purging(OTHER):
        assert parts.shelf.may_keep(HERE, before)
    assert parts.shelf.may_keep(HERE, before)

    with parts.shelf.purging(HERE):
        during = parts.shelf.purges(HERE)
        assert not parts.shelf.may_keep(HERE, before)
        assert not parts.shelf.may_keep(HERE, during)

    assert not parts.shelf.may_keep(HERE, before)
    assert not parts.shelf.may_keep(HERE, during)
    assert parts.shelf.may_keep(HERE, parts.shelf.purges(HERE))


async def test_overlapping_purges(parts):
    """Of two purges of one source at once the last to end decides."""
    with parts.shelf.purging(HERE):
        with parts.shelf.purging(HERE):
            pass
        assert not parts.shelf.may_keep(HERE, parts.shelf.purges(HERE))

    assert parts.shelf.may_keep(HERE, parts.shelf.purges(HERE))
    assert not parts.shelf._being_purged


async def test_delete_takes_all_of_a_source_and_nothing_else(parts):
    """Stored and waiting objects of the source go, its neighbours stay."""
    await put(parts, KEY)
    await put(parts, f"{source_prefix(HERE)}source.json")
    await put(parts, f"{source_prefix(OTHER)}x.png")
    parts.store.gates["put"] = asyncio.Event()
    parts.shelf.persist(f"{source_prefix(HERE)}later.png", b"1", meta_of(b"1"))
    parts.shelf.persist(f"{source_prefix(OTHER)}later.png", b"1", meta_of(b"1"))
    parts.store.gates.pop("put").set()

    removed = await parts.shelf.delete(HERE)
    await parts.stored()

    assert removed == 2
    assert await parts.keys(source_prefix(HERE)) == []
    assert len(await parts.keys(source_prefix(OTHER))) == 2


async def test_delete_of_an_object_does_not_touch_its_namesakes(parts):
    """A key that begins as another does is another key, waiting or stored."""
    key = "images/logos/a"
    await put(parts, key)
    await put(parts, f"{key}b")
    parts.shelf.persist(f"{key}c", b"1", meta_of(b"1"))

    removed = await parts.shelf.delete(Source.stored(key))
    await parts.stored()

    assert removed == 1
    assert await parts.keys("images/logos/") == [f"{key}b", f"{key}c"]


@pytest.mark.parametrize("failing", ["list", "delete"])
async def test_delete_tells_of_a_failing_store(parts, failing):
    """A purge that did not happen is not called one."""
    await put(parts, KEY)
    parts.store.failing = {failing}

    with pytest.raises(StoreError):
        await parts.shelf.delete(HERE)


async def test_drop(parts):
    """One object goes, be it stored or waiting to be; its namesakes stay, and what is not there is no error."""
    await put(parts, KEY)
    await put(parts, f"{KEY}2")
    parts.store.gates["put"] = asyncio.Event()
    parts.shelf.persist(KEY, b"newer", meta_of(b"newer"))
    dropping = asyncio.create_task(parts.shelf.drop(KEY))
    parts.open_gates()
    await dropping
    await parts.stored()
    await parts.shelf.drop(KEY)

    assert await parts.keys("") == [f"{KEY}2"]


async def test_drop_from_a_failing_store(parts, caplog):
    """That is logged, and nobody's error."""
    await put(parts, KEY)
    parts.store.failing = {"delete"}

    await parts.shelf.drop(KEY)

    assert "not deleted" in caplog.text
    assert await parts.keys("") == [KEY]
