"""What an answer costs: time from one to the next, and of the server's processor, which a busy machine blurs less."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from bench.pump import Pumped, pump


@dataclass(frozen=True, slots=True)
class Cost:
    """
    What one round of requests came to.

    Attributes:
        pumped: as the clients saw it.
        cpu_seconds: of the server's processor for each answer, by all its threads.
    """

    pumped: Pumped
    cpu_seconds: float


async def cost(pid: int, port: int, requests: bytes | Sequence[bytes], connections: int, *, seconds: float) -> Cost:
    """
    Ask the process *pid* at *port*, or its children there, for so long, as :func:`bench.pump.pump` does.

    Every answer must be a 200.

    What new connections cost the server is told from a second run, which does little more than open as many.
    """
    before_seconds = _cpu_seconds(pid)
    few = await pump(port, requests, connections, count=connections, opened=True)
    between_seconds = _cpu_seconds(pid)
    many = await pump(port, requests, connections, seconds=seconds, opened=True)
    after_seconds = _cpu_seconds(pid)
    used_seconds = (after_seconds - between_seconds) - (between_seconds - before_seconds)
    return Cost(many, used_seconds / (many.answers - few.answers))


def _cpu_seconds(pid: int) -> float:
    """Give what the process and its children have used so far."""
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def median_of(costs: Sequence[Cost], figure: Callable[[Cost], float]) -> float:
    """Give the median of *figure* over all rounds."""
    return statistics.median(map(figure, costs))


def median_ratio(costs: Sequence[Cost], first: Sequence[Cost], figure: Callable[[Cost], float]) -> float:
    """Give the median of the ratios of *figure* to that of *first* in the same round."""
    return statistics.median(figure(c) / figure(f) for c, f in zip(costs, first, strict=True))
