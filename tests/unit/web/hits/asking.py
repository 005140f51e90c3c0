"""Requests of which memory has the answer, and what came back to the byte."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlencode

from imgsvc.web.hits.table import HitTable
from tests.support.origin import ScriptedOrigin
from tests.support.pictures import png
from tests.support.service import IMAGES
from tests.support.wire import Serving, Wire, serving

PICTURE = png()

_VARYING = re.compile(rb"(?<=\r\n)(X-Request-Id|Server-Timing|Date|Age|Cache-Status): [^\r]*")


def get(target: str, *lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/{version}", "Host: a", *lines, "", ""]).encode()


def target_of(origin: ScriptedOrigin, path: str = "/a.png", **parameters: str) -> str:
    return f"{IMAGES}?{urlencode({'url': origin.url(path), 'f': 'original'} | parameters)}"


@asynccontextmanager
async def hitting(tmp_path, size_bytes: int = 1000, **more):
    """Serve, with a picture of so many bytes at ``/a.png``; gives the server and the origin."""
    async with ScriptedOrigin() as origin, serving(tmp_path, origin_port=origin.port, **more) as server:
        origin.serve("/a.png", PICTURE + bytes(size_bytes - len(PICTURE)))
        yield server, origin


async def ask(wire: Wire, request: bytes, *, bodiless: bool = False) -> bytes:
    """Send a request, in as many pieces as it comes, and read the whole answer."""
    await wire.send(request)
    return await read_answer(wire, bodiless=bodiless or request.startswith(b"HEAD"))


async def read_answer(wire: Wire, *, bodiless: bool = False) -> bytes:
    """Read one answer and no more than that."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += await wire.read()
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"\r\nContent-Length: (\d+)", head)
    missing = 0 if bodiless or b" 304 " in head[:20] else int(length[1]) - len(body)
    while missing > 0:
        piece = await wire.read()
        assert piece, "cut"
        data, missing = data + piece, missing - len(piece)
    assert missing == 0
    return data


async def warm(server: Serving, wire: Wire, request: bytes) -> bytes:
    """Ask until memory has what will stay as it is, and it was answered from there by the slow path; gives that."""
    await ask(wire, request)
    await until(lambda: all(blob.stored for blob in server.opened.owners["memory"].blobs()))
    answer = await ask(wire, request)
    assert b"\r\nX-Cache: HIT\r\n" in answer
    return answer


def alike(answer: bytes) -> bytes:
    """Give an answer without the values that differ from one to the next; their names and places stay."""
    head, end, body = answer.partition(b"\r\n\r\n")
    return _VARYING.sub(rb"\1: *", head) + end + body


def headers_of(answer: bytes) -> Mapping[str, str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines)


def table_of(server: Serving) -> HitTable:
    return server.connections[0]._hits


def answered(server: Serving) -> int:
    """How many requests were answered without the parser."""
    return table_of(server).statistics().answered


async def until(condition) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.002)
