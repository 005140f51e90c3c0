"""How much memory this process uses against what it may use, and what is done about it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from math import inf
from types import MappingProxyType

from msgspec import Struct

from imgsvc.pressure.ladder import Action, Ladder
from imgsvc.pressure.levels import Level, LevelState, SystemStatus, Thresholds
from imgsvc.pressure.readings import History, MemoryReading, PastReading
from imgsvc.pressure.resident import resident_reader
from imgsvc.settings import MIB, MemorySettings

__all__ = ["Level", "MemoryMonitor", "MemoryReading", "MonitorStatistics", "SystemStatus"]

log = logging.getLogger("imgsvc.pressure")

MAX_AGE_SECONDS = 1.0
"""How old a reading may be that answers are labelled with."""

BUSY_SECONDS = 1.0
"""Between two samples while there is work, or pressure that shall end."""

IDLE_SECONDS = 5.0
"""Between two samples while there is neither."""

EVICTION_APART_SECONDS = 2.0
"""Between two evictions; for :meth:`MemoryMonitor.on_sample`."""

FLUSH_APART_SECONDS = 10.0
"""Between two flushes; likewise."""


class MonitorStatistics(Struct, frozen=True):
    """
    Counters since the start.

    Attributes:
        level: the present one.
        samples: readings taken.
        peak_bytes: the largest of them.
        entered: how often each level was entered from below, by its name; every level above OK is present.
        failed_actions: calls of registered actions that raised.
    """

    level: Level
    samples: int
    peak_bytes: int
    entered: Mapping[str, int]
    failed_actions: int


class Latest(Struct):
    """
    What the last sample says, for who asks with every hit.

    Attributes:
        status: of the system; None before the first sample.
        at: when it was, by the monitor's clock.
        young_until: up to when :meth:`MemoryMonitor.status` needs no new one, by the performance counter.
    """

    status: SystemStatus | None = None
    at: float = -inf
    young_until: float = -inf


class MemoryMonitor:
    """
    Reads the resident size, judges it, and calls what is registered for each level.

    Nothing is read before the first sample: what is registered until then also meets a process that starts in a high
    level. All methods belong to the event loop's thread, and so do the actions.

    Args:
        settings: budget and thresholds.
        read_rss: gives the resident size in bytes; by default that of this process alone.
        clock: gives monotonic seconds.
        busy: whether there is work; decides how often :meth:`run` samples.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        settings: MemorySettings,
        read_rss: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        busy: Callable[[], bool] = lambda: True,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._budget_bytes = settings.budget_bytes
        self._thresholds = Thresholds.of(settings)
        self._read_rss = read_rss or resident_reader()
        self._clock = clock
        self._busy = busy
        self._sleep = sleep
        self._ladder = Ladder()
        self._history = History()
        self._state = LevelState(Level.OK, clock())
        self._reading: MemoryReading | None = None
        self.latest = Latest()
        self._samples = 0
        self._peak_bytes = 0
        self._entered = {level.name: 0 for level in Level if level is not Level.OK}

    @property
    def thresholds(self) -> Thresholds:
        """Where levels begin."""
        return self._thresholds

    @property
    def level(self) -> Level:
        """The level as of the last sample; ``OK`` before the first."""
        return self._state.level

    def status(self) -> SystemStatus:
        """Give the present state from a reading at most a second old."""
        return self.sample_if_older(MAX_AGE_SECONDS).status

    def sample_if_older(self, seconds: float = 0.1) -> MemoryReading:
        """Give the last reading, or a new one when that is more than *seconds* old."""
        if self._reading is None or self._clock() - self.latest.at > seconds:
            return self.sample()
        return self._reading

    def is_below(self, level: Level) -> bool:
        """Whether less than *level* is reached, by a reading of the last 0.1 s."""
        return self.sample_if_older().level < level

    def sample(self) -> MemoryReading:
        """Read now, and call what is due."""
        rss_bytes, now = self._read_rss(), self._clock()
        before = self._state
        self._state = before.after(rss_bytes, now, self._thresholds)
        reading = self._note(rss_bytes, now)
        if reading.level is not before.level:
            self._tell(before, reading, now)
        self._ladder.step(before.level, reading, now)
        return reading

    async def run(self) -> None:
        """Sample now and until cancelled: once a second while there is work or pressure, else once in five."""
        while True:
            reading = self.sample()
            await self._sleep(BUSY_SECONDS if reading.level > Level.OK or self._busy() else IDLE_SECONDS)

    def on(self, level: Level, action: Action, *, cooldown_seconds: float = 0) -> None:
        """
        Have *action* called each time a sample finds the process entering *level* from below.

        A jump to a high level calls the lower levels' actions first, in order.

        Args:
            level: above ``OK``.
            action: called with the reading; must not block.
            cooldown_seconds: an entry so soon after the last call is passed over, and not made up for. What has to
                happen in the end belongs to :meth:`on_sample`.
        """
        self._ladder.on(level, action, cooldown_seconds)

    def on_sample(self, level: Level, action: Action, every_seconds: float) -> None:
        """
        Have *action* called at the sample that enters *level*, and again while the process stays there or above.

        This is the way to register evictions and flushes: while the level stays at ``CLEANUP`` or above, a flush is
        repeated at samples, but never within :data:`FLUSH_APART_SECONDS` of the last one, not even when the level was
        left and entered again meanwhile; then it comes as soon as that time is over.

        Args:
            level: ``OK`` for every sample.
            action: called with the reading; must not block.
            every_seconds: between two calls, at the least.
        """
        self._ladder.on_sample(level, action, every_seconds)

    def on_leave(self, level: Level, action: Action) -> None:
        """Have *action* called each time a sample finds the process fallen below *level*; higher levels' come first."""
        self._ladder.on_leave(level, action)

    def history(self) -> tuple[PastReading, ...]:
        """Give the last hundred samples, the oldest first."""
        return self._history.seen_from(self._clock())

    def statistics(self) -> MonitorStatistics:
        """Snapshot of the counters."""
        return MonitorStatistics(
            level=self._state.level,
            samples=self._samples,
            peak_bytes=self._peak_bytes,
            entered=MappingProxyType(dict(self._entered)),
            failed_actions=self._ladder.failed,
        )

    def _note(self, rss_bytes: int, now: float) -> MemoryReading:
        level = self._state.level
        self._samples += 1
        self._peak_bytes = max(self._peak_bytes, rss_bytes)
        self._history.add(now, rss_bytes, level)
        reading = MemoryReading(
            rss_bytes=rss_bytes,
            peak_bytes=self._peak_bytes,
            budget_bytes=self._budget_bytes,
            level=level,
            status=level.status,
            since_seconds=now - self._state.since_seconds,
            trend=self._history.trend(),
        )
        self._reading, self.latest.status, self.latest.at = reading, reading.status, now
        self.latest.young_until = time.perf_counter() + MAX_AGE_SECONDS
        return reading

    def _tell(self, before: LevelState, reading: MemoryReading, now: float) -> None:
        for entered in Level:
            if before.level < entered <= reading.level:
                self._entered[entered.name] += 1
        log.warning(
            "memory is %s after %.1f s of %s: %.0f of %.0f MiB (%.0f %%), %s, peak %.0f MiB",
            reading.level.name,
            now - before.since_seconds,
            before.level.name,
            reading.rss_bytes / MIB,
            reading.budget_bytes / MIB,
            reading.ratio * 100,
            reading.trend,
            reading.peak_bytes / MIB,
        )
