"""From starting the process to the first healthy answer, beside a bare one; what the process weighs then and later."""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import psutil

from tests.support.process import listening, python_environment, run, service_process
from tests.support.service import IMAGES

OURS = ("imgsvc", "serve", "--port", "0")
BARE = ("bench.bare_start",)
MOST_BY_BARE = 1.1
ROUNDS = 9
VARIANTS = 150
IDLE_SECONDS = 5
MIB = 1024 * 1024


async def first_healthy(session: aiohttp.ClientSession, *module: str) -> float:
    """Seconds from nothing to a healthy answer of ``python -m`` *module*, which prints where it listens."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *module, cwd=folder, env=python_environment({}),
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


async def rounds(session: aiohttp.ClientSession) -> list[tuple[float, float, float]]:
    """Start both, bare before and after, in turn: seconds of the bare one, of ours, and their ratio."""
    measured = []
    before = await first_healthy(session, *BARE)
    for _ in range(ROUNDS):
        ours = await first_healthy(session, *OURS)
        after = await first_healthy(session, *BARE)
        bare = (before + after) / 2
        measured.append((bare, ours, ours / bare))
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


async def measure() -> list[str]:
    """Give the lines to print."""
    async with aiohttp.ClientSession() as session:
        bare, ours, ratio = (statistics.median(column) for column in zip(*await rounds(session), strict=True))
        probe = await probe_seconds()
        at_start, peak, idle = await sizes(session)
    beside = f"{ratio:.2f} × that of a bare application with pyvips, {bare:.2f} s (to reach: {MOST_BY_BARE} ×)"
    return [
        f"start to first healthy answer: {ours:.2f} s, {beside}",
        f"imgsvc health, asked and answered: {probe:.2f} s",
        f"resident size: {at_start:.0f} MiB at start, {peak:.0f} at most, {idle:.0f} after {IDLE_SECONDS} s idle",
    ]


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
