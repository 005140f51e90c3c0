"""Numbers of answers, and percentiles of their times."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.web.metrics import BOUNDS, GROWTH, LEAST_SECONDS, NONE, Traffic


@dataclass(frozen=True)
class Route:
    """A route's name."""

    canonical: str


A, B = Route("/a"), Route("/b")


@pytest.fixture
def traffic() -> Traffic:
    traffic = Traffic()
    for _ in range(3):
        traffic.observe(A, 200, "memory", "HIT", 0.001)
    traffic.observe(A, 304, "memory", "HIT", 0.001)
    traffic.observe(A, 200, "memory", "STALE", 0.001)
    traffic.observe(A, 200, "store", "MISS", 0.1)
    traffic.observe(B, 404, NONE, NONE, 0.01)
    traffic.observe(None, 404, NONE, NONE, 0.01)
    return traffic


def test_times_by_route_and_tier(traffic):
    """Each pair has its own figures, whatever the status."""
    figures = traffic.latencies_ms()

    assert {route: set(tiers) for route, tiers in figures.items()} == {
        "/a": {"memory", "store"}, "/b": {"none"}, "unknown": {"none"},
    }  # fmt: skip
    assert figures["/a"]["memory"]["count"] == 5
    assert [times.seconds for times in traffic.times()] == pytest.approx([0.005, 0.1, 0.01, 0.01])


def test_numbers_by_route_and_status(traffic):
    """Answers are counted by status, from wherever they came."""
    assert traffic.requests() == {"/a": {"200": 5, "304": 1}, "/b": {"404": 1}, "unknown": {"404": 1}}


def test_numbers_by_tier_and_by_how_it_was_there(traffic):
    """Pictures are counted by hit, stale and miss; answers without one are none of these."""
    assert traffic.cached() == {"memory": {"hit": 4, "stale": 1}, "store": {"miss": 1}}


def test_what_no_route_was_looked_up_for_has_no_time(traffic):
    """A request that is not HTTP counts as answered, and in no percentile."""
    traffic.refuse(400)
    traffic.refuse(400)

    assert traffic.requests()["unknown"] == {"404": 1, "400": 2}
    assert traffic.latencies_ms()["unknown"]["none"]["count"] == 1


def test_answers_without_an_end(traffic):
    """They are counted by route, with the bytes that had left."""
    before = traffic.requests()
    for sent_bytes in (0, 700):
        traffic.abort(A, sent_bytes)
    traffic.abort(None, 1)

    assert (traffic.aborted(), traffic.sent_bytes) == ({"/a": 2, "unknown": 1}, 701)
    assert traffic.requests() == before


def test_nothing_is_counted_yet():
    """Nobody has asked: there are no figures, and none is made up."""
    traffic = Traffic()

    assert (traffic.requests(), traffic.cached(), traffic.aborted(), traffic.latencies_ms()) == ({}, {}, {}, {})


def test_a_refused_request_alone_has_no_percentile_to_fail_on():
    """Percentiles of no times at all are those of the least bucket, not an error."""
    traffic = Traffic()
    traffic.refuse(400)

    assert traffic.latencies_ms()["unknown"]["none"]["count"] == 0


@pytest.mark.parametrize("seconds", [0.0, 1000.0])
def test_beyond_the_buckets(seconds):
    """Times outside of all bounds count at the nearest."""
    traffic = Traffic()
    traffic.observe(A, 200, "memory", "HIT", seconds)

    nearest = BOUNDS[0] if seconds == 0.0 else BOUNDS[-1]
    assert traffic.latencies_ms()["/a"]["memory"]["p50"] == round(nearest * 1000, 3)


@given(st.lists(st.floats(LEAST_SECONDS, 60), min_size=1, max_size=200))
def test_percentiles_are_right_to_a_fifth(times):
    """Each percentile is that of the times themselves, rounded up by at most the growth of one bucket."""
    traffic = Traffic()
    for seconds in times:
        traffic.observe(A, 200, "memory", "HIT", seconds)
    figures = traffic.latencies_ms()["/a"]["memory"]

    assert GROWTH < 1.2
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        rank = next(n for n in range(1, len(times) + 1) if n >= share * len(times))
        exact_ms = sorted(times)[rank - 1] * 1000
        assert exact_ms * 0.999 - 0.001 <= figures[name] <= exact_ms * GROWTH * 1.002 + 0.001
