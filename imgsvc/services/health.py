"""Whether this process should be sent requests, and why not."""

import asyncio
import logging
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from msgspec import Struct

from imgsvc import __version__
from imgsvc.cache.metadata import MetadataCache
from imgsvc.errors import StoreError
from imgsvc.pressure.monitor import Latest, MemoryMonitor, SystemStatus
from imgsvc.services.downloads import Downloads
from imgsvc.services.figures import MemoryFigures
from imgsvc.services.metrics import memory_figures
from imgsvc.services.persist import Persister
from imgsvc.services.scripts import Scripts
from imgsvc.services.shelf import Shelf
from imgsvc.store.base import ObjectStore

log = logging.getLogger("imgsvc.store")

CHECK_SECONDS = 15.0
"""Between two looks at the store, and at Redis: a probe learns that late that either has gone or come."""

REASONS = (
    "starting", "draining", "memory-critical", "memory-warning", "store-failing", "redis-unreachable", "incomplete",
)  # fmt: skip
"""All that a report may give for not being healthy."""


class Phase(StrEnum):
    """Where in its life the process is."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"


class Status(StrEnum):
    """What a balancer is told."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class HealthReport(Struct, frozen=True):
    """
    One answer to a probe; plain values only.

    Attributes:
        missing_scripts: whose letters are left out of cards, for want of a font; None = not looked yet.
    """

    status: Status
    reasons: tuple[str, ...]
    memory: MemoryFigures
    uptime_s: float
    version: str
    missing_scripts: tuple[str, ...] | None = None


class HealthService:
    """
    Collects; a probe reads what others know already and waits for nobody.

    The store is asked in the background by :meth:`watch`, a shared metadata cache by :meth:`watch_metadata`; either
    being down makes the service degraded, not dead.
    """

    def __init__(  # noqa: PLR0913 - all named, by the composition root alone
        self,
        *,
        monitor: MemoryMonitor,
        store: ObjectStore,
        shelf: Shelf,
        persister: Persister,
        downloads: Downloads,
        metadata: MetadataCache,
        scripts: Scripts,
        clock: Callable[[], float] = time.monotonic,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self._monitor = monitor
        self._store = store
        self._shelf = shelf
        self._persister = persister
        self._downloads = downloads
        self._metadata = metadata
        self._scripts = scripts
        self._expected: list[Callable[[], bool]] = []
        self._clock = clock
        self._check_seconds = check_seconds
        self._started_at = clock()
        self._store_fails = False
        self.phase = Phase.STARTING

    @property
    def system_status(self) -> SystemStatus:
        """What ``X-System-Status`` says now."""
        return self._monitor.status()

    def look(self) -> None:
        """Take a reading, unless the last one is young enough for :attr:`system_status`."""
        self._monitor.status()

    @property
    def latest(self) -> Latest:
        """What the last reading said, for who asks with every hit."""
        return self._monitor.latest

    def expect(self, has_failed: Callable[[], bool]) -> None:
        """Count what is loaded behind the start as a part of the whole: *has_failed* says whether it could not be."""
        self._expected.append(has_failed)

    def report(self) -> HealthReport:
        """Tell how things are now."""
        reading = self._monitor.sample_if_older()
        fatal = [self.phase.value] if self.phase is not Phase.READY else []
        if reading.status is SystemStatus.MEMORY_CRITICAL:
            fatal.append("memory-critical")
        mild = self._mild_reasons(reading.status)
        status = Status.UNHEALTHY if fatal else Status.DEGRADED if mild else Status.HEALTHY
        uptime_seconds = round(self._clock() - self._started_at, 3)
        figures, missing = memory_figures(reading), self._scripts.missing
        return HealthReport(status, (*fatal, *mild), figures, uptime_seconds, __version__, missing)

    def figures(self) -> dict[str, Any]:
        """Give the report without what others tell, each reason with whether it holds; plain values."""
        report = self.report()
        return {
            "status": report.status.value,
            "reasons": {reason: reason in report.reasons for reason in REASONS},
            "uptime_s": report.uptime_s,
            "version": report.version,
        }

    async def watch(self) -> None:
        """Ask the store now and every 15 s until cancelled; the first failure of a row is logged."""
        while True:
            try:
                await self._store.ping()
            except StoreError as error:
                if not self._store_fails:
                    log.warning("the store fails: %s", error.detail)
                self._store_fails = True
            else:
                self._store_fails = False
            await asyncio.sleep(self._check_seconds)

    async def watch_metadata(self) -> None:
        """Ask the metadata cache now and every 15 s until cancelled; ends at once where replicas share none."""
        task = asyncio.current_task()
        while self._metadata.is_shared:
            await self._metadata.ping()
            if task is not None and task.cancelling():  # what bounds the call can swallow that, up to Python 3.11
                return
            await asyncio.sleep(self._check_seconds)

    def _mild_reasons(self, status: SystemStatus) -> list[str]:
        failing = (
            self._store_fails or self._persister.last_error or self._downloads.last_error or self._shelf.read_failed
        )
        return [
            *(["memory-warning"] if status is SystemStatus.MEMORY_WARNING else []),
            *(["store-failing"] if failing else []),
            *([] if self._metadata.healthy else ["redis-unreachable"]),
            *(["incomplete"] if any(has_failed() for has_failed in self._expected) else []),
        ]
