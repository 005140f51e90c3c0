"""How much memory this process uses, against what it may use."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import psutil

from imgsvc.settings import MemorySettings

MAX_AGE_SECONDS = 1.0
"""How old a reading may be that answers are labelled with."""


class SystemStatus(StrEnum):
    """What ``X-System-Status`` says."""

    HEALTHY = "HEALTHY"
    MEMORY_WARNING = "MEMORY_WARNING"
    MEMORY_CRITICAL = "MEMORY_CRITICAL"


@dataclass(frozen=True, slots=True)
class MemoryReading:
    """One reading: resident size and budget in bytes, and what follows from them."""

    rss_bytes: int
    peak_bytes: int
    budget_bytes: int
    status: SystemStatus

    @property
    def ratio(self) -> float:
        """Resident size over budget."""
        return self.rss_bytes / self.budget_bytes


def own_rss_bytes() -> Callable[[], int]:
    """Give a reader of this process's resident size."""
    process = psutil.Process()
    return lambda: int(process.memory_info().rss)


class MemoryMonitor:
    """
    Reads the resident size and judges it by the two thresholds of the settings.

    Args:
        settings: budget and thresholds.
        read_rss: gives the resident size in bytes.
        clock: gives monotonic seconds.
    """

    def __init__(
        self,
        settings: MemorySettings,
        read_rss: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._read_rss = read_rss or own_rss_bytes()
        self._clock = clock
        self._peak_bytes = 0
        self._read_at = clock()
        self._reading = self.sample()

    def sample(self) -> MemoryReading:
        """Read now."""
        rss = self._read_rss()
        self._read_at = self._clock()
        self._peak_bytes = max(self._peak_bytes, rss)
        self._reading = MemoryReading(rss, self._peak_bytes, self._settings.budget_bytes, self._judge(rss))
        return self._reading

    def status(self) -> SystemStatus:
        """Give the present state from a reading at most a second old."""
        if self._clock() - self._read_at > MAX_AGE_SECONDS:
            self.sample()
        return self._reading.status

    def _judge(self, rss_bytes: int) -> SystemStatus:
        if rss_bytes >= self._settings.critical_threshold_bytes:
            return SystemStatus.MEMORY_CRITICAL
        if rss_bytes >= self._settings.warning_threshold_bytes:
            return SystemStatus.MEMORY_WARNING
        return SystemStatus.HEALTHY
