"""The spool: where bytes lie, who wants it, and how it goes wrong."""

import asyncio
import hashlib

import pytest

from imgsvc.errors import NoSpoolRoom, OriginTimeout
from imgsvc.stream.spool import TAIL_BYTES, Spool
from tests.support.spools import PLENTY_BYTES, body, cut, drain, failing, settle
from tests.support.spools import bench as opened_bench

DATA = body(1_000_000)


async def test_up_to_the_threshold(bench):
    """A body as large as the threshold stays in memory, as one object, and no file is made."""
    spool = await bench.filled(DATA, threshold_bytes=len(DATA))
    await spool.end()

    assert (spool.data, spool.data is spool.data) == (DATA, True)
    assert (spool.is_large, spool.whole_file, spool.sha256, spool.file_bytes) == (False, None, None, 0)
    assert (bench.ledger.in_use_bytes, bench.on_disk()) == (len(DATA), (0, 0))
    spool.let_go()


async def test_beyond_the_threshold(bench):
    """One byte more goes to a file, which the finished body is whole in, with its digest; memory is given back."""
    spool = await bench.filled(DATA, threshold_bytes=len(DATA) - 1)
    assert spool.is_large
    assert spool.whole_file is None
    assert spool.sha256 is None
    await spool.end()

    assert await asyncio.to_thread(spool.whole_file.read) == DATA
    assert spool.sha256 == hashlib.sha256(DATA).hexdigest()
    assert (bench.ledger.in_use_bytes, bench.on_disk()) == (0, (1, len(DATA)))
    with pytest.raises(RuntimeError, match="not whole in memory"):
        _ = spool.data
    spool.let_go()


async def test_declared_larger(bench):
    """A body declared larger than the threshold goes to a file with its first byte."""
    spool = bench.spool(1000, declared_bytes=1001)
    await spool.add(b"x")

    assert spool.is_large
    spool.let_go()


async def test_declared_smaller(bench):
    """A body that was declared smaller than it is goes to a file all the same."""
    spool = bench.spool(1000, declared_bytes=5)
    await spool.add(b"x" * 1001)

    assert spool.is_large
    spool.let_go()


async def test_no_memory(tmp_path):
    """A small body for which there is no memory goes on in a file, and is counted as long as it is held."""
    async with opened_bench(tmp_path, ledger_bytes=700) as bench:
        spool = bench.spool(10_000)
        await spool.add(b"x" * 600)
        assert not spool.is_large
        await spool.add(b"y" * 200)
        assert spool.is_large
        assert bench.ledger.in_use_bytes == 800
        await spool.end()

        assert await drain(spool.reader()) == b"x" * 600 + b"y" * 200
        assert bench.ledger.in_use_bytes == 0
        spool.let_go()


@pytest.mark.parametrize("piece_bytes", [1000, 65536, 300_000])
async def test_memory_of_a_file(bench, piece_bytes):
    """A spool in a file never holds more than its tail and one piece."""
    spool = bench.spool(1000, declared_bytes=len(DATA))
    reader = spool.reader()
    for piece in cut(DATA, piece_bytes):
        await spool.add(piece)
    await spool.end()

    assert bench.ledger.statistics().peak_bytes <= TAIL_BYTES + piece_bytes
    assert await drain(reader) == DATA
    assert bench.ledger.statistics().peak_bytes <= TAIL_BYTES + piece_bytes
    spool.let_go()


async def test_of_bytes(bench):
    """Bytes that are there already make a finished spool, which gives them themselves."""
    for data in (DATA, b""):
        bench.ledger.take_regardless(len(data))
        spool = Spool.of(data, bench.space, bench.ledger)
        assert spool.data is data or not data
        assert await drain(spool.reader()) == data
        spool.let_go()


async def test_empty(bench):
    """A body without bytes ends; an empty piece changes nothing."""
    spool = bench.spool()
    await spool.add(b"")
    await spool.end()

    assert spool.data == b""
    assert await drain(spool.reader()) == b""
    spool.let_go()


