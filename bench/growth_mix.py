"""Requests that are no plain hits, ever new ones of each kind: what a service meets beside its hits."""

import asyncio
import itertools
import socket
import struct
from collections import Counter
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from bench.load import request_bytes
from bench.memory_rig import Service
from tests.support.origin import ScriptedOrigin
from tests.support.pictures import png, quarters
from tests.support.service import IMAGES

CLIENTS = 4
SOURCES = 8
SIDES_PX = 57
"""Variants differ in width and height, of so many sizes from 8 px on; no factor is shared with SOURCES."""

FORMATS = ("webp", "png", "jpg")
HOT_PX = range(100, 200)
DAY = {"Content-Type": "image/png", "Cache-Control": "max-age=86400"}
FOR_EVER = struct.pack("ii", 1, 0)
"""SO_LINGER of nothing: closing breaks the connection off (RST), whatever is under way."""

SHARES = {
    "variant": 15, "source": 5, "absent": 2, "absent_again": 8, "left": 10, "unchanged": 20, "head": 20,
    "invalid": 12, "garbage": 4, "forbidden": 4,
}  # fmt: skip
"""Of a hundred."""


class Mix:
    """
    Asks; what comes back must be what that kind of request gets.

    Args:
        running: the service.
        origin: where its sources are.
    """

    def __init__(self, running: Service, origin: ScriptedOrigin) -> None:
        self._running = running
        self._origin = origin
        self._numbers = itertools.count()
        self._kinds = itertools.cycle(_spread(SHARES))
        self.asked: Counter[str] = Counter()
        for n in range(SOURCES):
            origin.serve(f"/few-{n}.png", png(quarters(256, 192)), headers=DAY | {"ETag": f'"{n}"'})
        origin.serve("/new.png", png(quarters(64, 48)), headers=DAY)

    def hits(self) -> list[bytes]:
        """Give the requests that are hits once each has been asked for."""
        targets = (self._target(f"/few-{n % SOURCES}.png", w=n, f="webp") for n in HOT_PX)
        return [request_bytes("127.0.0.1", target, {"Accept": "image/webp"}) for target in targets]

    async def ask(self, count: int) -> None:
        """Ask *count* requests by some clients at once, each on connections of its own."""
        kinds = iter(list(itertools.islice(self._kinds, count)))
        async with aiohttp.ClientSession(self._running.base_url) as session:
            await asyncio.gather(*(self._client(session, kinds) for _ in range(CLIENTS)))

    async def _client(self, session: aiohttp.ClientSession, kinds: "itertools.Iterator[str]") -> None:
        for kind in kinds:
            await getattr(self, f"_{kind}")(session, next(self._numbers))
            self.asked[kind] += 1

    def _target(self, path: str, **parameters: object) -> str:
        return f"{IMAGES}?{urlencode({'url': self._origin.url(path)} | parameters)}"

    def _new_variant(self, n: int) -> str:
        size = {"w": 8 + n % SIDES_PX, "h": 8 + n // SIDES_PX % SIDES_PX, "fit": "cover"}
        return self._target(f"/few-{n % SOURCES}.png", **size, q=30 + n // 9973 % 60, f=FORMATS[n % len(FORMATS)])

    async def _variant(self, session: aiohttp.ClientSession, n: int) -> None:
        await _expect(session, "GET", self._new_variant(n), 200)

    async def _source(self, session: aiohttp.ClientSession, n: int) -> None:
        await _expect(session, "GET", self._target(f"/new.png?n={n}", w=32, f="png"), 200)

    async def _absent(self, session: aiohttp.ClientSession, n: int) -> None:
        await _expect(session, "GET", self._target(f"/absent-{n}.png", w=32), 404)

    async def _absent_again(self, session: aiohttp.ClientSession, _n: int) -> None:
        await _expect(session, "GET", self._target("/absent.png", w=32), 404)

    async def _unchanged(self, session: aiohttp.ClientSession, n: int) -> None:
        await _expect(session, "GET", self._hot(n), 304, {"If-None-Match": "*"})

    async def _head(self, session: aiohttp.ClientSession, n: int) -> None:
        await _expect(session, "HEAD", self._hot(n), 200)

    async def _invalid(self, session: aiohttp.ClientSession, n: int) -> None:
        await _expect(session, "GET", self._target("/few-0.png", w=f"x{n}"), 400)

    async def _forbidden(self, session: aiohttp.ClientSession, n: int) -> None:
        await _expect(session, "GET", f"{IMAGES}?url=http%3A%2F%2F{n}.elsewhere.example%2F", 403)

    async def _garbage(self, _session: aiohttp.ClientSession, n: int) -> None:
        answer, writer = await self._sent(f"GET /{n} HTTP/1.1\r\nHost : x\r\n\r\n".encode())
        assert (await answer.read())[9:12] == b"400", n
        writer.close()

    async def _left(self, _session: aiohttp.ClientSession, n: int) -> None:
        """Leave while the answer is being made."""
        _, writer = await self._sent(request_bytes("127.0.0.1", self._new_variant(n), {}))
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, FOR_EVER)
        writer.transport.abort()

    async def _sent(self, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._running.port)
        writer.write(request)
        await writer.drain()
        return reader, writer

    def _hot(self, n: int) -> str:
        px = HOT_PX[n % len(HOT_PX)]
        return self._target(f"/few-{px % SOURCES}.png", w=px, f="webp")


def _spread(shares: dict[str, int]) -> list[str]:
    """Mix the kinds as evenly as their shares allow."""
    places = [((n + 0.5) / share, kind) for kind, share in shares.items() for n in range(share)]
    return [kind for _, kind in sorted(places)]


async def _expect(
    session: aiohttp.ClientSession, method: str, target: str, status: int, headers: dict[str, str] | None = None
) -> None:
    async with session.request(method, URL(target, encoded=True), headers=headers) as response:
        body = await response.read()
        assert response.status == status, (method, target, response.status, body[:300])
