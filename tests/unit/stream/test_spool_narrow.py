"""Spools without a file: one reader, by backpressure."""

import asyncio
import os
from contextlib import asynccontextmanager

import pytest

from imgsvc.errors import NoSpoolRoom, OriginTimeout
from imgsvc.stream.spool import TAIL_BYTES
from tests.support.spools import bench as opened_bench
from tests.support.spools import body, cut, drain, failing, settle

PIECE_BYTES = 65536
DATA = body(2_000_000)
THRESHOLD_BYTES = 300_000


@asynccontextmanager
async def full_disk(tmp_path, where):
    """A bench whose disk fails: *nowhere* = no file can be made, *empty* = none written, *middle* = only 400 KB."""
    if where == "nowhere":
        (tmp_path / "file").touch()
    folder = tmp_path / ("file/spools" if where == "nowhere" else "spools")
    async with opened_bench(folder, capacity_bytes=400_000 if where == "middle" else 0) as bench:
        yield bench
        assert bench.space.statistics().failures == 1


WHERE = pytest.mark.parametrize("where", ["nowhere", "empty", "middle"])


async def write(spool, data=DATA):
    for piece in cut(data, PIECE_BYTES):
        await spool.add(piece)
    await spool.end()


async def until_stuck(bench, spool):
    """Let the writer write until it waits for the reader."""
    size = -1
    while not spool.is_narrow or size != spool.size_bytes:
        size = spool.size_bytes
        await settle()
        await bench.space.run(os.getpid)


@WHERE
async def test_one_reader(tmp_path, where):
    """The reader gets every byte, the writer waits for it, and no more is held than the threshold or a tail."""
    async with full_disk(tmp_path, where) as bench:
        spool = bench.spool(THRESHOLD_BYTES)
        reader = spool.reader()
        writing = asyncio.create_task(write(spool))
        await until_stuck(bench, spool)
        assert not writing.done()
        got = b""
        while piece := await reader.read():
            got += piece
            await settle()
            assert bench.ledger.in_use_bytes <= max(THRESHOLD_BYTES, TAIL_BYTES) + PIECE_BYTES
            if len(got) > THRESHOLD_BYTES + TAIL_BYTES + 2 * PIECE_BYTES:
                assert bench.ledger.in_use_bytes <= TAIL_BYTES + PIECE_BYTES
        reader.close()
        await writing

        assert got == DATA
        assert (spool.is_large, spool.ended, spool.whole_file, spool.sha256) == (True, True, None, None)
        assert bench.ledger.statistics().peak_bytes <= max(THRESHOLD_BYTES, TAIL_BYTES) + PIECE_BYTES
        spool.let_go()


@WHERE
async def test_declared(tmp_path, where):
    """A body known to be large from the beginning never takes more memory than a tail and a piece."""
    async with full_disk(tmp_path, where) as bench:
        spool = bench.spool(THRESHOLD_BYTES, declared_bytes=len(DATA))
        reading = asyncio.create_task(drain(spool.reader()))
        await write(spool)

        assert await reading == DATA
        assert bench.ledger.statistics().peak_bytes <= TAIL_BYTES + PIECE_BYTES
        spool.let_go()


@WHERE
async def test_others(tmp_path, where):
    """Readers after the first get NoSpoolRoom: those that were there when they read on, new ones at once."""
    async with full_disk(tmp_path, where) as bench:
        spool = bench.spool(THRESHOLD_BYTES)
        first, second, waiting = spool.reader(), spool.reader(), asyncio.create_task(spool.reader(10**7).read())
        writing = asyncio.create_task(write(spool))
        await until_stuck(bench, spool)
        with pytest.raises(NoSpoolRoom):
            await waiting
        with pytest.raises(NoSpoolRoom):
            await second.read()
        second.close()
        with pytest.raises(NoSpoolRoom):
            spool.reader()

        assert await drain(first) == DATA
        await writing
        spool.let_go()


@WHERE
async def test_reader_leaves(tmp_path, where):
    """When its only reader leaves, the writer that waits gets NoSpoolRoom, and so does the one that comes again."""
    async with full_disk(tmp_path, where) as bench:
        spool = bench.spool(THRESHOLD_BYTES)
        reader = spool.reader()
        writing = asyncio.create_task(write(spool))
        await until_stuck(bench, spool)
        await reader.read()
        reader.close()

        with pytest.raises(NoSpoolRoom):
            await writing
        with pytest.raises(NoSpoolRoom):
            await spool.add(b"x")
        spool.let_go()


