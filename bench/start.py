"""From starting the process to the first healthy answer, and what the process weighs then and later."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp
import psutil

from tests.support.process import service_process
from tests.support.service import IMAGES

ROUNDS = 5
VARIANTS = 150
IDLE_SECONDS = 5
MIB = 1024 * 1024


async def first_healthy(session: aiohttp.ClientSession) -> float:
    """Seconds from nothing to a healthy answer."""
    with tempfile.TemporaryDirectory() as name:
        began = time.perf_counter()
        async with service_process(Path(name)) as service:
            async with session.get(service.base_url + "/api/health") as response:
                assert response.status == 200
            return time.perf_counter() - began


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
        seconds = statistics.median([await first_healthy(session) for _ in range(ROUNDS)])
        at_start, peak, idle = await sizes(session)
    return [
        f"start to first healthy answer: {seconds:.2f} s (to reach: below 1.50 s)",
        f"resident size: {at_start:.0f} MiB at start, {peak:.0f} at most, {idle:.0f} after {IDLE_SECONDS} s idle",
    ]


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
