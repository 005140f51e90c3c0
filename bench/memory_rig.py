"""What the parts of ``bench.memory`` share: services in processes of their own, and how large they are."""

import asyncio
import contextlib
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp
import psutil

from tests.support import seaweed
from tests.support.process import python_environment
from tests.support.service import IMAGES, PATIENCE, environment
from tests.support.tools import free_ports, running

MIB = 1024 * 1024
BUDGET_BYTES = 512 * MIB
SAMPLE_SECONDS = 0.02
CHILDREN_SECONDS = 0.5
SETTLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Service:
    """A running service; *session* is open as long as it is."""

    process: asyncio.subprocess.Process
    base_url: str
    session: aiohttp.ClientSession

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def port(self) -> int:
        return int(self.base_url.rpartition(":")[2])

    async def metrics(self) -> dict[str, Any]:
        """Give ``/api/health/metrics``."""
        async with self.session.get(f"{self.base_url}/api/health/metrics") as response:
            figures: dict[str, Any] = await response.json()
            return figures

    async def get(self, url: str, **parameters: str) -> bytes:
        """Give a picture; anything but a 200 is a fault of the bench."""
        async with self.session.get(self.base_url + IMAGES, params={"url": url} | parameters) as response:
            body = await response.read()
            assert response.status == 200, (url, response.status, body[:300])
            return body

    async def settled(self, seconds: float = SETTLE_SECONDS) -> int:
        """Wait until nothing is stored behind any more, and *seconds* longer; give the resident size then."""
        while True:
            figures = await self.metrics()
            queue = figures["queue"]
            if not (
                figures["coalescing"]["in_flight"]
                or queue["persister"]["waiting"]
                or queue["spool"]["files"]
                or queue["downloads"]["running"]
            ):
                break
            await asyncio.sleep(0.05)
        await asyncio.sleep(seconds)
        return resident_bytes(self.pid)


@asynccontextmanager
async def service(folder: Path, origin_port: int, *, program: str = "imgsvc", **env: str) -> AsyncIterator[Service]:
    """Run ``python -m PROGRAM serve`` in *folder*, in front of the scripted origin at *origin_port*, and end it."""
    values = environment(folder, origin_port, IMAGE_RAM_BUDGET_BYTES=str(BUDGET_BYTES))
    # Measured with the time-outs that a service has by itself, not with those of tests.
    values = {name: value for name, value in values.items() if name not in PATIENCE} | env
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", program, "serve", "--port", "0",
            cwd=folder, env=python_environment(values), stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            line = (await process.stdout.readline()).decode()
        connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            yield Service(process, line.rpartition(" ")[2].strip(), session)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        process._transport.close()


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="imgsvc-bench-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@asynccontextmanager
async def s3_server(folder: Path) -> AsyncIterator[dict[str, str]]:
    """Run a real S3 server; gives what the environment of a service with a bucket there says."""
    program = weed()
    assert program is not None
    ports = free_ports(8)
    server = seaweed.Seaweed(f"http://127.0.0.1:{ports[6]}")
    with running([program, *seaweed._arguments(folder, ports)], folder) as process:
        await seaweed._until_ready(server, process, folder / "log")
        await server.make_bucket("bench")
        yield server.values("bench")


def weed() -> str | None:
    """Find the S3 server's program; None = it is not installed."""
    return shutil.which("weed", path=f"{Path(sys.executable).parent}") or shutil.which("weed")


def resident_bytes(pid: int) -> int:
    """Read the resident size of a process and its children."""
    process = psutil.Process(pid)
    return sum(p.memory_info().rss for p in (process, *process.children(recursive=True)))


def high_water_bytes(pid: int) -> int:
    """Read the largest resident size the process itself ever had, by the kernel's own book (VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


class Sampler(threading.Thread):
    """
    Reads the resident size of a process and its children every 20 ms, from a thread; a context manager.

    What comes and goes between two readings is known from the kernel's high-water mark, which is reset on entering
    (proc(5), ``clear_refs``) and is of the process alone.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self.samples: list[tuple[float, int]] = []
        self.high_water_bytes = 0

    @property
    def sampled_bytes(self) -> int:
        """The largest reading."""
        return max(rss for _, rss in self.samples)

    @property
    def peak_bytes(self) -> int:
        """The largest size there was; after the block."""
        return max(self.sampled_bytes, self.high_water_bytes)

    def run(self) -> None:
        """Read until told to end, or until the process is gone."""
        children: list[psutil.Process] = []
        asked_at = 0.0
        while not self._ended.wait(SAMPLE_SECONDS):
            now = time.perf_counter()
            try:
                if now - asked_at > CHILDREN_SECONDS:
                    children, asked_at = self._process.children(recursive=True), now
                self.samples.append((now, self._process.memory_info().rss + sum(_rss(c) for c in children)))
            except psutil.Error:
                return

    def __enter__(self) -> Self:
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")
        self.samples.append((time.perf_counter(), self._process.memory_info().rss))
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()
        with contextlib.suppress(OSError):  # it may have been killed
            self.high_water_bytes = high_water_bytes(self._process.pid)


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # a worker may end at any time
        return 0


def mib(size_bytes: float) -> str:
    """Write a size in MiB."""
    return f"{size_bytes / MIB:.0f}"


def percentile(values: list[float], percent: float) -> float:
    """Give the value that *percent* of the values do not exceed; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0
