"""A protocol of asyncio that writes the same bytes for whatever comes: the least that a hit can cost here."""

import asyncio
import sys
from pathlib import Path
from typing import cast

from imgsvc.app.listening import BACKLOG
from imgsvc.app.polling import make_loop
from imgsvc.app.serving import allow_open_files


class Writing(asyncio.Protocol):
    """
    One connection.

    Args:
        answer: head and body.
    """

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what is written to."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer, whatever it is."""
        del data
        assert self._transport is not None
        self._transport.write(self._answer)


async def main(answer: bytes) -> None:
    """Serve on a free port; print it."""
    allow_open_files()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Writing(answer), "127.0.0.1", 0, backlog=BACKLOG)
    print(f"only listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(main(Path(sys.argv[1]).read_bytes()))
