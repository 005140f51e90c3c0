"""Bytes on their way: streamed answers over a real socket, whole and broken."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from imgsvc.errors import NoSpoolRoom, OriginUnreachable
from imgsvc.web.sending import SLICE_BYTES, send_bytes, send_stream
from tests.support.wire import serving

pytestmark = pytest.mark.slow

PIECES = [bytes([n]) * 40_000 for n in range(20)]
WHOLE = b"".join(PIECES)
HEADERS = [("Content-Type", "image/png")]


class Pieces:
    """A body that gives these pieces, then fails if it is told to."""

    def __init__(self, pieces: list[bytes], error: Exception | None = None) -> None:
        self.pieces = pieces
        self.error = error
        self.asked: list[tuple[int, int | None]] = []
        self.ended = 0
        self.given = 0
        self.size_bytes = None

    async def chunks(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        self.asked.append((start, stop))
        try:
            for piece in self.pieces:
                self.given += 1
                yield piece
                await asyncio.sleep(0)
            if self.error is not None:
                raise self.error
        finally:
            self.ended += 1

    def hold(self) -> None:
        """Do nothing: nothing is counted here."""

    def let_go(self) -> None:
        """Do nothing."""


def route(body: Pieces, size_bytes: int | None, status: int = 200, start: int = 0) -> web.RouteDef:
    async def handler(request: web.Request) -> web.StreamResponse:
        return await send_stream(request, status, HEADERS, body, size_bytes=size_bytes, start=start)

    return web.get("/body", handler)


async def exchange(server, method: str = "GET") -> bytes:
    async with await server.connect() as wire:
        await wire.send(f"{method} /body HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        return await wire.rest()


async def test_of_known_length(tmp_path):
    """A length that is known is declared, and exactly those bytes are sent."""
    body = Pieces(PIECES)
    async with serving(tmp_path, routes=[route(body, len(WHOLE))]) as server:
        head, _, sent = (await exchange(server)).partition(b"\r\n\r\n")

    assert b"Content-Length: 800000" in head
    assert b"X-System-Status: " in head
    assert sent == WHOLE
    assert (body.asked, body.ended) == ([(0, len(WHOLE))], 1)


async def test_of_unknown_length(tmp_path):
    """Else the end is told by the last chunk."""
    async with serving(tmp_path, routes=[route(Pieces([b"abc", b"de"]), None)]) as server:
        head, _, sent = (await exchange(server)).partition(b"\r\n\r\n")

    assert b"Transfer-Encoding: chunked" in head
    assert sent == b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


async def test_a_part(tmp_path):
    """A part is asked for as such."""
    body = Pieces([b"cd"])
    async with serving(tmp_path, routes=[route(body, 2, 206, start=2)]) as server:
        answer = await exchange(server)

    assert answer.startswith(b"HTTP/1.1 206")
    assert body.asked == [(2, 4)]


@pytest.mark.parametrize("size_bytes", [len(WHOLE), None])
async def test_head(tmp_path, size_bytes):
    """HEAD sends the head alone and reads nothing."""
    body = Pieces(PIECES)
    async with serving(tmp_path, routes=[route(body, size_bytes)]) as server:
        head, _, sent = (await exchange(server, "HEAD")).partition(b"\r\n\r\n")

    assert (b"Content-Length: 800000" in head) == (size_bytes is not None)
    assert (sent, body.asked) == (b"", [])


async def test_what_fails_before_the_first_byte_is_told(tmp_path):
    """While nothing has been sent a failure is a document like any other."""
    body = Pieces([], NoSpoolRoom("There is no room.", retry_after_seconds=5))
    async with serving(tmp_path, routes=[route(body, 100)]) as server:
        answer = await exchange(server)

    assert answer.startswith(b"HTTP/1.1 503")
    assert b"Retry-After: 5" in answer
    assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    "error", [OriginUnreachable("The source broke off."), RuntimeError("a fault")], ids=["foreseen", "unforeseen"]
)
@pytest.mark.parametrize("size_bytes", [len(WHOLE) * 2, None])
async def test_what_fails_after_it_breaks_the_connection(tmp_path, size_bytes, error):
    """Later there is no second answer and no orderly end: the connection breaks."""
    body = Pieces(PIECES, error)
    async with serving(tmp_path, routes=[route(body, size_bytes)]) as server:
        async with await server.connect() as wire:
            await wire.send(b"GET /body HTTP/1.1\r\nHost: a\r\n\r\n")
            sent = await wire.rest()
        await server.until_connections(0)

    assert sent.startswith(b"HTTP/1.1 200")
    assert sent.count(b"HTTP/1.1") == 1
    assert not sent.endswith(b"0\r\n\r\n")
    assert body.ended == 1


async def test_a_client_that_leaves_ends_the_reading(tmp_path):
    """Whoever leaves in the middle leaves no reader behind."""
    body = Pieces(PIECES * 100)
    async with serving(tmp_path, routes=[route(body, None)]) as server:
        async with await server.connect(tiny=True) as wire:
            await wire.send(b"GET /body HTTP/1.1\r\nHost: a\r\n\r\n")
            await wire.read(1000)
        await server.until_connections(0)
        async with asyncio.timeout(60):
            while not body.ended:
                await asyncio.sleep(0.002)

    assert body.given < len(body.pieces)


@pytest.mark.parametrize("size_bytes", [0, 1, SLICE_BYTES, SLICE_BYTES + 1, SLICE_BYTES * 3])
async def test_bytes_of_any_size(tmp_path, size_bytes):
    """What is in memory arrives whole, in one piece or in slices."""
    data = bytes(range(256)) * (size_bytes // 256 + 1)

    async def handler(request: web.Request) -> web.StreamResponse:
        return await send_bytes(request, 200, HEADERS, data, 0, size_bytes)

    async with serving(tmp_path, routes=[web.get("/body", handler)]) as server:
        head, _, sent = (await exchange(server)).partition(b"\r\n\r\n")

    assert f"Content-Length: {size_bytes}".encode() in head
    assert sent == data[:size_bytes]
