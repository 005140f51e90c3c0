"""A small HTTP/1.1 server on loopback that does exactly what a coroutine tells it to; see ``tests.support.origin``."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Self

from multidict import CIMultiDict, CIMultiDictProxy

TLS_HANDSHAKE = b"\x16"
"""The first byte of a connection by TLS (RFC 8446 §5.1)."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it came in; *target* is path and query, byte for byte."""

    method: str
    target: str
    headers: CIMultiDictProxy[str]

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


class Exchange:
    """One request and the means to answer it, well or badly; a behaviour is a coroutine function taking it."""

    def __init__(self, request: Recorded, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self.writer = writer
        self.keep_alive = False

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Send status line and header fields."""
        lines = [f"HTTP/1.1 {status} Scripted", *(f"{k}: {v}" for k, v in (headers or {}).items())]
        await self.send("\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape"))

    async def answer(self, body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Send a whole, honest answer, and keep the connection."""
        self.keep_alive = True
        await self.head(status, {"Content-Length": str(len(body)), **(headers or {})})
        if self.request.method != "HEAD":
            await self.send(body)

    async def stall(self) -> None:
        """Do nothing until the client leaves or the server ends."""
        await asyncio.Event().wait()

    def reset(self) -> None:
        """Break the connection off with RST instead of FIN."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Exchange], Awaitable[None]]


class HttpServer:
    """
    Listens, records and counts; what is answered is a behaviour per path, else 404.

    Args:
        tls: serve https with this context.
        host: loopback address to listen on.
        port: to listen on; 0 takes a free one.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
        self._tls = tls
        self._host = host
        self.port = port
        self._behaviours: dict[str, Behaviour] = {}
        self._hits: Counter[str] = Counter()
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: list[Recorded] = []
        self.connections = 0
        """Connections taken since the start."""
        self.open_connections = 0
        """Of them, those that still are."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._host, self.port, ssl=self._tls, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    # What tests ask.

    def url(self, path: str, host: str = "origin.test") -> str:
        """Give a path's URL under any name; the port is the real one."""
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def connect_to(self, *hosts: str) -> str:
        """Give an IMGSVC_CONNECT_TO that leads these hosts here, by default ``origin.test``."""
        return ",".join(f"{host}={self._host}:{self.port}" for host in hosts or ("origin.test",))

    def hits(self, path: str) -> int:
        """Count the requests for a path so far."""
        return self._hits[path]

    async def until_hits(self, path: str, count: int = 1) -> None:
        """Wait until a path was asked for *count* times."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._hits[path] >= count)

    async def until_open_connections(self, count: int = 0) -> None:
        """Wait until no more than *count* connections are open."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.open_connections <= count)

    def script(self, path: str, behaviour: Behaviour) -> None:
        """Answer a path with any behaviour."""
        self._behaviours[path] = behaviour

    # How it is done.

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open_connections += 1
        try:
            await self._converse(reader, writer)
        except (OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass  # the client left, or the test ended: both are what tests do
        finally:
            writer.transport.abort() if writer.transport.is_closing() else writer.close()
            self._tasks.discard(task)
            self.open_connections -= 1
            await self._notify()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        early = await reader.read(1)
        if early in (b"", TLS_HANDSHAKE):
            return  # who speaks TLS to a server that does not is hung up on
        while True:
            head = early + await reader.readuntil(b"\r\n\r\n")
            exchange = Exchange(_parse(head.decode("latin-1")), writer)
            self.requests.append(exchange.request)
            self._hits[exchange.request.path] += 1
            await self._notify()
            behaviour = self._behaviours.get(exchange.request.path, lambda x: x.answer(b"", status=404))
            early = await _until_left(reader, asyncio.ensure_future(behaviour(exchange)))
            if not exchange.keep_alive:
                return

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


async def _until_left(reader: asyncio.StreamReader, behaviour: asyncio.Future[None]) -> bytes:
    """Run a behaviour, but no longer than its client stays; give what that client sent meanwhile."""
    left = asyncio.ensure_future(reader.read(1))
    try:
        await asyncio.wait((behaviour, left), return_when=asyncio.FIRST_COMPLETED)
        if not behaviour.done() and not left.result():
            raise ConnectionResetError
        await behaviour
    finally:
        behaviour.cancel()
        left.cancel()
        await asyncio.gather(behaviour, left, return_exceptions=True)
    return b"" if left.cancelled() else left.result()


def _parse(head: str) -> Recorded:
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    fields = CIMultiDict((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    return Recorded(method, target, CIMultiDictProxy(fields))


class Canary:
    """A server on a loopback address that only counts who comes: nobody ever should."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._wanted = (host, port)
        self.connections = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._count, *self._wanted)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _count(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
