"""CPU time of a cold transform in the service, against the same libvips calls in a bare thread pool."""

import asyncio
import os
import statistics
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import psutil

from bench.figures import Line, at_least
from imgsvc.demo import PICTURES
from tests.support.origin import ScriptedOrigin
from tests.support.process import ROOT, python_environment, service_process
from tests.support.service import IMAGES, environment

ROUNDS = 3
COUNT = 120
CLIENTS = 4
FIRST_WIDTH_PX = 500
CORPUS_PHOTO = ROOT.parent / "shared" / "corpus" / "photo-2mp-leaf.jpg"
WEBP = {"Accept": "image/webp"}


def photo() -> Path:
    """Give a real photograph where there is one, else our own drawn one."""
    return CORPUS_PHOTO if CORPUS_PHOTO.exists() else PICTURES / "landscape.jpg"


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


async def in_service(service, origin, first: int, *, quality: int = 79) -> float:
    """CPU milliseconds for each of COUNT variants nobody asked for before, of COUNT sources from number *first* on."""
    before = cpu_seconds(service.process.pid)
    numbers = iter(range(first, first + COUNT))

    async def client(session: aiohttp.ClientSession) -> None:
        for n in numbers:
            parameters = {"url": origin.url(f"/{n}.jpg"), "w": str(FIRST_WIDTH_PX + n % COUNT), "q": str(quality)}
            async with session.get(service.base_url + IMAGES, params=parameters, headers=WEBP) as response:
                assert response.status == 200
                await response.read()

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(client(session) for _ in range(CLIENTS)))
    return (cpu_seconds(service.process.pid) - before) / COUNT * 1000


async def bare() -> float:
    """CPU milliseconds for each of COUNT transforms, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.transforms", str(photo()), cwd=ROOT,
        env=python_environment({"VIPS_CONCURRENCY": "1"}), stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    return float(out)


def bare_main(path: Path) -> None:
    """Do the same libvips calls in a bare thread pool and print CPU milliseconds for each."""
    import pyvips

    pyvips.cache_set_max(0)
    data = path.read_bytes()

    def one(width: int) -> int:
        image = pyvips.Image.thumbnail_buffer(data, width, height=10_000_000, size="down", fail_on="truncated")
        return len(image.webpsave_buffer(Q=79, effort=2, keep="none"))

    with ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
        list(pool.map(one, range(FIRST_WIDTH_PX, FIRST_WIDTH_PX + 8)))
        before = sum(os.times()[:2])
        list(pool.map(one, range(FIRST_WIDTH_PX, FIRST_WIDTH_PX + COUNT)))
        print((sum(os.times()[:2]) - before) / COUNT * 1000)


async def one_round(service, origin, n: int) -> tuple[float, float, float]:
    """CPU milliseconds of transforms with a fetch, from the stored original, and of bare libvips."""
    fetched = await in_service(service, origin, COUNT * n)
    await asyncio.sleep(1)  # what is written behind belongs to the figure above, not to the next
    return fetched, await in_service(service, origin, COUNT * n, quality=78), await bare()


async def measure() -> list[Line]:
    """Give the lines to print."""
    data = await asyncio.to_thread(photo().read_bytes)
    with tempfile.TemporaryDirectory() as name:
        async with ScriptedOrigin() as origin:
            for n in range(COUNT * (ROUNDS + 1)):
                origin.serve(f"/{n}.jpg", data)
            async with service_process(Path(name), **environment(Path(name), origin.port)) as service:
                await in_service(service, origin, COUNT * ROUNDS)
                rounds = [await one_round(service, origin, n) for n in range(ROUNDS)]
    fetched, stored, libvips = (statistics.median(r[n] for r in rounds) for n in range(3))
    to_stored = statistics.median(r[2] / r[1] for r in rounds)
    to_fetched = statistics.median(r[2] / r[0] for r in rounds)
    return [
        f"cold transform of {photo().name} ({len(data)} bytes) to about {FIRST_WIDTH_PX} px WebP, CPU of the process:",
        f"  of a stored original {stored:.1f} ms, with its fetch {fetched:.1f} ms, bare libvips {libvips:.1f} ms",
        at_least("bare libvips by a transform of a stored original", to_stored, 0.85),
        f"  the same with the fetch: {to_fetched:.2f}",
    ]


if __name__ == "__main__":
    bare_main(Path(sys.argv[1]))
