"""Readers of spools."""

import asyncio

import pytest

from imgsvc.errors import NoSpoolRoom
from imgsvc.stream.base import CHUNK_BYTES
from tests.support.spools import body, drain, settle


@pytest.mark.parametrize("threshold_bytes", [0, 10**6])
@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, None), (0, 1), (1, 65537), (300_000, None), (399_999, None), (400_000, None), (5, 5), (9, 5), (0, 10**9)],
)
async def test_range(bench, threshold_bytes, start, stop):
    """A reader gives just the bytes from its start to its stop, from file and memory, in pieces of 64 KiB at most."""
    data = body(400_000)
    spool = await bench.filled(data, piece_bytes=100_000, threshold_bytes=threshold_bytes)
    await spool.end()
    reader = spool.reader(start, stop)
    pieces = [piece async for piece in reader]
    reader.close()

    assert b"".join(pieces) == data[start:stop]
    assert all(0 < len(piece) <= CHUNK_BYTES for piece in pieces)
    spool.let_go()


async def test_begins_beyond_what_is_there(bench):
    """A reader of bytes that are still to come waits for them."""
    spool = await bench.filled(b"x" * 10)
    reading = asyncio.create_task(drain(spool.reader(15, 18)))
    await settle()
    assert not reading.done()
    await spool.add(b"0123456789")

    assert await reading == b"567"
    spool.let_go()


async def test_stops_before_the_end(bench):
    """A reader that has come to its stop needs no more of a body that goes on."""
    spool = await bench.filled(b"0123456789")

    assert await drain(spool.reader(2, 5)) == b"234"
    spool.let_go()


async def test_closed(bench):
    """A closed reader gives nothing more; closing twice is allowed."""
    spool = await bench.filled(b"0123456789")
    reader = spool.reader()
    reader.close()
    reader.close()
    with pytest.raises(NoSpoolRoom):
        await reader.read()

    assert spool.error is None
    spool.let_go()


async def test_declared(bench):
    """A reader says what the spool's sender said of the length."""
    spool = bench.spool(declared_bytes=7)

    assert spool.reader().declared_bytes == 7
    spool.let_go()
