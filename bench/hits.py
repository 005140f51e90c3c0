"""Memory hits a second, by bare aiohttp and by nginx with the same bytes; A B C A B C, medians of the ratios."""

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
import psutil
from multidict import CIMultiDict
from yarl import URL

from bench import nginx
from bench.children import child
from bench.figures import Line, at_least, at_most
from bench.load import request_bytes
from bench.pump import Pumped, pump
from tests.support.process import service_process
from tests.support.service import IMAGES

ROUNDS = 25
SECONDS = 0.4
CONNECTIONS = 16
HEADERS = {"Accept": "image/avif,image/webp,*/*;q=0.8", "User-Agent": "bench", "Accept-Encoding": "gzip"}
# What the server adds by itself, or what belongs to one answer only.
OWN = {"date", "content-length", "server"}

OURS, NOT_MODIFIED, BARE, BYTES, NGINX = "ours", "304", "bare", "bytes", "nginx"


@dataclass(frozen=True)
class Sample:
    """What came of asking one for a while, and what it cost him."""

    pumped: Pumped
    cpu_seconds: float


Round = dict[str, Sample]


@dataclass(frozen=True)
class Contender:
    """Whom to ask for what."""

    port: int
    pid: int
    request: bytes
    status: int = 200

    async def sample(self) -> Sample:
        """Ask for a while."""
        before = self._cpu_seconds()
        pumped = await pump(self.port, self.request, CONNECTIONS, seconds=SECONDS, status=self.status)
        return Sample(pumped, self._cpu_seconds() - before)

    def _cpu_seconds(self) -> float:
        """Give what the process and its children have used so far."""
        process = psutil.Process(self.pid)
        times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
        return sum(each.user + each.system for each in times)


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
async def bare_process(folder: Path, mode: str) -> AsyncIterator[tuple[int, int]]:
    """Run ``bench.bare``, its log in a file as the service's is; gives its port and process id."""
    async with child([sys.executable, "-m", "bench.bare", folder, mode], folder / f"{mode}.log") as process:
        yield int((await process.stdout.readline()).decode().rpartition(":")[2]), process.pid


async def contenders(folder: Path, stack: AsyncExitStack) -> dict[str, Contender]:
    """Start everybody, in *folder*; all are ended with *stack*."""
    service = await stack.enter_async_context(service_process(folder, "--demo"))
    hit = await memory_hit(service.base_url)
    (folder / "body").write_bytes(hit.body)
    (folder / "headers.json").write_text(json.dumps(hit.headers))
    headers, plain = [await stack.enter_async_context(bare_process(folder, mode)) for mode in ("headers", "bytes")]
    ours, request = (hit.port, service.process.pid), hit.request()
    named = {
        OURS: Contender(*ours, request),
        BARE: Contender(*headers, request),
        NOT_MODIFIED: Contender(*ours, hit.request(If_None_Match=hit.etag), 304),
        BYTES: Contender(*plain, request),
    }
    if nginx.program():
        where = await stack.enter_async_context(nginx.static_nginx(folder, IMAGES, hit.headers))
        named[NGINX] = Contender(*where, request)
    return named


async def measure() -> list[Line]:
    """Give the lines to print, and the figures that have a limit."""
    with tempfile.TemporaryDirectory() as name:
        async with AsyncExitStack() as stack:
            named = await contenders(Path(name), stack)
            rounds = [{name: await each.sample() for name, each in named.items()} for _ in range(ROUNDS)]
            size_bytes = (Path(name) / "body").stat().st_size
    return [f"memory hit of {size_bytes} bytes, {CONNECTIONS} connections:", *_said(rounds), *_figures(rounds)]


def _said(rounds: list[Round]) -> list[Line]:
    words = {
        OURS: "hits", NOT_MODIFIED: "304s", BARE: "bare handler, same headers and log",
        BYTES: "bare handler, bytes alone, no log", NGINX: "nginx, same headers and log",
    }  # fmt: skip
    return [
        f"  {words[name]}: {_median(rounds, name, 'rate'):.0f}/s, 99 % within "
        f"{_median(rounds, name, 'p99_seconds') * 1000:.2f} ms, CPU {_cpu_us(rounds, name):.0f} µs"
        for name in rounds[0]
    ]


def _figures(rounds: list[Round]) -> list[Line]:
    figures: list[Line] = [
        at_least("hits by the bare handler's", _ratio(rounds, OURS, BARE), 3),
        at_least("304s by hits", _ratio(rounds, NOT_MODIFIED, OURS), 1),
        f"  hits by those of bytes alone without a log: {_ratio(rounds, OURS, BYTES):.2f}",
        f"  CPU of the bare handler by that of a hit: {_cpu_us(rounds, BARE) / _cpu_us(rounds, OURS):.2f}",
    ]
    if NGINX not in rounds[0]:
        return [*figures, "  nginx is not installed: nothing to compare with"]
    return [
        *figures,
        at_least("hits by nginx's", _ratio(rounds, OURS, NGINX), 0.7),
        at_most("99 % within, by nginx's", _ratio(rounds, OURS, NGINX, "p99_seconds"), 1.5),
        f"  CPU of nginx by that of a hit: {_cpu_us(rounds, NGINX) / _cpu_us(rounds, OURS):.2f}",
    ]


def _median(rounds: list[Round], name: str, what: str) -> float:
    return statistics.median(getattr(r[name].pumped, what) for r in rounds)


def _ratio(rounds: list[Round], name: str, other: str, what: str = "rate") -> float:
    return statistics.median(getattr(r[name].pumped, what) / getattr(r[other].pumped, what) for r in rounds)


def _cpu_us(rounds: list[Round], name: str) -> float:
    """Give the microseconds of an answer over all rounds: the system counts in steps too large for one."""
    samples = [r[name] for r in rounds]
    return sum(s.cpu_seconds for s in samples) / sum(s.pumped.answers for s in samples) * 1e6
