"""
How evenly eight clients wait: cold transforms of equal cost, in a closed loop.

Each client asks again as soon as it has its answer, so eight are always in the system. By Little's law the mean time in
the system is then 8 / throughput, and where all wait alike each of them takes that long. What is shown is the 99th
percentile by that mean, beside that of the same libvips calls in a bare thread pool.

It is taken by two clocks. The wall's says what a client sees, and where others use the machine too mostly shows them.
The CPU's goes on only while the server works, so it shows what of the unevenness is the server's own: a turn out of
order, a collection of garbage, work behind the answers.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp

from bench.figures import Line, at_most
from bench.transforms import WEBP, photo, printed
from tests.support.origin import ScriptedOrigin
from tests.support.process import service_process
from tests.support.service import IMAGES, environment

ROUNDS = 3
COUNT = 200
CLIENTS = 8
WIDTH_PX = 500
MOST = 1.3
"""What the 99th percentile may be, by the mean."""

Uneven = tuple[float, float]
"""The 99th percentile by the mean: by the wall's clock, and by the CPU's."""


def cpu_clock(pid: int) -> int:
    """Name the clock of a process's CPU time, as clock_getcpuclockid(3) does on Linux."""
    return (~pid << 3) | 2


async def unevenness(pid: int, ask: Callable[[int], Awaitable[None]], numbers: Iterable[int]) -> Uneven:
    """Let the clients *ask* process *pid* for all *numbers*, and say how unevenly they waited."""
    clock, waiting, seconds = cpu_clock(pid), iter(numbers), []

    def now() -> tuple[float, float]:
        return time.perf_counter(), time.clock_gettime(clock)

    async def client() -> None:
        for n in waiting:
            began = now()
            await ask(n)
            seconds.append([after - before for before, after in zip(began, now(), strict=True)])

    began = now()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    means = [CLIENTS * (after - before) / len(seconds) for before, after in zip(began, now(), strict=True)]
    wall, cpu = (
        statistics.quantiles(s, n=100)[98] / mean for s, mean in zip(zip(*seconds, strict=True), means, strict=True)
    )
    return wall, cpu


async def in_service(pid: int, session: aiohttp.ClientSession, url: str, sources: list[str], version: int) -> Uneven:
    """Ask for one variant of each of *sources*, in a version that nobody asked for before."""

    async def ask(n: int) -> None:
        parameters = {"url": sources[n], "w": str(WIDTH_PX), "v": str(version)}
        async with session.get(url, params=parameters, headers=WEBP) as response:
            assert response.status == 200
            await response.read()

    return await unevenness(pid, ask, range(len(sources)))


async def bare_main(path: Path) -> None:
    """Make the same libvips calls on as many threads, and print how unevenly they waited."""
    import pyvips

    pyvips.cache_set_max(0)
    data = path.read_bytes()

    def one() -> None:
        image = pyvips.Image.thumbnail_buffer(data, WIDTH_PX, height=10_000_000, size="down", fail_on="truncated")
        image.webpsave_buffer(Q=80, effort=2, keep="none")

    with ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(pool, one) for _ in range(CLIENTS)))
        print(*await unevenness(os.getpid(), lambda _: loop.run_in_executor(pool, one), range(COUNT)))


async def measure() -> list[Line]:
    """Give the lines to print, and the figure that has a limit."""
    data = await asyncio.to_thread(photo().read_bytes)
    with tempfile.TemporaryDirectory() as name:
        async with ScriptedOrigin() as origin, aiohttp.ClientSession() as session:
            urls = [origin.url(f"/{n}.jpg") for n in range(COUNT * (ROUNDS + 1))]
            for n in range(len(urls)):
                origin.serve(f"/{n}.jpg", data)
            async with service_process(Path(name), **environment(Path(name), origin.port)) as service:
                pid, api = service.process.pid, service.base_url + IMAGES
                await in_service(pid, session, api, urls[-COUNT:], 1)
                rounds = []
                for n in range(ROUNDS):
                    sources = urls[n * COUNT : (n + 1) * COUNT]
                    fetched = await in_service(pid, session, api, sources, 1)
                    await asyncio.sleep(1)  # what is written behind belongs to the figure above, not to the next
                    stored = await in_service(pid, session, api, sources, 2)
                    rounds.append((stored, fetched, await printed("bench.queueing")))
    return [
        f"{CLIENTS} clients, cold transforms of equal cost, 99th percentile by the mean time in the system:",
        *(
            f"  {what}: {statistics.median(r[n][0] for r in rounds):.2f} by the wall's clock,"
            f" {statistics.median(r[n][1] for r in rounds):.2f} by the processor's"
            for n, what in enumerate(("stored originals", "with their fetch", "bare libvips"))
        ),
        at_most(
            "99th percentile by the mean, stored originals, processor", statistics.median(r[0][1] for r in rounds), MOST
        ),
    ]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(bare_main(Path(sys.argv[1])))
    else:
        print(*asyncio.run(measure()), sep="\n")
