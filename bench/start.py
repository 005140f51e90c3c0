"""
From starting the process to the first healthy answer, beside a bare one; what the process weighs then and later.

As the image starts it: with the allocator in its environment. On a command line it looks for that first: where there is
a jemalloc it starts its interpreter twice, else it sets glibc. Both are said beside.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import psutil

from bench.figures import Line, at_most
from imgsvc.allocator import allocator_environment, find_libraries
from tests.support.process import listening, python_environment, run, service_process
from tests.support.service import IMAGES

OURS = ("imgsvc", "serve", "--port", "0")
BARE = ("bench.bare_start",)
MOST_BY_BARE = 1.1
ROUNDS = 15
VARIANTS = 150
IDLE_SECONDS = 5
MIB = 1024 * 1024


PLAIN = python_environment({})
LACKING_JEMALLOC = python_environment({"IMGSVC_ALLOCATOR": "glibc"})
"""What ``auto`` does on a machine without jemalloc."""


async def first_healthy(session: aiohttp.ClientSession, module: tuple[str, ...], env: dict[str, str]) -> float:
    """Seconds from nothing to a healthy answer of ``python -m`` *module*, which prints where it listens."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *module, cwd=folder, env=env,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with listening(process) as service:
            async with session.get(service.base_url + "/api/health") as response:
                assert response.status == 200
                assert (await response.json())["status"] == "healthy"
            return time.perf_counter() - began


async def probe_seconds() -> float:
    """Seconds that a container's probe takes, which is a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        async with service_process(Path(name)) as service:
            began = time.perf_counter()
            code, _, _ = await run(Path(name), "health", IMGSVC_PORT=str(service.port))
            assert code == 0
            return time.perf_counter() - began


async def rounds(session: aiohttp.ClientSession) -> list[tuple[float, ...]]:
    """Start all in turn, bare before and after: seconds of bare and ours, ratios of ours and of both plain ones."""
    chosen = allocator_environment("auto", PLAIN, find_libraries()) or PLAIN
    measured = []
    before = await first_healthy(session, BARE, PLAIN)
    for _ in range(ROUNDS):
        ours, twice, glibc = [await first_healthy(session, OURS, env) for env in (chosen, PLAIN, LACKING_JEMALLOC)]
        after = await first_healthy(session, BARE, PLAIN)
        bare = (before + after) / 2
        measured.append((bare, ours, ours / bare, twice / bare, glibc / bare))
        before = after
    return measured


async def sizes(session: aiohttp.ClientSession) -> tuple[float, float, float]:
    """Resident MiB at start, at most during a mixed burst, and after some idle seconds."""
    with tempfile.TemporaryDirectory() as name:
        async with service_process(Path(name), "--demo") as service:
            process = psutil.Process(service.process.pid)
            at_start = peak = process.memory_info().rss
            numbers = iter(range(VARIANTS))

            async def client() -> None:
                for n in numbers:
                    output = ("webp", "jpg", "avif", "png")[n % 4]
                    source = f"{service.base_url}/demo/landscape.jpg"
                    parameters = {"url": source, "w": str(300 + n), "f": output}
                    async with session.get(service.base_url + IMAGES, params=parameters) as response:
                        assert response.status == 200
                        await response.read()

            work = asyncio.gather(*(client() for _ in range(4)))
            while not work.done():
                peak = max(peak, process.memory_info().rss)
                await asyncio.sleep(0.02)
            await work
            await asyncio.sleep(IDLE_SECONDS)
            return at_start / MIB, peak / MIB, process.memory_info().rss / MIB


async def measure() -> list[Line]:
    """Give the lines to print, and the figure that has a limit."""
    async with aiohttp.ClientSession() as session:
        columns = zip(*await rounds(session), strict=True)
        bare, ours, ratio, twice, glibc = (statistics.median(column) for column in columns)
        probe = await probe_seconds()
        at_start, peak, idle = await sizes(session)
    return [
        f"start to first healthy answer: {ours:.2f} s; of a bare application with pyvips {bare:.2f} s",
        at_most("start as the image does it, by the bare application's", ratio, MOST_BY_BARE),
        f"  on a command line {twice:.2f} where it starts a second time for jemalloc, {glibc:.2f} without",
        f"imgsvc health, asked and answered: {probe:.2f} s",
        f"resident size: {at_start:.0f} MiB at start, {peak:.0f} at most, {idle:.0f} after {IDLE_SECONDS} s idle",
    ]


if __name__ == "__main__":
    print(*asyncio.run(measure()), sep="\n")
