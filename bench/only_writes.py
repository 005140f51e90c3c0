"""
A protocol of asyncio that writes the same bytes for whatever comes: the least that a hit can cost here.

Told to take as long as a hit, it shows what a server of that pace costs on many connections without anything to look
at: the slower one is, the oftener its clients sleep, and have to be woken by the next answer.
"""

import asyncio
import sys
from pathlib import Path
from time import perf_counter
from typing import cast

from imgsvc.app.listening import BACKLOG
from imgsvc.app.polling import make_loop
from imgsvc.app.serving import allow_open_files


class Writing(asyncio.Protocol):
    """
    One connection.

    Args:
        answer: head and body.
        busy_seconds: how long to do nothing before.
    """

    def __init__(self, answer: bytes, busy_seconds: float) -> None:
        self._answer = answer
        self._busy_seconds = busy_seconds
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer, whatever it is."""
        del data
        if self._busy_seconds:
            until = perf_counter() + self._busy_seconds
            while perf_counter() < until:
                pass
        assert self._transport is not None
        self._transport.write(self._answer)


async def main(answer: bytes, busy_seconds: float) -> None:
    """Serve on a free port; print it."""
    allow_open_files()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Writing(answer, busy_seconds), "127.0.0.1", 0, backlog=BACKLOG)
    print(f"only listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(main(Path(sys.argv[1]).read_bytes(), float(sys.argv[2])))
