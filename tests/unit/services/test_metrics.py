"""All figures in one document."""

import json

import pytest

from imgsvc.services.metrics import MetricsService
from tests.support.spine import png


@pytest.fixture
def metrics(parts) -> MetricsService:
    return MetricsService(
        monitor=parts.monitor, gate=parts.gate, transfers=parts.transfers, admission=parts.admission,
        memory=parts.memory, metadata=parts.metadata, store=parts.store, repeats=parts.repeats,
        flights=parts.flights,
        transforms=parts.transforms, downloads=parts.downloads, persister=parts.persister, space=parts.space,
        slots=parts.slots, outgoing=parts.outgoing, upgrades=parts.upgrades, svg=parts.svg, tagging=parts.tagging,
        fetcher=parts.fetcher, failures=parts.failures,
        breaker=parts.breaker, validation=parts.validation, revalidations=parts.revalidations, marks=parts.marks,
        purges=parts.purges,
        leases=parts.leases, announcements=parts.announcements, limits=parts.limits,
        annexe=lambda: parts, vips_bytes=lambda: (1, 2), cgroup_limit_bytes=None,
    )  # fmt: skip


async def test_every_figure_is_there(metrics):
    """The document has every member that is promised, and JSON can write it."""
    figures = json.loads(json.dumps(metrics.current()))

    assert set(figures) == {
        "memory", "ladder", "caches", "coalescing", "queue", "sources", "replicas", "logos", "logo_sources",
        "refusals", "opengraph",
    }  # fmt: skip
    assert set(figures["sources"]) == {"origin", "failures", "breaker", "validation", "revalidations", "limits"}
    assert {"circuit-open", "rate-limited"} <= set(figures["refusals"])
    assert set(figures["memory"]) == {
        "rss_bytes", "peak_bytes", "budget_bytes", "ratio", "state", "since_s", "trend", "cgroup_limit_bytes",
        "inflight_bytes", "vips_bytes", "vips_high_bytes", "levels_bytes",
    }  # fmt: skip
    assert set(figures["caches"]) == {"memory", "metadata", "store", "repeats"}
    assert {"entries", "bytes", "capacity_bytes", "hits", "misses", "evictions"} <= set(figures["caches"]["memory"])
    assert {"in_flight", "shared"} <= set(figures["coalescing"])


async def test_figures_follow_what_happens(parts, origin, metrics):
    """A picture that was made shows in the caches; what is held shows in ``inflight_bytes``."""
    origin.serve("/a.png", png())
    await parts.ask("/a.png")
    await parts.stored()
    permit = await parts.gate.admit(1000)
    parts.transfers.take(234)

    figures = metrics.current()
    permit.release()
    parts.transfers.give_back(234)

    assert figures["caches"]["memory"]["entries"] == 1
    assert figures["sources"]["origin"] == {
        "fetches": 1, "open": 0, "outcomes": {"ok": 1}, "refused": {}, "received_bytes": len(png()),
    }  # fmt: skip
    assert figures["memory"]["inflight_bytes"] == 1234
    assert metrics.current()["memory"]["inflight_bytes"] == 0


async def test_samples_are_a_hundred_at_most(parts, metrics):
    """The history is bounded."""
    for _ in range(150):
        parts.clock.forward(1)
        parts.monitor.sample()

    assert len(samples := metrics.samples()) == 100
    assert set(samples[0]) == {"seconds_ago", "rss_bytes", "level"}
