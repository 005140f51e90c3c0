"""How many memory hits a second, and how late the latest, on 8 to 1,000 connections at once."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from bench import chart, nginx
from bench.chart import Chart
from bench.children import child
from bench.costs import Cost, cost, median_of, median_ratio
from bench.figures import Line, at_most
from bench.hits import NGINX, OURS, Hit, memory_hit
from bench.memory_rig import scratch
from imgsvc.app.serving import allow_open_files
from tests.support.process import service_process
from tests.support.service import IMAGES

CONNECTIONS = (8, 64, 512, 1000)
ROUNDS = 5
SECONDS = 3.0
ENDS = CONNECTIONS[0], CONNECTIONS[-1]
"""Where others are asked as well."""

MOST_ADDED = 1.5
"""A hit has more memory to look at than who only writes, none of it in a cache of the processor by its turn."""

WRITES, AS_SLOW = "writes", "as slow"
"""
A protocol that only writes, and one that does nothing before, for as long as a hit takes. What these cost more on many
connections is the system's, and the interpreter's. Whom the first answers has always more to read; the slower a server
is, the oftener its clients sleep, and waking them costs it more than anything else that many connections do.
"""

Results = dict[str, dict[int, list[Cost]]]
"""What each server cost, by connections."""

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


@asynccontextmanager
async def _servers(folder: Path) -> AsyncIterator[tuple[bytes, dict[str, tuple[int, int]]]]:
    """Run the service, and others with the same bytes, nginx if it is there; gives the request, ports and processes."""
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(service_process(folder, "--demo"))
        hit = await memory_hit(service.base_url)
        servers = {OURS: (service.port, service.process.pid)}
        servers[WRITES] = await stack.enter_async_context(_writing(folder, hit))
        hit_us, write_us = [_cpu_us(await _cost_of(server, hit.request(), ENDS[0])) for server in servers.values()]
        busy_seconds = max(0.0, (hit_us - write_us) / 1e6)
        servers[AS_SLOW] = await stack.enter_async_context(_writing(folder, hit, busy_seconds))
        if nginx.program():
            (folder / "body").write_bytes(hit.body)
            servers[NGINX] = await stack.enter_async_context(nginx.static_nginx(folder, IMAGES, hit.headers))
        yield hit.request(), servers


@asynccontextmanager
async def _writing(folder: Path, hit: Hit, busy_seconds: float = 0.0) -> AsyncIterator[tuple[int, int]]:
    """Run ``bench.only_writes`` with the answer to *hit*; gives its port and process id."""
    head = "".join(f"{name}: {value}\r\n" for name, value in (*hit.headers, ("Content-Length", len(hit.body))))
    answer = folder / "answer"
    answer.write_bytes(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + hit.body)
    command = [sys.executable, "-m", "bench.only_writes", answer, str(busy_seconds)]
    async with child(command, folder / f"only_writes_{busy_seconds:g}.log") as process:
        yield int((await process.stdout.readline()).decode().rpartition(":")[2]), process.pid


async def _measured(folder: Path) -> Results:
    """Ask in turn; of the others only what the ends say."""
    results: Results = {}
    async with _servers(folder) as (request, servers):
        for number in range(-1, ROUNDS):  # the first warms up
            print(f"round {max(0, number + 1)} of {ROUNDS}", file=sys.stderr)
            for connections in CONNECTIONS:
                for name, server in servers.items():
                    if name != OURS and connections not in ENDS:
                        continue
                    done = await _cost_of(server, request, connections)
                    results.setdefault(name, {}).setdefault(connections, []).extend([done] if number >= 0 else [])
    return results


async def _cost_of(server: tuple[int, int], request: bytes, connections: int) -> Cost:
    port, pid = server
    return await cost(pid, port, request, connections, seconds=SECONDS)


def _added_us(costs: dict[int, list[Cost]]) -> float:
    few, many = (median_of(costs[connections], _cpu_us) for connections in ENDS)
    return many - few


def _ends(results: Results) -> str:
    words = {OURS: "hits", WRITES: "a protocol that only writes", AS_SLOW: "one that is as slow", NGINX: "nginx"}
    each = (
        f"{words[name]} {' and '.join(f'{median_of(costs[n], _cpu_us):.1f}' for n in ENDS)} µs "
        f"({median_ratio(costs[ENDS[1]], costs[ENDS[0]], _cpu_us):.2f})"
        for name, costs in results.items()
    )
    return f"  processor on {ENDS[0]} and {ENDS[1]:,} connections: {'; '.join(each)}"


def _flatness(results: Results) -> list[Line]:
    """Hold what connections add against what they add to who does nothing for as long."""
    words = f"processor that {ENDS[1]:,} connections add, by what they add to a protocol as slow that only writes"
    ours, theirs = _added_us(results[OURS]), _added_us(results[AS_SLOW])
    if theirs <= 0:
        return [_ends(results), f"  {words}: not to be measured beside what else runs here"]
    return [_ends(results), at_most(words, ours / theirs, MOST_ADDED)]


async def measure(folder: Path | None = None) -> list[Line]:
    """Give the lines to print; draws the charts into *folder*, if given."""
    allow_open_files()
    with scratch() as place:
        results = await _measured(place)
    ours = results[OURS]
    if folder is not None:
        for name, drawn in _charts(ours).items():
            await asyncio.to_thread(drawn.save, folder / name)
    return [
        f"memory hits, a request always under way on each connection, {ROUNDS} rounds of {SECONDS} s, medians:",
        *(_line(connections, costs, ours[CONNECTIONS[0]]) for connections, costs in ours.items()),
        *_flatness(results),
    ]


if __name__ == "__main__":
    print(*asyncio.run(measure()), sep="\n")
