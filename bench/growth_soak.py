"""A million requests, nine in ten hits: whether size, descriptors, tasks and threads stay where they were."""

import asyncio
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psutil

from bench import chart
from bench.chart import Chart
from bench.figures import Line, at_most
from bench.growth_mix import Mix
from bench.load import request_bytes
from bench.memory_rig import MIB, Service, mib, resident_bytes, scratch, service
from bench.pump import pump
from imgsvc.services.records import REMEMBERED
from tests.support.origin import ScriptedOrigin
from tests.support.service import IMAGES

COUNT = 1_000_000
WARM = 200_000
STEPS = 100
HITS_PERCENT = 90
CONNECTIONS = 16
SETTLE_SECONDS = 0.2
MEMORY = {"IMAGE_RAM_BUDGET_BYTES": str(256 * MIB), "IMGSVC_CACHE_BYTES": str(2 * MIB)}
"""Small, so that what is bounded is full soon: a cache that fills is no leak, but cannot be told from one."""

PATIENCE = {"IMGSVC_CONNECT_TIMEOUT": "60", "IMGSVC_READ_TIMEOUT": "60", "IMGSVC_FETCH_TIMEOUT": "120"}
"""The origin shares the machine with all else; that it is late now and then is not what is measured."""

AIM_MB, AIM_COUNTS = 0.5, 5
SIZE_CHART, COUNTS_CHART = "soak-memory.svg", "soak-counts.svg"


@dataclass(frozen=True, slots=True)
class Sample:
    """The service at rest after that many requests; *tasks* are the event loop's, *threads* the system's."""

    requests: int
    resident_bytes: int
    descriptors: int
    tasks: int
    threads: int


def slope_mb(samples: Sequence[Sample]) -> float:
    """Give by how many MB the resident size grows in 100,000 requests, by least squares."""
    points = [(s.requests / 100_000, s.resident_bytes / 1e6) for s in samples]
    return statistics.linear_regression(*zip(*points, strict=True)).slope


def swing(samples: Sequence[Sample], name: str) -> int:
    """Give how far a count is from its median at the most."""
    values = [getattr(s, name) for s in samples]
    middle = round(statistics.median(values))
    return max(max(values) - middle, middle - min(values))


async def sample(running: Service, requests: int) -> Sample:
    """Wait until the service is at rest, and look."""
    await running.settled(SETTLE_SECONDS)
    tasks = (await running.metrics())["process"]["tasks"]
    process = psutil.Process(running.pid)
    return Sample(requests, resident_bytes(running.pid), process.num_fds(), tasks, process.num_threads())


async def soak(running: Service, origin: ScriptedOrigin, *, count: int, steps: int) -> list[Sample]:
    """Ask *count* requests in *steps* equal parts, each on new connections; look before the first and after each."""
    mix, part = Mix(running, origin), count // steps
    hits = mix.hits()
    await pump(running.port, hits, connections=1, count=len(hits))
    samples = [await sample(running, 0)]
    for step in range(1, steps + 1):
        hit_count = part * HITS_PERCENT // 100
        await asyncio.gather(
            pump(running.port, hits, connections=CONNECTIONS, count=hit_count), mix.ask(part - hit_count)
        )
        samples.append(await sample(running, step * part))
        last = samples[-1]
        print(
            f"{last.requests:,} requests: {last.resident_bytes / MIB:.1f} MiB, {last.descriptors} descriptors, "
            f"{last.tasks} tasks, {last.threads} threads",
            file=sys.stderr,
        )
    return samples


async def fill(running: Service, origin: ScriptedOrigin) -> None:
    """Fill what is bounded and would take long to fill: the records of sources, and with them the memory cache."""
    Mix(running, origin)
    urls = (origin.url(f"/new.png?before={n}") for n in range(REMEMBERED))
    targets = (f"{IMAGES}?{urlencode({'url': url, 'w': 32, 'f': 'png'})}" for url in urls)
    requests = [request_bytes("127.0.0.1", target, {}) for target in targets]
    await pump(running.port, requests, CONNECTIONS, count=len(requests))


def _charts(samples: Sequence[Sample]) -> dict[str, Chart]:
    def line(words: str, name: str, scale: float = 1) -> chart.Line:
        return chart.Line(words, [(s.requests / 1000, getattr(s, name) * scale) for s in samples])

    x_label, mark = "thousand requests", (WARM / 1000, "from here on the slope counts")
    counts = [line("descriptors", "descriptors"), line("tasks", "tasks"), line("threads", "threads")]
    size = [line("at rest after each part", "resident_bytes", 1 / MIB)]
    return {
        SIZE_CHART: Chart("Resident size over a million requests", x_label, "resident size, MiB", size, mark),
        COUNTS_CHART: Chart("Descriptors, tasks and threads over a million requests", x_label, "number", counts, mark),
    }


async def measure(folder: Path | None = None) -> list[Line]:
    """Give the lines to print; draws the charts into *folder*, if given."""
    with scratch() as place:
        async with ScriptedOrigin() as origin, service(place, origin.port, **MEMORY, **PATIENCE) as running:
            await fill(running, origin)
            samples = await soak(running, origin, count=COUNT, steps=STEPS)
            figures = await running.metrics()
    if folder is not None:
        for name, drawn in _charts(samples).items():
            await asyncio.to_thread(drawn.save, folder / name)
    evicted = figures["caches"]["memory"]["evictions"]["capacity"]
    return [
        (
            f"{COUNT:,} requests, {HITS_PERCENT} % hits, in {STEPS} parts on new connections each, after "
            f"{REMEMBERED:,} new sources; {evicted:,} answers have left the full memory cache"
        ),
        *_verdict([s for s in samples if s.requests >= WARM]),
    ]


def _verdict(warm: Sequence[Sample]) -> list[Line]:
    sizes = [s.resident_bytes for s in warm]
    return [
        f"  from {WARM:,} requests on: resident {mib(min(sizes))} to {mib(max(sizes))} MiB",
        at_most("growth of the resident size per 100,000 requests, by least squares", slope_mb(warm), AIM_MB, "MB"),
        *(
            at_most(f"{name}, farthest from their median", swing(warm, name), AIM_COUNTS, digits=0)
            for name in ("descriptors", "tasks", "threads")
        ),
    ]


if __name__ == "__main__":
    print(*asyncio.run(measure()), sep="\n")
