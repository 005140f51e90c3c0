"""Memory hits a second, by bare aiohttp and by nginx with the same bytes; A B C A B C, medians of the ratios."""

import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from bench import nginx
from bench.figures import Line, at_least, at_most
from bench.load import request_bytes
from bench.pump import Pumped, pump
from tests.support.process import ROOT, python_environment, service_process
from tests.support.service import IMAGES

ROUNDS = 25
SECONDS = 0.4
CONNECTIONS = 16
HEADERS = {"Accept": "image/avif,image/webp,*/*;q=0.8", "User-Agent": "bench", "Accept-Encoding": "gzip"}
# What the server adds by itself, or what belongs to one answer only.
OWN = {"date", "content-length", "server"}

OURS, NOT_MODIFIED, BARE, BYTES, NGINX = "ours", "304", "bare", "bytes", "nginx"

Round = dict[str, Pumped]


@dataclass(frozen=True)
class Contender:
    """Whom to ask for what."""

    port: int
    request: bytes
    status: int = 200

    async def pumped(self) -> Pumped:
        """Ask for a while."""
        return await pump(self.port, self.request, CONNECTIONS, seconds=SECONDS, status=self.status)


@dataclass(frozen=True)
class Hit:
    """One answer from memory: where it was had, and what it is."""

    port: int
    target: str
    body: bytes
    headers: list[tuple[str, str]]

    def request(self, **more: str) -> bytes:
        """Write the request for it."""
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return request_bytes("127.0.0.1", self.target, HEADERS | named)

    @property
    def etag(self) -> str:
        """Its entity tag."""
        return CIMultiDict(self.headers)["ETag"]


async def memory_hit(base_url: str) -> Hit:
    """Ask a service that serves the demo pictures for one, until it is answered from memory."""
    query = urlencode({"url": f"{base_url}/demo/landscape.jpg", "w": 640})
    target = f"{IMAGES}?{query}"
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.get(URL(base_url + target, encoded=True), headers=HEADERS) as response:
                body = await response.read()
                headers = [(k, v) for k, v in response.headers.items() if k.lower() not in OWN]
    assert (response.status, response.headers["X-Cache"]) == (200, "HIT")
    return Hit(int(base_url.rpartition(":")[2]), target, body, headers)


@asynccontextmanager
async def bare_process(folder: Path, mode: str) -> AsyncIterator[int]:
    """Run ``bench.bare``, its log in a file as the service's is; gives its port."""
    with (folder / f"{mode}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.bare", str(folder), mode, cwd=ROOT, env=python_environment({}),
            stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip
    try:
        yield int((await process.stdout.readline()).decode().rpartition(":")[2])
    finally:
        process.kill()
        await process.wait()
        process._transport.close()


async def contenders(folder: Path, stack: AsyncExitStack) -> dict[str, Contender]:
    """Start everybody, in *folder*; all are ended with *stack*."""
    service = await stack.enter_async_context(service_process(folder, "--demo"))
    hit = await memory_hit(service.base_url)
    (folder / "body").write_bytes(hit.body)
    (folder / "headers.json").write_text(json.dumps(hit.headers))
    headers, plain = [await stack.enter_async_context(bare_process(folder, mode)) for mode in ("headers", "bytes")]
    named = {
        OURS: Contender(hit.port, hit.request()),
        BARE: Contender(headers, hit.request()),
        NOT_MODIFIED: Contender(hit.port, hit.request(If_None_Match=hit.etag), 304),
        BYTES: Contender(plain, hit.request()),
    }
    if nginx.program():
        port = await stack.enter_async_context(nginx.static_nginx(folder, IMAGES, hit.headers))
        named[NGINX] = Contender(port, hit.request())
    return named


async def measure() -> list[Line]:
    """Give the lines to print, and the figures that have a limit."""
    with tempfile.TemporaryDirectory() as name:
        async with AsyncExitStack() as stack:
            named = await contenders(Path(name), stack)
            rounds = [{name: await each.pumped() for name, each in named.items()} for _ in range(ROUNDS)]
            size_bytes = (Path(name) / "body").stat().st_size
    return [f"memory hit of {size_bytes} bytes, {CONNECTIONS} connections:", *_said(rounds), *_figures(rounds)]


def _said(rounds: list[Round]) -> list[Line]:
    words = {
        OURS: "hits", NOT_MODIFIED: "304s", BARE: "bare handler, same headers and log",
        BYTES: "bare handler, bytes alone, no log", NGINX: "nginx, same headers and log",
    }  # fmt: skip
    return [
        f"  {words[name]}: {statistics.median(r[name].rate for r in rounds):.0f}/s, 99 % within "
        f"{statistics.median(r[name].p99_seconds for r in rounds) * 1000:.2f} ms"
        for name in rounds[0]
    ]


def _figures(rounds: list[Round]) -> list[Line]:
    def by(name: str, other: str) -> float:
        return statistics.median(r[name].rate / r[other].rate for r in rounds)

    figures: list[Line] = [
        at_least("hits by the bare handler's", by(OURS, BARE), 3),
        at_least("304s by hits", by(NOT_MODIFIED, OURS), 1),
        f"  hits by those of bytes alone without a log: {by(OURS, BYTES):.2f}",
    ]
    if NGINX not in rounds[0]:
        return [*figures, "  nginx is not installed: nothing to compare with"]
    p99 = statistics.median(r[OURS].p99_seconds / r[NGINX].p99_seconds for r in rounds)
    return [*figures, at_least("hits by nginx's", by(OURS, NGINX), 0.7), at_most("99 % within, by nginx's", p99, 1.5)]
