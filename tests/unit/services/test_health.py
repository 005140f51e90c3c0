"""Health: what others know, told without waiting for anybody."""

import asyncio
import contextlib

import pytest

from imgsvc.pressure.monitor import MemoryMonitor, SystemStatus
from imgsvc.services.health import HealthService, Phase, Status
from imgsvc.services.scripts import Scripts
from imgsvc.settings import MIB, MemorySettings
from tests.support.blobs import meta_of
from tests.support.spine import until
from tests.support.spine_parts import Clock

BUDGET = MemorySettings(budget_bytes=100 * MIB)


class Machine:
    """A process whose size the test sets."""

    rss_bytes = 10 * MIB

    def __call__(self) -> int:
        return self.rss_bytes


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def clock() -> Clock:
    return Clock(0.0)


@pytest.fixture
def missing() -> list[str]:
    """Rooms that could not be loaded."""
    return []


@pytest.fixture
def health(parts, machine, clock, missing) -> HealthService:
    monitor = MemoryMonitor(BUDGET, machine, clock)
    health = HealthService(
        monitor=monitor, store=parts.store, shelf=parts.shelf, persister=parts.persister, downloads=parts.downloads,
        metadata=parts.metadata, scripts=Scripts(lambda: ("Tibetan",)),
        clock=clock, check_seconds=0.001,
    )  # fmt: skip
    health.expect(lambda: bool(missing))
    health.phase = Phase.READY
    return health


@pytest.fixture
async def watching(health):
    """The store is asked in the background."""
    task = asyncio.create_task(health.watch())
    yield
    assert not task.done()
    task.cancel()


async def test_figures_name_every_reason(health, machine, clock):
    """Whoever counts reasons finds all of them, each with whether it holds, those of a report among them."""
    assert not any(health.figures()["reasons"].values())

    health.phase, machine.rss_bytes = Phase.DRAINING, 95 * MIB
    clock.forward(12.5)
    figures, report = health.figures(), health.report()

    assert {reason for reason, holds in figures["reasons"].items() if holds} == set(report.reasons)
    assert set(report.reasons) == {"draining", "memory-critical"}
    assert set(figures["reasons"]) >= {phase.value for phase in Phase if phase is not Phase.READY}
    assert (figures["status"], figures["uptime_s"], figures["version"]) == ("unhealthy", 12.5, report.version)


async def test_all_is_well(health, clock):
    """A ready process with memory left is healthy, without a reason, and knows its age."""
    clock.forward(12.5)

    report = health.report()

    assert (report.status, report.reasons, report.uptime_s) == (Status.HEALTHY, (), 12.5)
    assert report.memory == {
        "rss_bytes": 10 * MIB, "peak_bytes": 10 * MIB, "budget_bytes": 100 * MIB, "ratio": 0.1, "state": "OK",
        "since_s": 12.5, "trend": "stable",
    }  # fmt: skip
    assert report.version


@pytest.mark.parametrize(
    ("mib", "status", "reason"),
    [(74, Status.HEALTHY, None), (75, Status.DEGRADED, "memory-warning"), (90, Status.UNHEALTHY, "memory-critical")],
)
async def test_memory(health, machine, mib, status, reason):
    """Warning degrades, critical takes the process out."""
    machine.rss_bytes = mib * MIB

    report = health.report()

    assert (report.status, report.reasons) == (status, (reason,) if reason else ())


async def test_memory_comes_back(health, machine, clock):
    """The label follows the resident size: up at once, down when a state has lasted two seconds."""
    machine.rss_bytes = 95 * MIB
    clock.forward(1.1)
    high = health.system_status
    machine.rss_bytes = 10 * MIB
    clock.forward(2.1)

    assert (high, health.system_status) == (SystemStatus.MEMORY_CRITICAL, SystemStatus.HEALTHY)
    assert health.report().memory["peak_bytes"] == 95 * MIB


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.DRAINING])
async def test_a_process_that_is_not_ready(health, phase):
    """While it starts and while it drains a process is unhealthy, whatever else holds."""
    health.phase = phase

    assert (health.report().status, health.report().reasons) == (Status.UNHEALTHY, (phase.value,))


async def test_a_store_that_is_down_is_degraded(health, parts, watching, caplog):
    """The watch notices a store that goes and one that comes back, and logs why it went, once each time."""
    for times in (1, 2):
        parts.store.failing = {"ping"}
        await until(lambda: health.report().reasons == ("store-failing",))
        assert health.report().status is Status.DEGRADED
        before = len(parts.store.asked)
        await until(lambda before=before: len(parts.store.asked) > before + 1)
        assert [line.startswith("the store fails: ") for line in caplog.messages] == [True] * times

        parts.store.failing = set()
        await until(lambda: health.report().status is Status.HEALTHY)


async def test_a_metadata_cache_of_ones_own_is_not_watched(health, parts):
    """Where replicas share nothing there is nothing to ask."""
    async with asyncio.timeout(5):
        await health.watch_metadata()

    assert not parts.metadata.is_shared


class Swallowing:
    """A backend that answers when it is cancelled, as some do with Python 3.11."""

    def __init__(self) -> None:
        self.asked = 0

    async def get(self, _key: str) -> None:
        self.asked += 1
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    async def close(self) -> None:
        """There is nothing to close."""


async def test_the_watch_ends_though_a_cancellation_is_swallowed(health, parts):
    """At the end nobody waits for a watch that has not heard of it."""
    backend = parts.metadata._backend = Swallowing()
    parts.metadata._local = None
    task = asyncio.create_task(health.watch_metadata())
    await until(lambda: backend.asked)

    task.cancel()
    async with asyncio.timeout(5):
        await task

    assert backend.asked == 1


async def test_a_store_that_does_not_write_is_degraded(health, parts):
    """A failed write shows until one succeeds."""
    parts.store.failing = {"put"}
    parts.shelf.persist("images/image/k/x", b"1", meta_of(b"1"))
    await parts.stored()
    assert health.report().reasons == ("store-failing",)

    parts.store.failing = set()
    parts.shelf.persist("images/image/k/x", b"1", meta_of(b"1"))
    await parts.stored()
    assert health.report().reasons == ()


async def test_a_store_that_does_not_read_is_degraded(health, parts):
    """A failed read shows until one succeeds."""
    parts.store.failing = {"get"}
    await parts.shelf.read("images/image/k/x")
    assert health.report().reasons == ("store-failing",)

    parts.store.failing = set()
    await parts.shelf.read("images/image/k/x")
    assert health.report().reasons == ()


async def test_reasons_come_together(health, parts, machine):
    """All that is wrong is told, what is fatal first."""
    parts.store.failing = {"get"}
    await parts.shelf.read("images/image/k/x")
    machine.rss_bytes = 80 * MIB
    health.phase = Phase.DRAINING

    assert health.report().reasons == ("draining", "memory-warning", "store-failing")


async def test_missing_scripts_are_shown_and_are_no_reason(health):
    """They are not known at first; then they are named, and the process is as healthy as before."""
    before = health.report()
    await health._scripts.look()
    after = health.report()

    assert (before.missing_scripts, after.missing_scripts) == (None, ("Tibetan",))
    assert (after.status, after.reasons) == (before.status, before.reasons) == (Status.HEALTHY, ())


def test_a_room_that_could_not_be_loaded(health, missing):
    """Pictures are answered still, so the process is degraded, until loading goes well."""
    missing.append("logos")
    report = health.report()
    missing.clear()

    assert (report.status, report.reasons) == (Status.DEGRADED, ("incomplete",))
    assert health.report().status is Status.HEALTHY
