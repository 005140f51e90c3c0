"""Sockets that are listened on, and a process that has no descriptor left."""

import asyncio
import errno
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiohttp import web

from imgsvc.app.listening import BACKLOG, SILENCE_SECONDS, CannotListenError, Complaints, Listener, listen


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Have the system refuse this process another one."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_one_complaint_in_a_turn():
    """Without descriptors the loop complains once and serves others, and takes the connection when there are some."""
    loop, complaints, complained = asyncio.get_running_loop(), [], asyncio.Event()
    taken: asyncio.Queue[asyncio.Transport] = asyncio.Queue()

    class Client(asyncio.Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:
            taken.put_nowait(transport)

    def complain(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        complaints.append(context["exception"].errno)
        complained.set()

    loop.set_exception_handler(complain)
    bound = socket.create_server(("127.0.0.1", 0))
    address = bound.getsockname()
    async with asyncio.timeout(30), await loop.create_server(Client, sock=Listener.of(bound), backlog=BACKLOG):
        with socket.socket() as client:
            client.setblocking(False)
            with no_descriptor_left():
                await loop.sock_connect(client, address)
                await complained.wait()
                for _ in range(5):
                    await asyncio.sleep(0)
            seen = list(complaints)
            (await taken.get()).abort()

    assert seen == [errno.EMFILE]


async def test_a_line_now_and_then(caplog):
    """Of connections that cannot be taken there is a line in ten seconds, and of anything else each."""
    now = 0.0
    loop, complaints = asyncio.get_running_loop(), Complaints(lambda: now)
    short = {"message": "no", "exception": OSError(errno.EMFILE, "Too many open files"), "socket": None}
    for now in (0.0, 1.0, SILENCE_SECONDS - 1, SILENCE_SECONDS):  # noqa: B007 - read by the clock
        complaints(loop, short)
    for _ in range(2):
        complaints(loop, {"message": "another thing"})

    assert caplog.messages == ["connections wait to be taken: Too many open files"] * 2 + ["another thing"] * 2


async def test_a_name_that_the_look_up_cannot_write():
    """What is no name for the look-up's own encoding, which is older than ours, cannot be listened on."""
    runner = web.AppRunner(web.Application())
    await runner.setup()
    try:
        with pytest.raises(CannotListenError):
            await listen(runner, "a..b", 0, ())
    finally:
        await runner.cleanup()
