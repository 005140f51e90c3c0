"""What the soak concludes from its samples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.growth_soak import Sample, slope_mb, swing


def samples(sizes_mb: list[float], descriptors: list[int] | None = None) -> list[Sample]:
    counts = descriptors or [9] * len(sizes_mb)
    return [
        Sample(n * 50_000, round(size * 1e6), count, tasks=7, threads=5)
        for n, (size, count) in enumerate(zip(sizes_mb, counts, strict=True))
    ]


@given(st.integers(-50, 50), st.integers(0, 500), st.integers(3, 40))
def test_a_line_has_its_own_slope(growth_mb, base_mb, count):
    """Sizes that lie on a line give what it rises by in 100,000 requests, wherever it begins."""
    line = [base_mb + growth_mb * n / 2 for n in range(count)]

    assert slope_mb(samples(line)) == pytest.approx(growth_mb, abs=1e-6)


def test_one_high_reading_in_the_middle_is_no_growth():
    """What comes and goes changes nothing."""
    assert slope_mb(samples([100, 100, 180, 100, 100])) == pytest.approx(0, abs=1e-9)


def test_a_step_is_growth():
    """What comes and stays is growth, although both halves are flat."""
    assert slope_mb(samples([100] * 5 + [110] * 5)) > 2


def test_a_swing_is_counted_from_the_middle():
    """Up or down, the reading farthest from the median counts; others do not move it."""
    assert swing(samples([1] * 5, [9, 9, 12, 9, 9]), "descriptors") == 3
    assert swing(samples([1] * 5, [9, 4, 9, 9, 11]), "descriptors") == 5
    assert swing(samples([1] * 5), "tasks") == 0
