"""The ladder of memory states: where each begins and ends. Nothing here reads or waits."""

from enum import IntEnum, StrEnum
from typing import Self

from msgspec import Struct

from imgsvc.settings import MemorySettings

MARGIN_PERCENT = 5
"""How far below its own threshold a state is left, in percent of the budget: a size that swings a little stays put."""

SHORTEST_STAY_SECONDS = 2.0
"""How long a state lasts at the least: what its entry set off needs that long to be seen in the resident size."""


class SystemStatus(StrEnum):
    """What ``X-System-Status`` says."""

    HEALTHY = "HEALTHY"
    MEMORY_WARNING = "MEMORY_WARNING"
    MEMORY_CRITICAL = "MEMORY_CRITICAL"


class Level(IntEnum):
    """How short of memory this process is; each level does all that the lower ones do."""

    OK = 0
    WARNING = 1
    GUARD = 2
    CRITICAL = 3
    CLEANUP = 4
    EMERGENCY = 5

    @property
    def status(self) -> SystemStatus:
        """What the world is told about it."""
        return _STATUSES[self]


# A table, because each answer is asked for it, and until Python 3.12 to name a member of an enumeration is a call.
_STATUSES = tuple(
    SystemStatus.MEMORY_CRITICAL
    if level >= Level.CRITICAL
    else SystemStatus.MEMORY_WARNING
    if level >= Level.WARNING
    else SystemStatus.HEALTHY
    for level in Level
)


class Thresholds(Struct, frozen=True):
    """
    The resident sizes, in bytes, at which levels begin; they rise, or are equal, from each to the next.

    Attributes:
        warning_bytes: ``WARNING`` begins here, and so on.
        margin_bytes: a level is left this far below where it begins.
    """

    warning_bytes: int
    guard_bytes: int
    critical_bytes: int
    cleanup_bytes: int
    emergency_bytes: int
    margin_bytes: int

    @classmethod
    def of(cls, settings: MemorySettings) -> Self:
        """Take them from the settings; ``CLEANUP`` begins at the budget, ``EMERGENCY`` at 120 % of it."""
        return cls(
            warning_bytes=settings.warning_threshold_bytes,
            guard_bytes=settings.guard_threshold_bytes,
            critical_bytes=settings.critical_threshold_bytes,
            cleanup_bytes=settings.budget_bytes,
            emergency_bytes=settings.budget_bytes * 120 // 100,
            margin_bytes=settings.budget_bytes * MARGIN_PERCENT // 100,
        )

    def by_level(self) -> dict[Level, int]:
        """Give the resident size in bytes at which each level above ``OK`` begins, the lowest first."""
        return dict(zip(tuple(Level)[1:], self._beginnings(), strict=True))

    def reached(self, rss_bytes: int) -> Level:
        """Give the highest level whose beginning is reached."""
        return Level(sum(rss_bytes >= begin for begin in self._beginnings()))

    def held(self, rss_bytes: int) -> Level:
        """Give the highest level that would not be left at this size."""
        return Level(sum(rss_bytes > begin - self.margin_bytes for begin in self._beginnings()))

    def _beginnings(self) -> tuple[int, ...]:
        return self.warning_bytes, self.guard_bytes, self.critical_bytes, self.cleanup_bytes, self.emergency_bytes


class LevelState(Struct, frozen=True):
    """
    A level and since when.

    Attributes:
        level: the present one.
        since_seconds: the moment it was entered, on the clock that :meth:`after` is given.
    """

    level: Level
    since_seconds: float

    def after(self, rss_bytes: int, now_seconds: float, thresholds: Thresholds) -> "LevelState":
        """
        Give the state that follows when *rss_bytes* are found at *now_seconds*.

        A higher level is entered at once. One is left when the size is 5 % of the budget below its beginning and it
        has lasted 2 s; the fall ends at the first level below of which that size is not so far below.
        """
        level = thresholds.reached(rss_bytes)
        if level <= self.level:
            if now_seconds - self.since_seconds < SHORTEST_STAY_SECONDS:
                return self
            level = min(self.level, thresholds.held(rss_bytes))
        return self if level is self.level else LevelState(level, now_seconds)
