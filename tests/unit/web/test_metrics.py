"""Percentiles of answers' times."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.web.metrics import GROWTH, LEAST_SECONDS, Latencies


@dataclass(frozen=True)
class Route:
    """A route's name."""

    canonical: str


A, B = Route("/a"), Route("/b")


def test_by_route_and_tier():
    """Each pair has its own figures."""
    latencies = Latencies()
    for _ in range(3):
        latencies.observe(A, "memory", 0.001)
    latencies.observe(A, "store", 0.1)
    latencies.observe(B, "none", 0.01)
    latencies.observe(None, "none", 0.01)

    figures = latencies.statistics()

    assert {route: set(tiers) for route, tiers in figures.items()} == {
        "/a": {"memory", "store"}, "/b": {"none"}, "unknown": {"none"},
    }  # fmt: skip
    assert figures["/a"]["memory"]["count"] == 3


@pytest.mark.parametrize("seconds", [0.0, 1000.0])
def test_beyond_the_buckets(seconds):
    """Times outside of all bounds count at the nearest."""
    latencies = Latencies()
    latencies.observe(A, "memory", seconds)

    assert latencies.statistics()["/a"]["memory"]["p50"] > 0


@given(st.lists(st.floats(LEAST_SECONDS, 60), min_size=1, max_size=200))
def test_percentiles_are_right_to_a_fifth(times):
    """Each percentile is that of the times themselves, rounded up by at most the growth of one bucket."""
    latencies = Latencies()
    for seconds in times:
        latencies.observe(A, "memory", seconds)
    figures = latencies.statistics()["/a"]["memory"]

    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        rank = next(n for n in range(1, len(times) + 1) if n >= share * len(times))
        exact_ms = sorted(times)[rank - 1] * 1000
        assert exact_ms * 0.999 - 0.001 <= figures[name] <= exact_ms * GROWTH * 1.001 + 0.001
