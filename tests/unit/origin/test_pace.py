"""How fast a source sends, by the time spent waiting for it alone."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.origin.pace import MIN_BYTES_PER_SECOND, WINDOW_SECONDS, Pace

ENOUGH_BYTES = int(MIN_BYTES_PER_SECOND * WINDOW_SECONDS)


def test_nothing_is_too_slow_yet():
    """Before a whole window of waiting nothing is said of the pace."""
    pace = Pace()
    assert not pace.is_too_slow
    pace.note(0, WINDOW_SECONDS - 0.001)
    assert not pace.is_too_slow


@pytest.mark.parametrize(("size_bytes", "too_slow"), [(ENOUGH_BYTES, False), (ENOUGH_BYTES - 1, True), (0, True)])
def test_a_whole_window(size_bytes, too_slow):
    """A window that brought the least there must be is fast enough, one byte less is not."""
    pace = Pace()
    pace.note(size_bytes, WINDOW_SECONDS)
    assert pace.is_too_slow is too_slow


def test_drips():
    """A byte every tenth of a second, though never a long silence, is too slow after one window."""
    pace = Pace()
    for _ in range(99):
        pace.note(1, 0.1)
        assert not pace.is_too_slow
    pace.note(1, 0.2)
    assert pace.is_too_slow


def test_a_burst_does_not_last():
    """Bytes of an earlier window do not count for a later one."""
    pace = Pace()
    pace.note(100 * ENOUGH_BYTES, WINDOW_SECONDS)
    assert not pace.is_too_slow
    pace.note(10, WINDOW_SECONDS)
    assert pace.is_too_slow


def test_a_long_wait_counts_whole():
    """One wait longer than a window must have brought as much as its whole length would."""
    pace = Pace()
    pace.note(ENOUGH_BYTES, 2 * WINDOW_SECONDS)
    assert pace.is_too_slow


def test_time_that_nobody_waited():
    """What comes at once is never too slow, however much time passes between two reads."""
    pace = Pace()
    for _ in range(1000):
        pace.note(1, 0.0)
    assert not pace.is_too_slow
    assert (pace.received_bytes, pace.waited_seconds) == (1000, 0.0)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 3)), max_size=60))
def test_totals_and_windows(notes):
    """All is counted; a source that always keeps the pace is never too slow, one that never does is found out."""
    pace, steady, lazy = Pace(), Pace(), Pace()
    for size_bytes, seconds in notes:
        pace.note(size_bytes, seconds)
        steady.note(int(seconds * MIN_BYTES_PER_SECOND) + 1, seconds)
        lazy.note(int(seconds * MIN_BYTES_PER_SECOND / 2), seconds)
        assert not steady.is_too_slow
        assert lazy.is_too_slow or lazy.waited_seconds < 2 * WINDOW_SECONDS
    assert pace.received_bytes == sum(size for size, _ in notes)
    assert pace.waited_seconds == pytest.approx(sum(seconds for _, seconds in notes))


def test_once_recovered():
    """The verdict is that of the last whole window; whoever asks at each read has acted on the first bad one."""
    pace = Pace()
    verdicts = []
    for size_bytes in (ENOUGH_BYTES, 0, ENOUGH_BYTES):
        pace.note(size_bytes, WINDOW_SECONDS)
        verdicts.append(pace.is_too_slow)
    assert verdicts == [False, True, False]
    assert all(a != b for a, b in pairwise(verdicts))
