"""What a memory hit costs with 10, 10⁴ and 10⁶ entries in the cache: three processes, asked in turn."""

import asyncio
import math
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import chart
from bench.chart import Chart
from bench.costs import Cost, cost, median_of, median_ratio
from bench.figures import Figure, Line, at_most
from bench.growth_filled import BODY_BYTES, target
from bench.hits import HEADERS
from bench.load import request_bytes
from bench.memory_rig import mib, resident_bytes, scratch
from bench.pump import pump
from imgsvc.allocator import allocator_environment, find_libraries
from tests.support.process import ROOT, python_environment

COUNTS = (10, 10_000, 1_000_000)
HOT = 1000
ROUNDS = 5
SECONDS = 1.5
CONNECTIONS = 8
DRAWN = 40_000
"""Requests of a round, more than it has time for; each is drawn anew, so that no table can hold them all."""

HOT_WORDS, ALL_WORDS = f"the same {HOT:,}", "all alike"
AGAIN = 5 * HOT
FLAT = 1.1
ANEW = (
    f"  all alike: of {COUNTS[1]:,} all are in the table of what was answered last, which has room for an eighth of "
    f"the cache's capacity; of {COUNTS[2]:,} most are asked for the first time, and understood anew"
)
MANY = 2.0
"""At most so much dearer than ten are ten thousand, all alike."""

CHART = "entries.svg"


@dataclass(frozen=True, slots=True)
class Filled:
    """A running service with that many entries; *hot* are the numbers of a thousand of them, spread over all."""

    count: int
    port: int
    pid: int
    hot: range


@dataclass(frozen=True, slots=True)
class Case:
    """One way of asking one of them: the hot ones only, or all alike."""

    filled: Filled
    is_hot: bool

    @property
    def words(self) -> str:
        return HOT_WORDS if self.is_hot else ALL_WORDS

    def requests(self, chance: random.Random) -> list[bytes]:
        """Draw what is asked in one round."""
        numbers: Sequence[int] = self.filled.hot if self.is_hot else range(self.filled.count)
        return [request_bytes("127.0.0.1", target(n), HEADERS) for n in chance.choices(numbers, k=DRAWN)]


@asynccontextmanager
async def filled(folder: Path, count: int) -> AsyncIterator[Filled]:
    """Run ``bench.growth_filled`` until the block ends."""
    folder.mkdir()
    base = python_environment({})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.growth_filled", str(folder), str(count), cwd=ROOT,
        env=allocator_environment("auto", base, find_libraries()) or base,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        port = int(await process.stdout.readline())
        yield Filled(count, port, process.pid, range(0, count, max(1, count // HOT)))
    finally:
        process.kill()
        await process.wait()
        process._transport.close()


def _cases(running: Sequence[Filled]) -> list[Case]:
    return [Case(f, is_hot) for f in running for is_hot in (True, False) if f.count > HOT or is_hot]


def _cpu_us(c: Cost) -> float:
    return c.cpu_seconds * 1e6


def _line(case: Case, costs: Sequence[Cost], first: Sequence[Cost]) -> str:
    asked = ALL_WORDS if case.filled.count <= HOT else case.words
    wall_us = median_of(costs, lambda c: 1e6 / c.pumped.rate)
    return (
        f"  {case.filled.count:>9,} entries, {asked:<14} asked: {median_of(costs, _cpu_us):6.1f} µs of processor, "
        f"{wall_us:6.1f} µs in all; processor by that of {COUNTS[0]} entries {median_ratio(costs, first, _cpu_us):.2f}"
    )


def _flatness(case: Case, costs: dict[Case, list[Cost]]) -> Figure:
    """Hold the hot ones among many against as many among fewer."""
    fewer = next(c for c in costs if c.is_hot and c.filled.count == COUNTS[1])
    ratio = median_ratio(costs[case], costs[fewer], _cpu_us)
    return at_most(f"{HOT_WORDS} of {case.filled.count:,}, processor by that of {COUNTS[1]:,}", ratio, FLAT)


def _many(costs: dict[Case, list[Cost]], few: Case) -> Figure:
    """Hold ten thousand, all alike, against ten."""
    many = next(c for c in costs if not c.is_hot and c.filled.count == COUNTS[1])
    ratio = median_ratio(costs[many], costs[few], _cpu_us)
    return at_most(f"{COUNTS[1]:,} {ALL_WORDS}, processor by that of {COUNTS[0]}", ratio, MANY)


def _chart(costs: dict[Case, list[Cost]]) -> Chart:
    def line(words: str) -> chart.Line:
        cases = [c for c in costs if c.words == words or c.filled.count <= HOT]
        return chart.Line(words, [(math.log10(c.filled.count), median_of(costs[c], _cpu_us)) for c in cases])

    return Chart(
        "Processor time of a memory hit, by entries in the cache",
        "entries, as a power of ten",
        "µs of processor a hit",
        [line(HOT_WORDS), line(ALL_WORDS)],
    )


async def measure(folder: Path | None = None) -> list[Line]:
    """Give the lines to print; draws the chart into *folder*, if given."""
    with scratch() as place:
        async with AsyncExitStack() as stack:
            print(f"filling caches with {', '.join(f'{n:,}' for n in COUNTS)} entries", file=sys.stderr)
            opening = (stack.enter_async_context(filled(place / str(n), n)) for n in COUNTS)
            running = [await service for service in opening]
            sizes = [resident_bytes(service.pid) for service in running]
            cases, chance = _cases(running), random.Random(8)
            costs: dict[Case, list[Cost]] = {case: [] for case in cases}
            for number in range(-1, ROUNDS):  # the first warms up
                print(f"round {max(0, number + 1)} of {ROUNDS}", file=sys.stderr)
                for case in cases:
                    wish, asked = case.filled, case.requests(chance)
                    if case.is_hot:  # the round before has driven them out of the tables of what was answered last
                        await pump(wish.port, asked, CONNECTIONS, count=AGAIN)
                    done = await cost(wish.pid, wish.port, asked, CONNECTIONS, seconds=SECONDS)
                    costs[case].extend([done] if number >= 0 else [])
    if folder is not None:
        await asyncio.to_thread(_chart(costs).save, folder / CHART)
    each_bytes = (sizes[-1] - sizes[0]) / (COUNTS[-1] - COUNTS[0])
    return [
        f"memory hits of {BODY_BYTES} bytes on {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s, medians:",
        *(_line(case, costs[case], costs[cases[0]]) for case in cases),
        (
            f"  resident: {', '.join(mib(size) for size in sizes)} MiB; an entry takes {each_bytes:.0f} bytes, "
            f"its {BODY_BYTES} included"
        ),
        ANEW,
        _many(costs, cases[0]),
        *(_flatness(case, costs) for case in cases if case.is_hot and case.filled.count > COUNTS[1]),
    ]


if __name__ == "__main__":
    print(*asyncio.run(measure()), sep="\n")
