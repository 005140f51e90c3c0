"""How long AVIF takes, as far as it has been seen."""

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.settings import TransformSettings
from imgsvc.transform.avif_pace import (
    LEAST_PIXELS,
    MOST_WEIGHT,
    OUTLIER_FACTOR,
    PRIOR_NANOSECONDS,
    QUICKEST_NANOSECONDS,
    SLOWEST_NANOSECONDS,
    AvifPace,
)

PHOTO = 1_000_000
SEEN = st.tuples(st.integers(1, 50_000_000), st.floats(0, 1e6))


def mean_of(pace: AvifPace) -> float:
    return pace.statistics().nanoseconds_per_pixel


def taught(pace: AvifPace, nanoseconds: float, times: int, pixels: int = PHOTO) -> AvifPace:
    """Show it so many encodes that all take the same time for a pixel."""
    for _ in range(times):
        pace.learn(pixels, nanoseconds * pixels / 1e9)
    return pace


def test_every_effort_has_a_guess() -> None:
    """There is one for each that the setting allows, and more effort never takes less."""
    setting = next(each for each in TransformSettings.settings() if each.attribute == "avif_effort")
    assert setting.env.le == len(PRIOR_NANOSECONDS) - 1
    assert list(PRIOR_NANOSECONDS) == sorted(PRIOR_NANOSECONDS)


def test_by_default_everything_within_the_pixel_budget_is_within_the_time_budget() -> None:
    """Until it has learnt otherwise, a service with default settings puts nothing off."""
    settings = TransformSettings()
    pace = AvifPace(settings.avif_effort)
    assert pace.pixels_within(settings.avif_budget_seconds) > settings.avif_max_pixels


def test_the_ends_of_the_budget() -> None:
    """No time is enough for nothing, and endless time for everything."""
    assert AvifPace(1).pixels_within(0) == 0
    assert AvifPace(1).pixels_within(math.inf) == math.inf


@given(st.integers(0, 9), st.lists(SEEN, max_size=200))
def test_whatever_is_seen_the_mean_stays_sensible(effort, seen) -> None:
    """It is never negative, nothing, or endless, so there is always an answer."""
    pace = AvifPace(effort)
    for pixels, seconds in seen:
        pace.learn(pixels, seconds)
    assert QUICKEST_NANOSECONDS <= mean_of(pace) <= SLOWEST_NANOSECONDS
    assert 0 < pace.pixels_within(1) < math.inf


@given(st.integers(0, 9), st.floats(10, 100_000))
def test_it_comes_to_know_the_machine(effort, nanoseconds) -> None:
    """However wrong the guess, a few hundred pictures set it right."""
    pace = taught(AvifPace(effort), nanoseconds, 300)
    assert mean_of(pace) == pytest.approx(nanoseconds, rel=0.01)


@given(st.integers(LEAST_PIXELS, 50_000_000), st.floats(0, 1e6))
def test_one_outlier_changes_little(pixels, seconds) -> None:
    """A machine that slept for a second, or a clock that stood still, does not count for more than a slow picture."""
    pace = AvifPace(1)
    before = mean_of(pace)
    pace.learn(pixels, seconds)
    assert 1 - MOST_WEIGHT <= mean_of(pace) / before <= 1 + MOST_WEIGHT * (OUTLIER_FACTOR - 1)


def test_an_outlier_is_soon_forgotten() -> None:
    """A dozen ordinary pictures later the mean is where it was."""
    pace = taught(AvifPace(1), 300, 300)
    pace.learn(PHOTO, 60)
    assert mean_of(taught(pace, 300, 12)) == pytest.approx(300, rel=0.1)


def test_small_pictures_teach_nothing() -> None:
    """Most of what they take is not for their pixels."""
    pace = taught(AvifPace(1), 50_000, 1000, LEAST_PIXELS - 1)
    assert (mean_of(pace), pace.statistics().learnt) == (PRIOR_NANOSECONDS[1], 0)


def test_large_pictures_teach_more() -> None:
    """A picture counts for its pixels, so one large one is worth many small ones."""
    assert mean_of(taught(AvifPace(1), 500, 1, 2_000_000)) > mean_of(taught(AvifPace(1), 500, 1, 100_000))


def test_what_is_put_off_is_counted() -> None:
    """The counters tell what was learnt from and what was put off."""
    pace = taught(AvifPace(1), 300, 2)
    pace.count_deferred()
    assert (pace.statistics().learnt, pace.statistics().deferred) == (2, 1)


def test_threads_may_teach_at_once() -> None:
    """Nothing that one of them says is lost."""
    pace = AvifPace(1)
    threads = [threading.Thread(target=taught, args=(pace, 400, 2000)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pace.statistics().learnt == 8000
    assert mean_of(pace) == pytest.approx(400)
