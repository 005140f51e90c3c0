"""Bodies of requests, over real connections."""

import asyncio

import pytest
from aiohttp import web

from imgsvc.web.connection import LATE_BODY_SECONDS
from imgsvc.web.reading import read_body
from tests.support.looptime import loop_clock
from tests.support.wire import serving

LIMIT_BYTES = 100_000
PATIENT, HURRIED = "/patient", "/hurried"
pytestmark = pytest.mark.slow


@pytest.fixture
async def server(tmp_path):
    async def handler(request: web.Request) -> web.Response:
        timeout_seconds = 0.2 if request.path == HURRIED else 100
        body = await read_body(request, LIMIT_BYTES, timeout_seconds=timeout_seconds)
        return web.Response(text=str(len(body)))

    async with serving(tmp_path, routes=[web.post(path, handler) for path in (PATIENT, HURRIED)]) as server:
        yield server


def head(*fields: str, path: str = PATIENT) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: a", *fields, "", ""]).encode()


async def ask(server, *pieces: bytes):
    async with await server.connect() as wire:
        for piece in pieces:
            await wire.send(piece)
        return await wire.reply()


@pytest.mark.parametrize("size", [0, 1, LIMIT_BYTES])
async def test_whole(server, size):
    """A body up to the limit is read, in whatever pieces it comes."""
    reply = await ask(server, head(f"Content-Length: {size}"), b"x" * (size // 2), b"x" * (size - size // 2))
    assert (reply.status, reply.body) == (200, str(size).encode())

    chunked = await ask(server, head("Transfer-Encoding: chunked"), b"3\r\nabc\r\n", b"0\r\n\r\n")
    assert (chunked.status, chunked.body) == (200, b"3")


async def test_no_body(server):
    """A request without one has an empty one."""
    reply = await ask(server, head())
    assert (reply.status, reply.body) == (200, b"0")


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ("Content-Length: 100001", b""),
        ("Content-Length: 99999999999", b""),
        ("Transfer-Encoding: chunked", b"186a1\r\n" + b"x" * 100_001),
    ],
)
async def test_too_large(server, fields, body):
    """One byte too many is refused, before it comes when it is declared."""
    reply = await ask(server, head(fields), body)
    assert reply.status == 413
    assert b'"code": "too-large"' in reply.body


@pytest.mark.parametrize(
    ("fields", "body"), [("Content-Length: 10", b"x"), ("Content-Length: 10", b""), ("Transfer-Encoding: chunked", b"")]
)
async def test_a_body_that_never_ends(server, fields, body):
    """After its time the client is told, and that the connection ends, which it does soon after."""
    with loop_clock() as clock:
        async with await server.connect() as wire:
            await wire.send(head(fields, path=HURRIED) + body)
            reply = await wire.reply()
            await clock.forward(LATE_BODY_SECONDS)
            async with asyncio.timeout(LATE_BODY_SECONDS + 4):
                rest = await wire.rest()
    assert (reply.status, reply.headers["connection"], rest) == (408, "close", b"")
    assert b'"code": "request-timeout"' in reply.body


async def test_a_dripping_body(server):
    """Bytes that go on coming do not prolong the time, and the connection ends."""
    async with await server.connect() as wire:
        await wire.send(head("Content-Length: 99999", path=HURRIED))
        async with asyncio.timeout(60):
            dripping = asyncio.create_task(wire.send_until_cut(b"x"))
            reply = await wire.reply()
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
    assert reply.status == 408


async def test_a_broken_body(server):
    """What is no chunk is the client's fault, and ends the connection."""
    async with await server.connect() as wire:
        await wire.send(head("Transfer-Encoding: chunked") + b"3\r\nabc\r\n")
        await wire.send(b"nonsense\r\n")
        rest = await wire.rest()
    assert b" 400 " in rest.partition(b"\r\n")[0]
