"""The history and its trend."""

import pytest

from imgsvc.pressure.levels import Level
from imgsvc.pressure.readings import History, PastReading

MIB = 1024 * 1024


def history_of(*mib: float) -> History:
    history = History()
    for at, size in enumerate(mib):
        history.add(float(at), int(size * MIB), Level.OK)
    return history


@pytest.mark.parametrize(
    ("mib", "trend"),
    [
        ([], "stable"),
        ([1, 2, 4, 8, 16, 32, 64, 128, 256], "stable"),
        ([100] * 5 + [110] * 5, "rising"),
        ([100] * 5 + [109.9] * 5, "stable"),
        ([100] * 5 + [90] * 5, "falling"),
        ([100] * 5 + [90.1] * 5, "stable"),
        ([100] * 9 + [150], "rising"),
        ([1] * 50 + [100] * 10, "stable"),
        ([0] * 10, "stable"),
        ([0] * 5 + [1] * 5, "rising"),
        ([1] * 5 + [0] * 5, "falling"),
    ],
)
def test_trend(mib, trend):
    """The last five against the five before, ten per cent; fewer than ten say nothing, older ones neither."""
    assert history_of(*mib).trend() == trend


def test_a_hundred_are_kept():
    """The oldest go; each says how long ago it was."""
    lines = history_of(*range(150)).seen_from(150.0)
    assert len(lines) == 100
    assert lines[0] == PastReading(100.0, 50 * MIB, "OK")
    assert lines[-1] == PastReading(1.0, 149 * MIB, "OK")
