"""The ladder's rungs: where each begins, where it ends, how long it lasts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.pressure.levels import Level, LevelState, SystemStatus, Thresholds
from imgsvc.settings import MIB, MemorySettings

BUDGET = 100 * MIB
PLAIN = Thresholds.of(MemorySettings(budget_bytes=BUDGET))
OK, WARNING, GUARD, CRITICAL, CLEANUP, EMERGENCY = Level


def walk(steps, thresholds: Thresholds = PLAIN) -> list[Level]:
    """Give the level after each step of (percent, seconds since the step before)."""
    state, now, levels = LevelState(Level.OK, 0.0), 0.0, []
    for percent, seconds in steps:
        now += seconds
        state = state.after(int(percent * MIB), now, thresholds)
        levels.append(state.level)
    return levels


def test_thresholds_of_the_settings():
    """Percentages of the budget, but for what the settings say in bytes."""
    assert Thresholds(75 * MIB, 80 * MIB, 90 * MIB, 100 * MIB, 120 * MIB, 5 * MIB) == PLAIN
    own = MemorySettings(budget_bytes=BUDGET, warning_bytes=84 * MIB, critical_bytes=88 * MIB)
    assert Thresholds.of(own) == Thresholds(84 * MIB, 86 * MIB, 88 * MIB, 100 * MIB, 120 * MIB, 5 * MIB)


def test_thresholds_by_level():
    """Each level above OK has its beginning, the lowest first: a chart can draw them."""
    beginnings = PLAIN.by_level()

    assert list(beginnings) == list(Level)[1:]
    assert all(PLAIN.reached(begin) is level for level, begin in beginnings.items())


@pytest.mark.parametrize(
    ("percent", "level"),
    [
        (0, OK), (74.9, OK), (75, WARNING), (79.9, WARNING), (80, GUARD), (89.9, GUARD), (90, CRITICAL),
        (99.9, CRITICAL), (100, CLEANUP), (119.9, CLEANUP), (120, EMERGENCY), (1000, EMERGENCY),
    ],
)  # fmt: skip
def test_a_higher_level_is_entered_at_once(percent, level):
    """Each threshold belongs to the level it begins, and any level is one step away."""
    assert walk([(percent, 0)]) == [level]


@pytest.mark.parametrize(
    ("steps", "levels"),
    [
        # Five points below its own beginning, and not before.
        ([(75, 0), (74, 5), (70.1, 5), (70, 5)], [WARNING, WARNING, WARNING, OK]),
        ([(95, 0), (86, 5), (85.1, 5), (85, 5), (75.1, 5), (75, 5)], [CRITICAL] * 3 + [GUARD, GUARD, WARNING]),
        ([(119, 0), (95.1, 5), (95, 5)], [CLEANUP, CLEANUP, CRITICAL]),
        ([(120, 0), (115.1, 5), (115, 5)], [EMERGENCY, EMERGENCY, CLEANUP]),
        # Not within two seconds, however low the size; then all at once.
        ([(130, 0), (10, 1.9), (10, 0.1)], [EMERGENCY, EMERGENCY, OK]),
        ([(130, 0), (72, 2)], [EMERGENCY, WARNING]),
        # The two seconds begin with each level anew.
        ([(95, 0), (80, 2), (60, 1), (60, 1)], [CRITICAL, GUARD, GUARD, OK]),
        ([(76, 0), (95, 1.9), (60, 0.2), (60, 1.8)], [WARNING, CRITICAL, CRITICAL, OK]),
        # What goes up meanwhile goes up at once.
        ([(95, 0), (80, 2), (91, 0), (125, 0)], [CRITICAL, GUARD, CRITICAL, EMERGENCY]),
        # A size between a level's end and its beginning never enters it.
        ([(72, 0), (74, 9), (72, 9)], [OK, OK, OK]),
    ],
)
def test_a_level_is_left(steps, levels):
    """Five points below its beginning, after two seconds, to the first level that would not be left there."""
    assert walk(steps) == levels


def test_levels_closer_than_the_margin():
    """Thresholds set close together are left one by one, each below its own."""
    close = Thresholds(70 * MIB, 71 * MIB, 72 * MIB, 100 * MIB, 120 * MIB, 5 * MIB)
    assert walk([(72, 0), (67.1, 3), (67, 3), (66, 3), (65, 3)], close) == [CRITICAL, CRITICAL, GUARD, WARNING, OK]
    assert walk([(72, 0), (65, 3)], close) == [CRITICAL, OK]


@given(st.lists(st.tuples(st.floats(0, 150), st.floats(0, 4)), max_size=40))
def test_the_walk(steps):
    """Never below what a size has reached, never above that and the level before; down only after two seconds."""
    since = now = 0.0
    levels = [OK, *walk(steps)]
    for (before, level), (percent, seconds) in zip(pairwise(levels), steps, strict=True):
        now += seconds
        rss = int(percent * MIB)
        assert level >= PLAIN.reached(rss)
        assert level <= max(before, PLAIN.reached(rss))
        if level < before:
            assert now - since >= 2
            assert PLAIN.held(rss) == level
        since = since if level is before else now


@pytest.mark.parametrize(
    ("level", "status"),
    [
        (OK, SystemStatus.HEALTHY), (WARNING, SystemStatus.MEMORY_WARNING), (GUARD, SystemStatus.MEMORY_WARNING),
        (CRITICAL, SystemStatus.MEMORY_CRITICAL), (CLEANUP, SystemStatus.MEMORY_CRITICAL),
        (EMERGENCY, SystemStatus.MEMORY_CRITICAL),
    ],
)  # fmt: skip
def test_what_the_world_is_told(level, status):
    """Six levels, three words."""
    assert level.status is status
