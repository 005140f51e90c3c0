"""How long AVIF takes here: guessed at first, then learnt from each one that is made."""

import threading

from msgspec import Struct

PRIOR_NANOSECONDS = (75, 300, 450, 900, 4600, 6500, 13_400, 22_000, 24_000, 55_000)
"""
For a pixel, by effort 0-9, until something is learnt: a photograph full of detail, 0.3 Mpixel, one core to itself.
Calm ones take a third of it.
"""

LEAST_PIXELS = 65_536
"""Smaller pictures teach nothing: setting the encoder up is most of what they take."""

MEMORY_PIXELS = 8_000_000
"""A picture weighs as much as its share of this; so many pixels replace two thirds of what was known before."""

MOST_WEIGHT = 0.25
"""Of one picture, however large."""

OUTLIER_FACTOR = 4.0
"""A picture counts as so many times slower or quicker than the mean at the most."""

QUICKEST_NANOSECONDS, SLOWEST_NANOSECONDS = 1.0, 1_000_000.0
"""The mean stays between these: a clock that stood still must not teach that AVIF costs nothing."""

_NANOSECONDS = 1e9


class AvifPaceStatistics(Struct, frozen=True, kw_only=True):
    """
    Snapshot of what is known of AVIF.

    Attributes:
        nanoseconds_per_pixel: what encoding takes, as far as is known now.
        learnt: encodes that taught something, since the start.
        deferred: answers since the start that were WebP because AVIF would have taken too long.
    """

    nanoseconds_per_pixel: float
    learnt: int
    deferred: int


class AvifPace:
    """
    Knows how long encoding takes a pixel: a mean in which the past fades; for any thread.

    It is the time that passes, not the CPU's: what waits for a core keeps a client waiting as well.

    Args:
        effort: of the encoder, 0-9.
    """

    def __init__(self, effort: int) -> None:
        self._lock = threading.Lock()
        self._mean_nanoseconds = float(PRIOR_NANOSECONDS[effort])
        self._learnt = self._deferred = 0

    def pixels_within(self, seconds: float) -> float:
        """Say of how many pixels AVIF is made within *seconds*, 0 or more."""
        return seconds * _NANOSECONDS / self._mean_nanoseconds

    def learn(self, pixels: int, seconds: float) -> None:
        """Take note that encoding *pixels* took *seconds*; no single picture changes the mean by much."""
        if pixels < LEAST_PIXELS:
            return
        weight = min(MOST_WEIGHT, pixels / MEMORY_PIXELS)
        with self._lock:
            mean = self._mean_nanoseconds
            seen = _clamped(seconds * _NANOSECONDS / pixels, mean / OUTLIER_FACTOR, mean * OUTLIER_FACTOR)
            mean += weight * (seen - mean)
            self._mean_nanoseconds = _clamped(mean, QUICKEST_NANOSECONDS, SLOWEST_NANOSECONDS)
            self._learnt += 1

    def count_deferred(self) -> None:
        """Count an answer that is WebP because AVIF would have taken too long."""
        with self._lock:
            self._deferred += 1

    def statistics(self) -> AvifPaceStatistics:
        """Snapshot of the mean and the counters."""
        with self._lock:
            return AvifPaceStatistics(
                nanoseconds_per_pixel=self._mean_nanoseconds, learnt=self._learnt, deferred=self._deferred
            )


def _clamped(value: float, least: float, most: float) -> float:
    return max(least, min(most, value))