@pytest.mark.parametrize("threshold_bytes", [1000, PLENTY_BYTES])
async def test_peek(bench, threshold_bytes):
    """The beginning can be looked at, across file and memory, as far as it has arrived."""
    spool = await bench.filled(DATA[:5000], threshold_bytes=threshold_bytes)
    assert await spool.peek(10) == DATA[:10]
    assert await spool.peek(10_000) == DATA[:5000]
    for piece in cut(DATA[5000:300_000], 65536):
        await spool.add(piece)
    assert await spool.peek(299_000) == DATA[:299_000]
    assert await spool.peek(10**6) == DATA[:300_000]
    spool.let_go()

    assert await spool.peek(10) == b""


async def test_file_range(bench):
    """A part of the file can be read while the file grows; what is not in it yet cannot be named."""
    spool = bench.spool()
    with pytest.raises(RuntimeError, match="no file"):
        spool.file_range(0, 1)
    for piece in cut(DATA[:300_000], 65536):
        await spool.add(piece)
    part = spool.file_range(1000, spool.file_bytes - 1000)
    with pytest.raises(ValueError, match="no such part"):
        spool.file_range(1000, spool.file_bytes)
    await spool.add(DATA[300_000:])

    assert await asyncio.to_thread(part.read) == DATA[1000 : 1000 + part.size_bytes]
    spool.let_go()
    with pytest.raises(RuntimeError, match="closed"):
        spool.file_range(0, 1)


async def test_holds(bench):
    """It is closed when as many have let go as have held; whoever owns it may be told instead."""
    spool, idle = bench.spool(), []
    spool.hold()
    spool.let_go()
    assert spool.is_held
    spool.when_idle = lambda: idle.append(spool.is_held)
    spool.let_go()
    assert idle == [False]
    spool.hold()
    assert spool.is_held
    spool.let_go()
    assert idle == [False, False]
    assert spool.error is None

    spool.close()


@pytest.mark.parametrize("threshold_bytes", [1000, PLENTY_BYTES])
async def test_failure(bench, threshold_bytes):
    """A failure reaches every reader, and whoever waits, after all the bytes that came before it."""
    spool = await bench.filled(DATA[:300_000], threshold_bytes=threshold_bytes)
    readers = [spool.reader(start) for start in (0, 299_999, 300_000, 300_001)]
    waiting = [asyncio.create_task(readers[2].read()), asyncio.create_task(spool.until(lambda: False))]
    await settle()
    error = OriginTimeout("gone")
    spool.fail(error)
    spool.fail(OriginTimeout("later"))
    late = spool.reader()

    for reader, begin in ((readers[0], 0), (readers[1], 299_999), (late, 0)):
        assert await failing(reader, OriginTimeout) == (DATA[begin:300_000], error)
    with pytest.raises(OriginTimeout):
        await waiting[0]
    with pytest.raises(OriginTimeout):
        await readers[3].read()
    await waiting[1]
    for call in (spool.add(b"x"), spool.end()):
        with pytest.raises(OriginTimeout):
            await call
    assert not spool.ended
    spool.let_go()


async def test_failure_keeps_no_frames(bench):
    """However many readers an error reaches, it does not pile up their frames and what these hold."""
    spool = bench.spool()
    spool.fail(OriginTimeout("gone"))
    depths = []
    for _ in range(5):
        with pytest.raises(OriginTimeout) as raised:
            await spool.reader().read()
        depths.append(len(raised.traceback))

    assert len(set(depths)) == 1
    spool.let_go()


async def test_failure_after_the_end(bench):
    """What has arrived whole cannot fail any more."""
    spool = await bench.filled(b"all")
    await spool.end()
    spool.fail(OriginTimeout("late"))

    assert spool.error is None
    assert await drain(spool.reader()) == b"all"
    spool.let_go()


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("threshold_bytes", [1000, PLENTY_BYTES])
async def test_close(bench, ended, threshold_bytes):
    """Closed, it has given everything back, once; a reader gets an error, and nothing of it can be named."""
    spool = await bench.filled(DATA[:400_000], threshold_bytes=threshold_bytes)
    if ended:
        await spool.end()
    reader = spool.reader()
    assert await reader.read()
    spool.close()
    spool.close()

    assert bench.ledger.in_use_bytes == 0
    assert bench.on_disk() == (0, 0)
    with pytest.raises(NoSpoolRoom):
        await reader.read()
    assert spool.whole_file is None
    if not ended:
        with pytest.raises(NoSpoolRoom):
            await spool.add(b"x")
    with pytest.raises(RuntimeError):
        _ = spool.data
    assert bench.ledger.in_use_bytes == 0
