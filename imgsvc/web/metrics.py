"""How long answers took."""

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol

LEAST_SECONDS = 0.00005
GROWTH = 1.2
BUCKETS = 80
"""Bounds of the buckets grow by a fifth each, from 50 µs to beyond a minute: so exact is a percentile."""

_BOUNDS = tuple(LEAST_SECONDS * GROWTH**n for n in range(BUCKETS))
_PERCENTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))


class Route(Protocol):
    """What has a name among the routes; aiohttp's resources do."""

    @property
    def canonical(self) -> str:
        """The name."""


@dataclass(slots=True)
class _Histogram:
    counts: list[int] = field(default_factory=lambda: [0] * (BUCKETS + 1))
    total: int = 0

    def percentile_ms(self, share: float) -> float:
        """Give the bound below which that share of all lies."""
        index = bisect_left(list(accumulate(self.counts)), share * self.total)
        return round(_BOUNDS[min(index, BUCKETS - 1)] * 1000, 3)


class Latencies:
    """
    Times of answers by route and tier.

    Both come from short lists of our own, never from a client, so the number of histograms is bounded. Counting one
    answer takes about a microsecond.
    """

    def __init__(self) -> None:
        self._histograms: dict[tuple[Route | None, str], _Histogram] = {}

    def observe(self, route: Route | None, tier: str, seconds: float) -> None:
        """Count one answer; *route* is None where there is none."""
        histogram = self._histograms.get((route, tier))
        if histogram is None:
            histogram = self._histograms[route, tier] = _Histogram()
        histogram.counts[bisect_left(_BOUNDS, seconds)] += 1
        histogram.total += 1

    def statistics(self) -> dict[str, dict[str, dict[str, float]]]:
        """Give percentiles in ms and the number of answers, by route and tier."""
        answers: dict[str, dict[str, dict[str, float]]] = {}
        for (route, tier), histogram in self._histograms.items():
            name = "unknown" if route is None else route.canonical
            percentiles = {label: histogram.percentile_ms(share) for label, share in _PERCENTILES}
            answers.setdefault(name, {})[tier] = percentiles | {"count": histogram.total}
        return answers
