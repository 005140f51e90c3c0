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


async def cost(pid: int, port: int, requests: bytes | Sequence[bytes], *, connections: int, seconds: float) -> Cost:
    """Ask the process *pid* at *port* for so long, as :func:`bench.pump.pump` does; every answer must be a 200."""
    process = psutil.Process(pid)
    before = process.cpu_times()
    done = await pump(port, requests, connections=connections, seconds=seconds)
    after = process.cpu_times()
    used_seconds = after.user + after.system - before.user - before.system
    return Cost(done, used_seconds / done.answers)


def median_of(costs: Sequence[Cost], figure: Callable[[Cost], float]) -> float:
    """Give the median of *figure* over all rounds."""
    return statistics.median(map(figure, costs))


def median_ratio(costs: Sequence[Cost], first: Sequence[Cost], figure: Callable[[Cost], float]) -> float:
    """Give the median of the ratios of *figure* to that of *first* in the same round."""
    return statistics.median(figure(c) / figure(f) for c, f in zip(costs, first, strict=True))
