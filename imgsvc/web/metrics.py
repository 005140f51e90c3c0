"""What was answered, and how long it took."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import accumulate
from typing import Protocol

from msgspec import Struct

PER_DECADE = 14
"""Buckets of times for each power of ten: a percentile is exact to less than a fifth."""

GROWTH = 10 ** (1 / PER_DECADE)
LEAST_SECONDS = 10**-4.5
BOUNDS = tuple(float(f"{LEAST_SECONDS * GROWTH**n:.4g}") for n in range(6 * PER_DECADE + PER_DECADE // 2 + 1))
"""Upper bounds of the buckets in seconds, from 32 µs to 100 s."""

NONE = "none"
_UNKNOWN = "unknown"
_PERCENTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))


class Route(Protocol):
    """What has a name among the routes; aiohttp's resources do."""

    @property
    def canonical(self) -> str:
        """The name."""


class Times(Struct, frozen=True):
    """
    How long the answers took that one route gave from one tier.

    Attributes:
        counts: how many, by bucket of :data:`BOUNDS`; the last is for all beyond.
        seconds: their sum.
    """

    route: str
    tier: str
    counts: tuple[int, ...]
    seconds: float

    def percentiles_ms(self) -> dict[str, float]:
        """Give for each share of all the bound below which it lies, and how many there are."""
        sums = list(accumulate(self.counts))
        shares = {name: _bound_ms(bisect_left(sums, share * sums[-1])) for name, share in _PERCENTILES}
        return shares | {"count": sums[-1]}


class _Answers:
    """
    Answers of one kind; no struct, whose fields take thrice as long to set.

    Attributes:
        counts: those that took a time, by bucket.
        seconds: their sum.
        timeless: how many took none.
    """

    __slots__ = ("counts", "seconds", "timeless")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.timeless = 0

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts) + self.timeless

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Traffic:
    """
    Counts answers by route, status, and what X-Source and X-Cache say; their times by route and source.

    All of these come from short lists of our own, never from a client, so the number of counters is bounded. Counting
    one answer takes about a microsecond.

    Attributes:
        sent_bytes: what was written to clients, heads included.
    """

    def __init__(self) -> None:
        self._answers: defaultdict[tuple[Route | None, int, str, str], _Answers] = defaultdict(_Answers)
        self._aborted: Counter[Route | None] = Counter()
        self.sent_bytes = 0

    def observe(self, route: Route | None, status: int, tier: str, cache: str, seconds: float) -> None:
        """Count one answer; *route* is None where there is none, *tier* and *cache* are :data:`NONE`."""
        self.observer(route, status, tier, cache)(seconds)

    def observer(self, route: Route | None, status: int, tier: str, cache: str) -> Callable[[float], None]:
        """Give what counts one such answer, told its seconds; to be asked for when there is one to be counted."""
        return self._answers[route, status, tier, cache].observe

    def refuse(self, status: int) -> None:
        """Count an answer to what no route was looked up for, such as a request that is not HTTP; it took no time."""
        self._answers[None, status, NONE, NONE].timeless += 1

    def abort(self, route: Route | None, sent_bytes: int) -> None:
        """Count an answer that did not come to its end, because the client left or what was being sent broke off."""
        self._aborted[route] += 1
        self.sent_bytes += sent_bytes

    def requests(self) -> dict[str, dict[str, int]]:
        """Give the number of answers by route and status."""
        numbers: dict[str, dict[str, int]] = {}
        for (route, status, _, _), answers in self._answers.items():
            _add(numbers.setdefault(route_name(route), {}), str(status), answers.count)
        return numbers

    def cached(self) -> dict[str, dict[str, int]]:
        """Give the number of answers that have a picture by tier and by how it was there: hit, stale or miss."""
        numbers: dict[str, dict[str, int]] = {}
        for (_, _, tier, cache), answers in self._answers.items():
            if cache != NONE:
                _add(numbers.setdefault(tier, {}), cache.lower(), answers.count)
        return numbers

    def aborted(self) -> dict[str, int]:
        """Give the number of answers that did not come to their end, by route."""
        return {route_name(route): count for route, count in self._aborted.items()}

    def times(self) -> list[Times]:
        """Give the times by route and tier, as they are now."""
        alike: defaultdict[tuple[Route | None, str], list[_Answers]] = defaultdict(list)
        for (route, _, tier, _), answers in self._answers.items():
            alike[route, tier].append(answers)
        return [
            Times(
                route_name(route), tier, tuple(map(sum, zip(*(each.counts for each in several), strict=True))),
                sum(each.seconds for each in several),
            )
            for (route, tier), several in alike.items()
        ]  # fmt: skip

    def latencies_ms(self) -> dict[str, dict[str, dict[str, float]]]:
        """Give percentiles in ms and the number of answers, by route and tier."""
        answers: dict[str, dict[str, dict[str, float]]] = {}
        for times in self.times():
            answers.setdefault(times.route, {})[times.tier] = times.percentiles_ms()
        return answers


def _bound_ms(index: int) -> float:
    return round(BOUNDS[min(index, len(BOUNDS) - 1)] * 1000, 3)


def route_name(route: Route | None) -> str:
    """Give the name by which figures and lists know a route; all that is asked of none shares one."""
    return _UNKNOWN if route is None else route.canonical


def _add(numbers: dict[str, int], name: str, count: int) -> None:
    numbers[name] = numbers.get(name, 0) + count
