"""Spools that are closed or cancelled while the disk is at work."""

import asyncio
import contextlib
import os

import pytest

from imgsvc.errors import NoSpoolRoom, OriginTimeout
from imgsvc.stream.spool import TAIL_BYTES
from tests.support.spine import until
from tests.support.spools import body, drain, failing, settle

DATA = body(600_000)


@contextlib.asynccontextmanager
async def flushing(bench):
    """A spool with something in its file already, and the task that waits for the disk to write more to it."""
    spool = await bench.filled(DATA[:TAIL_BYTES])
    assert spool.file_bytes == TAIL_BYTES
    async with bench.slow_disk():
        adding = asyncio.create_task(spool.add(DATA[TAIL_BYTES : 2 * TAIL_BYTES]))
        await settle()
        assert not adding.done()
        yield spool, adding


async def test_closed_while_a_file_is_opened(bench):
    """A file that comes too late is closed."""
    async with bench.slow_disk():
        spool = bench.spool()
        adding = asyncio.create_task(spool.add(DATA))
        await settle()
        spool.close()
        assert bench.ledger.in_use_bytes == 0
    await adding

    with pytest.raises(NoSpoolRoom):
        await spool.add(b"x")
    assert bench.on_disk() == (0, 0)


async def test_cancelled_while_a_file_is_opened(bench):
    """A file nobody waits for any more is closed; the writer may try again."""
    async with bench.slow_disk():
        spool = bench.spool()
        adding = asyncio.create_task(spool.add(DATA))
        await settle()
        adding.cancel()
        await asyncio.wait((adding,))
    assert bench.on_disk() == (0, 0)
    await spool.add(b"x")
    await spool.end()

    assert await drain(spool.reader()) == DATA + b"x"
    spool.let_go()


async def test_closed_while_writing(bench):
    """The descriptor stays open under the thread that writes, and is closed when it has written."""
    async with flushing(bench) as (spool, adding):
        descriptor = spool.file_range(0, 1).descriptor
        spool.close()
        assert bench.ledger.in_use_bytes == 0
        assert bench.on_disk() == (1, 2 * TAIL_BYTES)
        assert os.fstat(descriptor).st_size == TAIL_BYTES
    await adding

    assert bench.on_disk() == (0, 0)
    for call in (spool.add(b"x"), spool.end()):
        with pytest.raises(NoSpoolRoom):
            await call
    assert bench.ledger.in_use_bytes == 0


async def test_closed_while_ending(bench):
    """A spool that is closed while its last bytes are written has not ended."""
    spool = await bench.filled(DATA[: TAIL_BYTES - 1])
    async with bench.slow_disk():
        ending = asyncio.create_task(spool.end())
        await settle()
        spool.close()

    with pytest.raises(NoSpoolRoom):
        await ending
    assert not spool.ended


async def test_closed_while_reading(bench):
    """The descriptor stays open under the thread that reads, and its reader gets the bytes."""
    spool = await bench.filled(DATA)
    reader = spool.reader()
    async with bench.slow_disk():
        reading = asyncio.create_task(reader.read())
        await settle()
        spool.close()
        assert bench.on_disk()[0] == 1

    assert await reading == DATA[:65536]
    with pytest.raises(NoSpoolRoom):
        await reader.read()


async def test_reader_cancelled(bench):
    """A reader that leaves while a thread reads for it disturbs nobody."""
    spool = await bench.filled(DATA)
    reader = spool.reader()
    async with bench.slow_disk():
        reading = asyncio.create_task(drain(reader))
        await settle()
        reading.cancel()
        await asyncio.wait((reading,))
        spool.close()
        assert bench.on_disk()[0] == 1

    await until(lambda: bench.on_disk() == (0, 0))


async def test_cancelled_while_writing(bench):
    """A write that was cut off loses no reader a byte, but nothing can come behind it."""
    async with flushing(bench) as (spool, adding):
        with pytest.raises(RuntimeError, match="under way"):
            await spool.add(b"two at once")
        adding.cancel()
        await asyncio.wait((adding,))
        for call in (spool.add(b"x"), spool.end()):
            with pytest.raises(RuntimeError, match="cut off"):
                await call
    reader = spool.reader()
    spool.fail(OriginTimeout("not wanted"))
    got, _ = await failing(reader, OriginTimeout)

    assert got == DATA[: 2 * TAIL_BYTES]
    assert spool.whole_file is None
    spool.let_go()
    assert bench.ledger.in_use_bytes == 0


async def test_cancelled_and_closed_while_writing(bench):
    """Both at once leave nothing behind."""
    async with flushing(bench) as (spool, adding):
        adding.cancel()
        spool.close()
        await asyncio.wait((adding,))
        assert bench.on_disk()[0] == 1


async def test_closed_with_readers_waiting(bench):
    """Readers at the growing end, and whoever waits for something, are told of the closing."""
    spool = await bench.filled(b"some")
    reading = [asyncio.create_task(spool.reader(4).read()) for _ in range(3)]
    waiting = asyncio.create_task(spool.until(lambda: spool.size_bytes > 10**6))
    await settle()
    spool.close()

    for task in reading:
        with pytest.raises(NoSpoolRoom):
            await task
    await waiting
