"""A thousand mixed transforms with the cache off: whether the resident size stays where the first 200 brought it."""

import asyncio
import itertools
import statistics
from pathlib import Path

from bench.chart import Chart, Line
from bench.memory_rig import BUDGET_BYTES, MIB, Sampler, mib, scratch, service
from bench.memory_sources import media_type, mixed
from imgsvc.allocator import find_libraries
from tests.support.origin import ScriptedOrigin

COUNT = 1000
WARM = 200
CLIENTS = 6
IDLE_SECONDS = 5
CHOICES = ("system", "glibc", "jemalloc")
OUTPUTS = ("webp", "avif", "jpg", "png", "webp")
WIDTHS_PX = (96, 160, 320, 480, 640, 828, 1080)
TURN = 12 * 7
"""Sources and widths share no factor: in one turn every source meets every width; the next adds a pixel."""

FLAT_PERCENT = 5
PICTURE = "memory.png"
BUCKET = 5
"""Transforms that share a point of the line: the largest size seen meanwhile."""


async def _run(choice: str) -> tuple[list[tuple[float, float]], float]:
    """Give (transforms done, resident MiB) in one process, and the size after some idle seconds."""
    sources = mixed()
    kinds = zip(itertools.cycle(sources), itertools.cycle(WIDTHS_PX), itertools.cycle(OUTPUTS), strict=False)
    work, done = iter(list(enumerate(itertools.islice(kinds, COUNT)))), 0
    with scratch() as folder:
        async with ScriptedOrigin() as origin:
            for path, data in sources.items():
                origin.serve(path, data, headers={"Content-Type": media_type(data)})
            env = {"IMGSVC_CACHE_BYTES": "0", "IMGSVC_ALLOCATOR": choice}
            async with service(folder, origin.port, **env) as running:
                points: list[tuple[float, float]] = []

                async def client(sampler: Sampler) -> None:
                    nonlocal done
                    for n, (path, width, output) in work:
                        await running.get(origin.url(path), w=str(width + n // TURN), f=output)
                        done += 1
                        points.append((done, sampler.samples[-1][1] / MIB))

                with Sampler(running.pid) as sampler:
                    await asyncio.gather(*(client(sampler) for _ in range(CLIENTS)))
                idle = await running.settled(IDLE_SECONDS)
                completed = (await running.metrics())["queue"]["transforms"]["completed"]
                assert completed >= COUNT, completed
                return _bucketed(points), idle / MIB


def _bucketed(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [
        (points[start][0], max(size for _, size in points[start : start + BUCKET]))
        for start in range(0, len(points), BUCKET)
    ]


def _windows(points: list[tuple[float, float]]) -> list[float]:
    """Give the median size of each 200 transforms, in MiB."""
    starts = range(0, COUNT, WARM)
    return [statistics.median(size for done, size in points if start < done <= start + WARM) for start in starts]


async def measure(folder: Path | None = None) -> list[str]:
    """Give the lines to print; draws the chart into *folder*, if given."""
    lines = [f"{COUNT} mixed transforms of {len(mixed())} sources, cache off, {CLIENTS} at once, resident MiB:"]
    drawn = []
    for choice in CHOICES:
        if choice == "jemalloc" and find_libraries().jemalloc is None:
            lines.append("  jemalloc is not installed")
            continue
        points, idle = await _run(choice)
        windows = _windows(points)
        growth = (windows[-1] / windows[1] - 1) * 100
        aim = "" if choice == "system" else f" (to reach: below +{FLAT_PERCENT} %)"
        most = max(size for _, size in points)
        lines.append(
            f"  {choice}: {', '.join(f'{size:.0f}' for size in windows)} in each {WARM}; "
            f"the last to the second {growth:+.1f} %{aim}; at most {most:.0f}, {idle:.0f} after {IDLE_SECONDS} s idle"
        )
        drawn.append(Line(f"{choice}, {idle:.0f} MiB when idle", points))
    if folder is not None:
        title = f"Resident size over {COUNT} mixed transforms, cache off, B = {mib(BUDGET_BYTES)} MiB"
        chart = Chart(title, "transforms done", "resident size, MiB", drawn, (WARM, "the plateau begins"))
        await asyncio.to_thread(chart.save, folder / PICTURE)
    return lines


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
