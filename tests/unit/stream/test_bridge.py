"""From the event loop into a pipe."""

import asyncio
import gc
import os
import threading

import pytest

from imgsvc.stream.bridge import begin_pouring, pour
from tests.support.spools import body, cut, descriptors, settle

pytestmark = pytest.mark.slow

DATA = body(1_000_000)


@pytest.fixture(autouse=True)
def _no_leak():
    """No pipe is left open."""
    gc.collect()
    before = descriptors("pipe:")
    yield
    assert descriptors("pipe:") == before


async def chunks_of(*chunks):
    for chunk in chunks:
        if isinstance(chunk, Exception):
            raise chunk
        yield chunk


async def stalled(first: bytes):
    yield first
    await asyncio.get_running_loop().create_future()


def read_all(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 7001):
        parts.append(part)
    os.close(descriptor)
    return b"".join(parts)


@pytest.mark.parametrize("piece_bytes", [999, 65536, 1_000_000])
async def test_all_arrives(piece_bytes):
    """Every byte comes out of the pipe, in order, whatever the pieces; then the pipe ends."""
    reading_end, writing_end = os.pipe()
    reading = asyncio.create_task(asyncio.to_thread(read_all, reading_end))
    await pour(chunks_of(*cut(DATA, piece_bytes)), writing_end)

    assert await reading == DATA


async def test_from_a_spool(bench):
    """A spool that grows is read through a pipe by a thread."""
    reading_end, writing_end = os.pipe()
    reading = asyncio.create_task(asyncio.to_thread(read_all, reading_end))
    spool = bench.spool()
    reader = spool.reader()
    pouring = begin_pouring(aiter(reader), writing_end)
    for piece in cut(DATA, 65536):
        await spool.add(piece)
    await spool.end()
    await pouring
    reader.close()

    assert await reading == DATA
    spool.let_go()


async def test_slow_reader():
    """A reader in no hurry makes the writer wait: no more is taken from the source than the pipe has room for."""
    taken = 0

    async def counted():
        nonlocal taken
        for piece in cut(DATA, 65536):
            taken += len(piece)
            yield piece

    reading_end, writing_end = os.pipe()
    pouring = begin_pouring(counted(), writing_end)
    await settle()
    assert taken <= 3 * 65536  # 64 KiB in the pipe, and one piece on its way
    assert not pouring.done()

    assert await asyncio.to_thread(read_all, reading_end) == DATA
    await pouring


@pytest.mark.parametrize("read_bytes", [0, 1000, 200_000])
async def test_reader_leaves(read_bytes):
    """A reader that closes its end early ends the pouring, without an error."""
    reading_end, writing_end = os.pipe()

    def read_some():
        left = read_bytes
        while left:
            left -= len(os.read(reading_end, min(left, 4096)))
        os.close(reading_end)

    leaving = threading.Thread(target=read_some)
    leaving.start()
    await pour(chunks_of(*cut(DATA, 65536)), writing_end)
    leaving.join()


async def test_reader_leaves_while_the_pipe_is_full():
    """The pouring that waits for room in the pipe learns that nobody will make any."""
    reading_end, writing_end = os.pipe()
    pouring = begin_pouring(chunks_of(DATA), writing_end)
    await settle()
    assert not pouring.done()
    os.close(reading_end)

    await pouring


async def test_source_fails():
    """The error of the source comes out, and the reader sees an end behind the bytes before it."""
    reading_end, writing_end = os.pipe()
    with pytest.raises(RuntimeError, match="broken"):
        await pour(chunks_of(b"some", RuntimeError("broken")), writing_end)

    assert read_all(reading_end) == b"some"


@pytest.mark.parametrize(
    ("source", "arrived_bytes"),
    [(lambda: chunks_of(DATA), 65536), (lambda: stalled(DATA[:4]), 4)],
    ids=["the pipe is full", "the source stalls"],
)
async def test_cancelled(source, arrived_bytes):
    """Cancelled, whatever it waits for, it closes the pipe; what was written before can be read."""
    reading_end, writing_end = os.pipe()
    pouring = begin_pouring(source(), writing_end)
    await settle()
    pouring.cancel()
    await asyncio.wait((pouring,))

    assert pouring.cancelled()
    assert read_all(reading_end) == DATA[:arrived_bytes]


async def test_cancelled_before_it_began():
    """Cancelled before its first step, it closes the pipe all the same."""
    reading_end, writing_end = os.pipe()
    pouring = begin_pouring(chunks_of(DATA), writing_end)
    pouring.cancel()
    await asyncio.wait((pouring,))

    assert read_all(reading_end) == b""
