"""Readings of the resident size, the last of them kept, and what they tell."""

from collections import deque
from typing import Literal

from msgspec import Struct

from imgsvc.pressure.levels import Level, SystemStatus

HISTORY_SAMPLES = 100
TREND_SAMPLES = 5
"""The mean of so many samples is compared with that of as many before them."""

Trend = Literal["rising", "falling", "stable"]
"""By 10 % at the least, or not."""


class MemoryReading(Struct, frozen=True):
    """
    One reading and what follows from it.

    Attributes:
        rss_bytes: resident size of this process and its workers.
        peak_bytes: the largest one read so far.
        budget_bytes: what they may use.
        level: the state this reading left the process in.
        status: the same for the world.
        since_seconds: how long it has been in that state.
        trend: where the size is going.
    """

    rss_bytes: int
    peak_bytes: int
    budget_bytes: int
    level: Level
    status: SystemStatus
    since_seconds: float
    trend: Trend

    @property
    def ratio(self) -> float:
        """Resident size over budget."""
        return self.rss_bytes / self.budget_bytes


class PastReading(Struct, frozen=True):
    """
    One line of the history.

    Attributes:
        seconds_ago: how long ago it was read.
        rss_bytes: what was read.
        level: the name of the level it led to.
    """

    seconds_ago: float
    rss_bytes: int
    level: str


class History:
    """The last hundred samples."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int, Level]] = deque(maxlen=HISTORY_SAMPLES)

    def add(self, at_seconds: float, rss_bytes: int, level: Level) -> None:
        """Note a sample; the oldest makes room for it."""
        self._samples.append((at_seconds, rss_bytes, level))

    def seen_from(self, now_seconds: float) -> tuple[PastReading, ...]:
        """Give them all, the oldest first."""
        return tuple(PastReading(round(now_seconds - at, 3), rss, level.name) for at, rss, level in self._samples)

    def trend(self) -> Trend:
        """Compare the last five samples with the five before; with fewer than ten nothing is known: stable."""
        if len(self._samples) < 2 * TREND_SAMPLES:
            return "stable"
        sizes = [rss for _, rss, _ in self._samples]
        recent, earlier = sum(sizes[-TREND_SAMPLES:]), sum(sizes[-2 * TREND_SAMPLES : -TREND_SAMPLES])
        if recent == earlier or earlier * 9 < recent * 10 < earlier * 11:
            return "stable"
        return "rising" if recent > earlier else "falling"
