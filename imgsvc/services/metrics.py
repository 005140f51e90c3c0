"""What this process holds and has done, collected from those who hold and do it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from imgsvc.origin.breaker import Breaker
from imgsvc.pressure.admission import Admission
from imgsvc.pressure.gate import ByteGate
from imgsvc.pressure.monitor import MemoryMonitor, MemoryReading
from imgsvc.pressure.transfers import TransferLedger
from imgsvc.services.limits import RateLimits


class Snapshot(Protocol):
    """Anything with counters."""

    def statistics(self) -> Any:
        """Give them as a frozen value."""


class MetricsService:
    """Collects; holds no figure of its own."""

    def __init__(  # noqa: PLR0913 - one for each owner of figures, all named
        self,
        *,
        monitor: MemoryMonitor,
        gate: ByteGate,
        transfers: TransferLedger,
        admission: Admission,
        memory: Snapshot,
        metadata: Snapshot,
        store: Snapshot,
        flights: Snapshot,
        transforms: Snapshot,
        downloads: Snapshot,
        persister: Snapshot,
        space: Snapshot,
        slots: Snapshot,
        outgoing: Snapshot,
        upgrades: Snapshot,
        failures: Snapshot,
        breaker: Breaker,
        validation: Snapshot,
        revalidations: Snapshot,
        marks: Snapshot,
        purges: Snapshot,
        leases: Snapshot,
        announcements: Snapshot,
        limits: RateLimits,
        vips_bytes: Callable[[], tuple[int, int]],
        cgroup_limit_bytes: int | None,
    ) -> None:
        self._monitor = monitor
        self._gate = gate
        self._transfers = transfers
        self._admission = admission
        self._limits = limits
        self._breaker = breaker
        self._flights = flights
        self._groups: Mapping[str, Mapping[str, Snapshot]] = {
            "caches": {"memory": memory, "metadata": metadata, "store": store},
            "queue": {
                "transforms": transforms, "gate": gate, "transfers": transfers, "downloads": downloads,
                "persister": persister, "spool": space, "fetch_slots": slots, "outgoing": outgoing,
                "upgrades": upgrades,
            },
            "sources": {
                "failures": failures, "breaker": breaker, "validation": validation, "revalidations": revalidations,
                "limits": limits,
            },
            "replicas": {"marks": marks, "purges": purges, "leases": leases, "announcements": announcements},
        }  # fmt: skip
        self._vips_bytes = vips_bytes
        self._cgroup_limit_bytes = cgroup_limit_bytes

    def collect(self) -> dict[str, Any]:
        """Give all figures as plain values."""
        return {
            "memory": self._memory_figures(self._monitor.sample_if_older()),
            "samples": [asdict(past) for past in self._monitor.history()],
            "coalescing": _plain(self._flights),
            **{name: {each: _plain(owner) for each, owner in group.items()} for name, group in self._groups.items()},
            "logo_sources": {},
            "refusals": self._refusals(),
        }

    def _refusals(self) -> dict[str, int]:
        limits = self._limits.statistics()
        return dict(self._admission.statistics().refused) | {
            "circuit-open": self._breaker.statistics().refused,
            "rate-limited": limits.limited_clients + limits.limited_domains,
        }

    def _memory_figures(self, reading: MemoryReading) -> dict[str, Any]:
        vips_bytes, vips_high_bytes = self._vips_bytes()
        return memory_figures(reading) | {
            "cgroup_limit_bytes": self._cgroup_limit_bytes,
            "inflight_bytes": self._gate.statistics().in_use_bytes + self._transfers.in_use_bytes,
            "vips_bytes": vips_bytes,
            "vips_high_bytes": vips_high_bytes,
        }


def memory_figures(reading: MemoryReading) -> dict[str, Any]:
    """Write one reading as plain values."""
    return {
        "rss_bytes": reading.rss_bytes,
        "peak_bytes": reading.peak_bytes,
        "budget_bytes": reading.budget_bytes,
        "ratio": round(reading.ratio, 4),
        "state": reading.level.name,
        "since_s": round(reading.since_seconds, 3),
        "trend": reading.trend,
    }


def _plain(owner: Snapshot) -> dict[str, Any]:
    statistics = owner.statistics()
    return {
        name: dict(value) if isinstance(value := getattr(statistics, name), Mapping) else value
        for name in statistics.__dataclass_fields__
    }
