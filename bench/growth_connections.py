"""How many memory hits a second, and how late the latest, on 8 to 1,000 connections at once."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from bench import chart
from bench.chart import Chart
from bench.costs import Cost, cost, median_of, median_ratio
from bench.figures import Line, at_most
from bench.hits import HEADERS
from bench.load import request_bytes
from bench.memory_rig import scratch
from imgsvc.app.serving import allow_open_files
from tests.support.process import service_process
from tests.support.service import IMAGES

CONNECTIONS = (8, 64, 512, 1000)
ROUNDS = 5
SECONDS = 3.0
FLAT = 1.1
RATES_CHART, CPU_CHART, TIMES_CHART = "connections-rate.svg", "connections-cpu.svg", "connections-times.svg"


def _turn_ms(c: Cost, connections: int) -> float:
    """Give what an answer takes when every connection waits for all others once (Little's law)."""
    return connections / c.pumped.rate * 1000


def _p50_ms(c: Cost) -> float:
    return c.pumped.p50_seconds * 1000


def _p99_ms(c: Cost) -> float:
    return c.pumped.p99_seconds * 1000


def _rate(c: Cost) -> float:
    return c.pumped.rate


def _cpu_us(c: Cost) -> float:
    return c.cpu_seconds * 1e6


def _line(connections: int, costs: Sequence[Cost], first: Sequence[Cost]) -> str:
    waits = median_of(costs, lambda c: _p99_ms(c) / _turn_ms(c, connections))
    return (
        f"  {connections:>5} connections: {median_of(costs, _rate):6.0f}/s, "
        f"{median_ratio(costs, first, _rate):.2f} of that on {CONNECTIONS[0]}; "
        f"{median_of(costs, _cpu_us):6.1f} µs of processor each, "
        f"{median_ratio(costs, first, _cpu_us):.2f}; p50 {median_of(costs, _p50_ms):6.2f} ms, "
        f"p99 {median_of(costs, _p99_ms):6.2f} ms, {waits:.2f} × a turn of all"
    )


def _charts(results: dict[int, list[Cost]]) -> dict[str, Chart]:
    def line(words: str, figure: Callable[[Cost], float]) -> chart.Line:
        return chart.Line(words, [(n, median_of(costs, figure)) for n, costs in results.items()])

    turns = [(n, median_of(costs, partial(_turn_ms, connections=n))) for n, costs in results.items()]
    x_label = "connections that always have a request under way"
    times = [line("p99", _p99_ms), line("p50", _p50_ms), chart.Line("a turn of all", turns)]
    return {
        RATES_CHART: Chart("Memory hits a second, by connections", x_label, "hits a second", [line("hits", _rate)]),
        CPU_CHART: Chart(
            "Processor time of a memory hit, by connections", x_label, "µs of processor a hit", [line("hits", _cpu_us)]
        ),
        TIMES_CHART: Chart("Time of a memory hit, by connections", x_label, "ms", times),
    }


async def _hit(base_url: str) -> bytes:
    """Have a picture made; give the request that then is a hit."""
    target = f"{IMAGES}?{urlencode({'url': f'{base_url}/demo/landscape.jpg', 'w': 320})}"
    async with aiohttp.ClientSession() as session, session.get(base_url + target, headers=HEADERS) as response:
        await response.read()
        assert response.status == 200
    return request_bytes("127.0.0.1", target, HEADERS)


async def measure(folder: Path | None = None) -> list[Line]:
    """Give the lines to print; draws the charts into *folder*, if given."""
    allow_open_files()
    results: dict[int, list[Cost]] = {n: [] for n in CONNECTIONS}
    with scratch() as place:
        async with service_process(place, "--demo") as service:
            request = await _hit(service.base_url)
            for number in range(-1, ROUNDS):  # the first warms up
                print(f"round {max(0, number + 1)} of {ROUNDS}", file=sys.stderr)
                for connections, costs in results.items():
                    pid, port = service.process.pid, service.port
                    done = await cost(pid, port, request, connections, seconds=SECONDS)
                    costs.extend([done] if number >= 0 else [])
    if folder is not None:
        for name, drawn in _charts(results).items():
            await asyncio.to_thread(drawn.save, folder / name)
    first = results[CONNECTIONS[0]]
    return [
        f"memory hits, a request always under way on each connection, {ROUNDS} rounds of {SECONDS} s, medians:",
        *(_line(connections, costs, first) for connections, costs in results.items()),
        at_most(
            f"processor on {CONNECTIONS[-1]:,} connections by that on {CONNECTIONS[0]}",
            median_ratio(results[CONNECTIONS[-1]], first, _cpu_us),
            FLAT,
        ),
    ]


if __name__ == "__main__":
    print(*asyncio.run(measure()), sep="\n")