async def test_reader_leaves_while_nobody_writes(tmp_path):
    """A writer that comes later than the reader has left learns of it, though there would be room for its bytes."""
    async with full_disk(tmp_path, "empty") as bench:
        spool = bench.spool(0)
        await spool.add(DATA[:TAIL_BYTES])
        assert spool.is_narrow
        reader = spool.reader()
        got = [await reader.read() for _ in range(2)]
        assert all(got)
        reader.close()

        for call in (spool.add(b"x"), spool.end()):
            with pytest.raises(NoSpoolRoom):
                await call
        spool.let_go()


@WHERE
async def test_no_reader_yet(tmp_path, where):
    """Without a reader the writer waits; the first to come gets every byte, from the first on."""
    async with full_disk(tmp_path, where) as bench:
        spool = bench.spool(THRESHOLD_BYTES)
        writing = asyncio.create_task(write(spool))
        await until_stuck(bench, spool)
        assert not writing.done()
        assert await spool.peek(1000) == DATA[:1000]

        assert await drain(spool.reader()) == DATA
        await writing
        spool.let_go()


@WHERE
async def test_never_a_reader(tmp_path, where):
    """The writer that waits for a reader is told when the spool is closed."""
    async with full_disk(tmp_path, where) as bench:
        spool = bench.spool(THRESHOLD_BYTES)
        writing = asyncio.create_task(write(spool))
        await until_stuck(bench, spool)
        spool.let_go()

        with pytest.raises(NoSpoolRoom):
            await writing
        assert bench.ledger.in_use_bytes == 0


async def test_reader_far_behind(tmp_path):
    """A reader still at the beginning of the file when it could not go on gets the file's part, then the tail's."""
    async with full_disk(tmp_path, "middle") as bench:
        spool = bench.spool(0)
        reader = spool.reader()
        writing = asyncio.create_task(write(spool))
        await until_stuck(bench, spool)
        assert 0 < spool.file_bytes < 400_000

        assert await drain(reader) == DATA
        await writing
        assert await spool.peek(10**6) == DATA[: spool.file_bytes]
        spool.let_go()


@WHERE
async def test_failure(tmp_path, where):
    """What the source did wrong reaches the reader after every byte that came before."""
    async with full_disk(tmp_path, where) as bench:
        spool = bench.spool(THRESHOLD_BYTES)
        reader = spool.reader()
        writing = asyncio.create_task(write(spool))
        await until_stuck(bench, spool)
        arrived_bytes = spool.size_bytes
        writing.cancel()
        spool.fail(OriginTimeout("gone"))
        got, _ = await failing(reader, OriginTimeout)

        assert got == DATA[:arrived_bytes]
        reader.close()
        spool.let_go()


async def test_last_bytes(tmp_path):
    """A disk that fails at the very end leaves one reader, which gets every byte."""
    async with opened_bench(tmp_path / "spools", capacity_bytes=250_000) as bench:
        spool = await bench.filled(DATA[:300_000])
        reader = spool.reader()
        assert not spool.is_narrow
        await spool.end()

        assert (spool.is_narrow, spool.ended, spool.whole_file, spool.sha256) == (True, True, None, None)
        assert await drain(reader) == DATA[:300_000]
        assert spool.error is None
        spool.let_go()


async def test_small_but_neither_memory_nor_disk(tmp_path):
    """A small body with room nowhere goes through the narrow channel too."""
    async with opened_bench(tmp_path / "spools", capacity_bytes=0, ledger_bytes=100_000) as bench:
        spool = bench.spool(10**9)
        reading = asyncio.create_task(drain(spool.reader()))
        await write(spool)

        assert spool.is_narrow
        assert await reading == DATA
        assert bench.ledger.statistics().peak_bytes <= TAIL_BYTES + PIECE_BYTES
        spool.let_go()


async def test_read_far_too_late(tmp_path):
    """Without a file what was taken is gone: nobody can begin at it again, or look at it."""
    async with full_disk(tmp_path, "empty") as bench:
        spool = bench.spool(0)
        await spool.add(DATA[:TAIL_BYTES])
        reader = spool.reader()
        got = [await reader.read() for _ in range(3)]
        assert b"".join(got) == DATA[:TAIL_BYTES]
        waiting = asyncio.create_task(reader.read())
        await settle()
        assert await spool.peek(10) == b""
        await spool.end()
        assert await waiting == b""
        reader.close()

        with pytest.raises(NoSpoolRoom):
            spool.reader()
        spool.let_go()
