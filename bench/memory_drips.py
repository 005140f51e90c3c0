"""Origins that send large pictures drop by drop, and clients who want them: a helper in a process of its own."""

import asyncio
import sys
from pathlib import Path

from bench.memory_rig import MIB
from bench.memory_streams import request_for

COUNT = 64
PIECE_BYTES = 8 * 1024
EVERY_SECONDS = 0.1
"""80 KiB a second each: above the 64 KiB below which a source is given up."""

DECLARED_BYTES = 40 * MIB


class Drips:
    """
    Listens, and sends everybody the same body, 80 KiB a second; one timer for all.

    Args:
        body: a large picture's beginning; repeated to what is declared.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._writers: dict[asyncio.StreamWriter, int] = {}
        self._clients: list[asyncio.Task[None]] = []
        self._rounds = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request; what follows the head comes by the timer."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n" % DECLARED_BYTES)
        self._writers[writer] = 0

    async def drip(self) -> None:
        """Send everybody a piece, again and again."""
        while True:
            for writer, at in list(self._writers.items()):
                if writer.is_closing():
                    del self._writers[writer]
                    continue
                writer.write(self._body[at : at + PIECE_BYTES])
                self._writers[writer] = at + PIECE_BYTES
            await asyncio.sleep(EVERY_SECONDS)

    def ask(self, service_port: int, own_port: int) -> None:
        """Have as many clients ask the service, each for a picture of a host of its own that was never asked for."""
        self._rounds += 1
        for n in range(COUNT):
            # Hosts that hang up five times in a row would be left alone.
            request = request_for(f"http://drip{n}.round{self._rounds}.test:{own_port}/a.png")
            self._clients.append(asyncio.create_task(_read(service_port, request)))

    async def leave(self) -> None:
        """Have all clients leave, and all origins hang up."""
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self._clients.clear()
        for writer in list(self._writers):
            writer.close()


async def _read(port: int, request: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        while await reader.read(1 << 16):
            pass
    finally:
        writer.close()


async def _main(path: Path) -> None:
    drips = Drips(path.read_bytes())
    server = await asyncio.start_server(drips.serve, "127.0.0.1", 0, limit=1 << 16)
    port = server.sockets[0].getsockname()[1]
    print(port, flush=True)
    timer = asyncio.create_task(drips.drip())
    loop = asyncio.get_running_loop()
    while command := (await loop.run_in_executor(None, sys.stdin.readline)).split():
        if command[0] == "ask":
            drips.ask(int(command[1]), port)
        else:
            await drips.leave()
        print("done", flush=True)
    timer.cancel()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
