"""All figures in one document: the owners', and those that only who answers has."""

import asyncio
import threading
from typing import Any

from imgsvc.services.health import HealthService
from imgsvc.services.metrics import MetricsService
from imgsvc.web.metrics import Traffic


class Figures:
    """Collects; a plain call that waits for nobody."""

    def __init__(self, metrics: MetricsService, health: HealthService, traffic: Traffic) -> None:
        self._metrics = metrics
        self._health = health
        self._traffic = traffic

    def current(self) -> dict[str, Any]:
        """Give state and counters as plain values; to be called on the loop, whose tasks are counted."""
        traffic = self._traffic
        return self._metrics.current() | {
            "health": self._health.figures(),
            "requests": traffic.requests(),
            "answers": traffic.cached(),
            "aborted": traffic.aborted(),
            "sent_bytes": traffic.sent_bytes,
            "process": {"tasks": len(asyncio.all_tasks()), "threads": threading.active_count()},
        }

    def document(self) -> dict[str, Any]:
        """Give the same with what is worked out of them for people: samples of the past, percentiles."""
        return self.current() | {"samples": self._metrics.samples(), "latency_ms": self._traffic.latencies_ms()}
