"""From pieces on the event loop to an operating-system pipe, at whose other end a thread reads."""

import asyncio
import io
import os
from collections.abc import AsyncIterator


async def pour(chunks: AsyncIterator[bytes], descriptor: int) -> None:
    """
    Write *chunks* into a pipe at the reader's pace, and close it, whatever happens.

    Ends early when the reader has closed its end: it has all it wants. What *chunks* raises comes out, with the pipe
    closed before; to the reader that looks like an end, so whoever waits for it has to ask what it was.

    A task of this that is cancelled before its first step never owned the pipe; :func:`begin_pouring` has no such gap.

    Args:
        chunks: pieces, none of them empty.
        descriptor: the pipe's writing end; owned from now on.
    """
    await _pour(chunks, io.FileIO(descriptor, "w"))


def begin_pouring(chunks: AsyncIterator[bytes], descriptor: int) -> asyncio.Task[None]:
    """:func:`pour` in a task of its own, which closes the pipe even when it is cancelled before it could begin."""
    pipe = io.FileIO(descriptor, "w")
    pouring = asyncio.create_task(_pour(chunks, pipe), name="pour")
    pouring.add_done_callback(lambda _: pipe.close())
    return pouring


async def _pour(chunks: AsyncIterator[bytes], pipe: io.FileIO) -> None:
    try:
        os.set_blocking(pipe.fileno(), False)
        async for chunk in chunks:
            await _write(pipe.fileno(), chunk)
    except BrokenPipeError:
        pass
    finally:
        pipe.close()


async def _write(descriptor: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            await _writable(descriptor)


async def _writable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_writer(descriptor, _tell, ready)
    try:
        await ready
    finally:
        loop.remove_writer(descriptor)


def _tell(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
