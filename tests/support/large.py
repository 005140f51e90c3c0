"""Large sources: pictures above a small threshold, origins that stop half-way, and the proof that nothing is left."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from tests.support import pictures
from tests.support.http_server import Exchange
from tests.support.origin import JPEG, ScriptedOrigin
from tests.support.proxy import Proxy
from tests.support.service import IMAGES, RunningService, running_service
from tests.support.wire import TINY_BUFFER_BYTES, Wire

THRESHOLD_BYTES = 100_000
SMALL_THRESHOLD = {"IMAGE_STREAM_THRESHOLD_BYTES": str(THRESHOLD_BYTES)}
PIECE_BYTES = 64 * 1024


@cache
def photo() -> bytes:
    """A baseline JPEG of 700 × 500 px that is some 400 KB large."""
    return pictures.jpeg(pictures.noise(700, 500), Q=90)


@cache
def huge(name: str = "jpeg") -> bytes:
    """A picture of some 7 MB that can be read from top to bottom: large enough to be decoded while it arrives."""
    image = pictures.noise(1800, 1300)
    return pictures.jpeg(image, Q=97) if name == "jpeg" else pictures.png(image, compression=1)


class Gate:
    """Where an origin stops until the test lets it go on."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.reached = asyncio.Event()

    def open(self) -> None:
        """Let it send the rest."""
        self.opened.set()


def halves(
    origin: ScriptedOrigin,
    path: str,
    body: bytes,
    *,
    at: int | None = None,
    chunked: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Gate:
    """Send a body up to *at*, by default its middle, and the rest when the gate is opened."""
    gate, at = Gate(), len(body) // 2 if at is None else at

    async def behave(exchange: Exchange) -> None:
        length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(body))}
        await exchange.head(headers=JPEG | length | dict(headers or {}))
        await exchange.send(framed(body[:at]) if chunked else body[:at])
        gate.reached.set()
        await gate.opened.wait()
        await exchange.send(framed(body[at:]) + b"0\r\n\r\n" if chunked else body[at:])
        exchange.keep_alive = True

    origin.script(path, behave)
    return gate


def framed(data: bytes) -> bytes:
    """Make one chunk of *data*; nothing of nothing."""
    return b"%x\r\n%s\r\n" % (len(data), data) if data else b""


def pull(service: RunningService, url: str, headers: Mapping[str, str] | None = None, **parameters: Any) -> Any:
    """Ask for the source as it is, as a context manager: the answer's body is read by the test, at its pace."""
    query = {"url": url, "f": "original"} | {name: str(value) for name, value in parameters.items()}
    return service.session.get(service.base_url + IMAGES, params=query, headers=headers)


def request_head(url: str, version: str = "1.1", method: str = "GET") -> bytes:
    """The same question, byte by byte."""
    return f"{method} {IMAGES}?f=original&url={quote(url, safe='')} HTTP/{version}\r\nHost: a\r\n\r\n".encode()


async def connect(service: RunningService, *, tiny: bool = False) -> Wire:
    """Open a connection; a *tiny* one takes little before it is full."""
    sock = socket.socket()
    if tiny:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, TINY_BUFFER_BYTES)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", service.port))
    return Wire(sock)


async def broken_off(answer: aiohttp.ClientResponse) -> bytes:
    """Read to an end that must be an error; give what came before it."""
    data = b""
    try:
        while piece := await answer.content.read(PIECE_BYTES):
            data += piece
    except (aiohttp.ClientPayloadError, ConnectionResetError):
        return data
    raise AssertionError(f"the answer ended well after {len(data)} bytes")


def statistics(service: RunningService, owner: str) -> Any:
    """One owner's figures."""
    return service.opened.owners[owner].statistics()


def holds(service: RunningService) -> int:
    """Count who wants the large sources that arrive."""
    return sum(download.spool._holds for download in service.opened.owners["downloads"]._running)


async def until_unheld(service: RunningService) -> None:
    """Wait until the service has noticed that the last client of a large source has left."""
    downloads = service.opened.owners["downloads"]._running
    await until(lambda: not any(download.spool.is_held for download in downloads))


async def until(condition: Any, seconds: float = 60) -> None:
    """Wait until *condition* holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.003)


def left(service: RunningService, folder: Path) -> dict[str, Any]:
    """What is still held, by name; empty when nothing is."""
    gate, space, transforms = (statistics(service, name) for name in ("gate", "space", "transforms"))
    held = {
        "flights": statistics(service, "flights").in_flight,
        "downloads": statistics(service, "downloads").running,
        "persister": statistics(service, "persister").waiting,
        "transfers": service.opened.owners["transfers"].in_use_bytes,
        "spool files": space.files,
        "spool bytes": space.bytes,
        "gate": (gate.in_use_bytes, gate.admitted, gate.waiting) != (0, 0, 0) and gate,
        "transforms": transforms.queued + transforms.running + transforms.looking + transforms.piping,
        "fetches": statistics(service, "fetcher").open,
        "temporaries": temporaries(folder),
        "spool descriptors": [name for name in open_names() if re.search(r"/(\.tmp|spool)/", name)],
    }
    return {name: value for name, value in held.items() if value}


def temporaries(folder: Path) -> list[str]:
    """Unfinished files of a store or a spool below *folder*."""
    return [str(p) for p in folder.rglob("*") if p.is_file() and ({".tmp", "spool"} & set(p.parts[:-1]))]


def open_names() -> list[str]:
    """What this process' descriptors lead to."""
    names = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            names.append(str(descriptor.readlink()))
        except OSError:
            continue  # the one that lists them
    return names


async def nothing_left(service: RunningService, folder: Path, seconds: float = 60) -> None:
    """Wait until nothing is held any more, and say what is when that does not come about."""
    try:
        await until(lambda: not left(service, folder), seconds)
    except TimeoutError:
        raise AssertionError(f"left behind: {left(service, folder)}") from None


@asynccontextmanager
async def streaming_service(
    folder: Path, origin: ScriptedOrigin, proxy: Proxy | None = None, **env: str
) -> AsyncIterator[RunningService]:
    """
    Run a service to which 100 KB are large; at the end it must hold nothing, not even a descriptor.

    *proxy* is what lies between it and its store; the sockets of that and of the origin are not the service's.
    """

    def descriptors() -> int:
        return len(open_names()) - origin.open_connections - (proxy.sockets if proxy else 0)

    before = descriptors()
    async with running_service(folder, origin.port, **(SMALL_THRESHOLD | env)) as service:
        yield service
        await nothing_left(service, folder)
    try:
        await until(lambda: descriptors() <= before)
    except TimeoutError:
        more_than = f"{descriptors()} instead of {before}"
        raise AssertionError(f"descriptors left behind, {more_than}, among {sorted(open_names())}") from None
