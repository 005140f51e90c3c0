"""What this process holds and has done, collected from those who hold and do it."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from imgsvc.origin.breaker import Breaker
from imgsvc.pressure.admission import Admission
from imgsvc.pressure.gate import ByteGate
from imgsvc.pressure.monitor import MemoryMonitor, MemoryReading
from imgsvc.pressure.transfers import TransferLedger
from imgsvc.services.annexe import Annexe
from imgsvc.services.figures import MemoryFigures
from imgsvc.services.limits import RateLimits


class Snapshot(Protocol):
    """Anything with counters."""

    def statistics(self) -> Any:
        """Give them as a frozen value."""


class MetricsService(Struct, frozen=True, kw_only=True, eq=False):
    """
    Collects; holds no figure of its own: one field for each owner of figures.

    Attributes:
        annexe: gives those whose owners are made behind the start; None = they are not, and theirs are left out.
    """

    monitor: MemoryMonitor
    gate: ByteGate
    transfers: TransferLedger
    admission: Admission
    memory: Snapshot
    metadata: Snapshot
    store: Snapshot
    repeats: Snapshot
    flights: Snapshot
    transforms: Snapshot
    downloads: Snapshot
    persister: Snapshot
    space: Snapshot
    slots: Snapshot
    outgoing: Snapshot
    upgrades: Snapshot
    svg: Snapshot
    tagging: Snapshot
    fetcher: Snapshot
    failures: Snapshot
    breaker: Breaker
    validation: Snapshot
    revalidations: Snapshot
    marks: Snapshot
    purges: Snapshot
    leases: Snapshot
    announcements: Snapshot
    limits: RateLimits
    annexe: Callable[[], Annexe | None]
    vips_bytes: Callable[[], tuple[int, int]]
    cgroup_limit_bytes: int | None

    def current(self) -> dict[str, Any]:
        """Give all figures of now, and all counters since the start, as plain values."""
        return {
            "memory": self._memory_figures(self.monitor.sample_if_older()),
            "ladder": self._ladder(),
            "coalescing": _plain(self.flights),
            **{name: {each: _plain(owner) for each, owner in group.items()} for name, group in self._groups().items()},
            "logo_sources": {} if (annexe := self.annexe()) is None else dict(annexe.logos.statistics().answered),
            "refusals": self._refusals(),
        }

    def samples(self) -> list[dict[str, Any]]:
        """Give the last hundred readings of the memory, the oldest first, as plain values."""
        return [
            {"seconds_ago": past.seconds_ago, "rss_bytes": past.rss_bytes, "level": past.level}
            for past in self.monitor.history()
        ]

    def _groups(self) -> Mapping[str, Mapping[str, Snapshot]]:
        annexe = self.annexe()
        return {
            "caches": {
                "memory": self.memory, "metadata": self.metadata, "store": self.store, "repeats": self.repeats,
            },
            "queue": {
                "transforms": self.transforms, "gate": self.gate, "transfers": self.transfers,
                "downloads": self.downloads, "persister": self.persister, "spool": self.space,
                "fetch_slots": self.slots, "outgoing": self.outgoing, "upgrades": self.upgrades,
                "svg": self.svg, "tagging": self.tagging,
            },
            "sources": {
                "origin": self.fetcher, "failures": self.failures, "breaker": self.breaker,
                "validation": self.validation, "revalidations": self.revalidations, "limits": self.limits,
            },
            "logos": {"keeper": annexe.logo_keeper} if annexe else {},
            "opengraph": {"pages": annexe.pages, "pictures": annexe.sharing} if annexe else {},
            "replicas": {
                "marks": self.marks, "purges": self.purges, "leases": self.leases,
                "announcements": self.announcements,
            },
        }  # fmt: skip

    def _refusals(self) -> dict[str, int]:
        limits = self.limits.statistics()
        return dict(self.admission.statistics().refused) | {
            "circuit-open": self.breaker.statistics().refused,
            "rate-limited": limits.limited_clients + limits.limited_domains,
        }

    def _ladder(self) -> dict[str, Any]:
        statistics = self.monitor.statistics()
        return {
            "level": int(statistics.level),
            "entered": dict(statistics.entered),
            "samples": statistics.samples,
            "failed_actions": statistics.failed_actions,
        }

    def _memory_figures(self, reading: MemoryReading) -> dict[str, Any]:
        vips_bytes, vips_high_bytes = self.vips_bytes()
        return {
            **memory_figures(reading),
            "levels_bytes": {level.name: begin for level, begin in self.monitor.thresholds.by_level().items()},
            "cgroup_limit_bytes": self.cgroup_limit_bytes,
            "inflight_bytes": self.gate.statistics().in_use_bytes + self.transfers.in_use_bytes,
            "vips_bytes": vips_bytes,
            "vips_high_bytes": vips_high_bytes,
        }


def memory_figures(reading: MemoryReading) -> MemoryFigures:
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
        for name in statistics.__struct_fields__
    }
