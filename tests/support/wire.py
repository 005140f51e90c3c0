"""The web server on a real socket, and clients that speak to it byte by byte, well or badly."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from aiohttp import web

from imgsvc.app import Opened, open_services
from imgsvc.services.health import Phase
from imgsvc.settings import Settings
from imgsvc.web.logs import AccessLog
from imgsvc.web.routes import make_application
from imgsvc.web.server import Connection, Runner, make_runner
from tests.support.service import Lines, environment

TINY_BUFFER_BYTES = 4096


@dataclass
class Reply:
    """One answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Serving:
    """A server that answers; *opened* is what lies behind it."""

    port: int
    opened: Opened
    runner: Runner
    log: Lines

    @property
    def connections(self) -> list[Connection]:
        return self.runner.server.connections

    async def connect(self, *, tiny: bool = False) -> "Wire":
        """Open a connection; a *tiny* one takes little before it is full."""
        return await connected(self.port, tiny=tiny)

    async def until_connections(self, count: int) -> None:
        """Wait until so many connections are open."""
        async with asyncio.timeout(60):
            while len(self.connections) != count:
                await asyncio.sleep(0.002)


class Wire:
    """A client's end; reads only when told to."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._early = b""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._sock.close()

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._sock, data)

    async def send_until_cut(self, data: bytes) -> None:
        """Send again and again, with a little pause, until the other end has had enough."""
        async with asyncio.timeout(60):
            while True:
                try:
                    await self.send(data)
                except ConnectionError:
                    return
                await asyncio.sleep(0.002)

    async def read(self, size_bytes: int = 65536) -> bytes:
        """Read some bytes; none at the end."""
        async with asyncio.timeout(60):
            return await self._loop.sock_recv(self._sock, size_bytes)

    async def rest(self) -> bytes:
        """Read to the end, however it comes."""
        data = self._early
        try:
            while piece := await self.read():
                data += piece
        except ConnectionError:
            pass
        return data

    async def reply(self, *, head_only: bool = False) -> Reply:
        """Read one answer by its declared length."""
        data = self._early
        while b"\r\n\r\n" not in data:
            piece = await self.read()
            assert piece, f"the connection ended after {data!r}"
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = 0 if head_only else int(headers["content-length"])
        while len(body) < length:
            body += await self.read()
        self._early = body[length:]
        return Reply(int(first.split(" ")[1]), headers, body[:length])


async def connected(port: int, *, tiny: bool = False) -> Wire:
    """Connect to a port of loopback; see :meth:`Serving.connect`."""
    sock = socket.socket()
    if tiny:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, TINY_BUFFER_BYTES)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    return Wire(sock)


@asynccontextmanager
async def serving(
    tmp_path: Path, *, origin_port: int = 9, routes: Sequence[web.RouteDef] = (), head_timeout_seconds: float = 15,
    demo: bool = False, dress: Callable[[web.Application], object] = lambda _: None, **env: str,
) -> AsyncIterator[Serving]:  # fmt: skip
    """Serve the application, and *routes* of the test's own beside it, on loopback; *dress* may add to it."""
    settings = Settings.from_env(environment(tmp_path, origin_port, **env))
    log = Lines()
    async with open_services(settings, demo=demo) as opened:
        app = make_application(opened.services)
        app.add_routes(routes)
        dress(app)
        runner = make_runner(
            app, shutdown_timeout_seconds=1, access_log=log, access_log_class=AccessLog,
            head_timeout_seconds=head_timeout_seconds,
        )  # fmt: skip
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            port = runner.addresses[0][1]
            opened.guard.listening("127.0.0.1", port)
            opened.services.health.phase = Phase.READY
            yield Serving(port, opened, runner, log)
        finally:
            await runner.cleanup()
