"""The monitor, fed with readings: a table of sizes and times, and what is called."""

import asyncio
import logging
import math
import time

import pytest

from imgsvc.pressure.monitor import MAX_AGE_SECONDS, Level, MemoryMonitor, SystemStatus
from imgsvc.settings import MIB, MemorySettings

SETTINGS = MemorySettings(budget_bytes=100 * MIB)
OK, WARNING, GUARD, CRITICAL, CLEANUP, EMERGENCY = Level


class World:
    """A process size and a clock that a test moves."""

    def __init__(self) -> None:
        self.mib = 10.0
        self.now = 1000.0
        self.reads = 0
        self.busy = True
        self.calls: list[str] = []

    def read(self) -> int:
        self.reads += 1
        return int(self.mib * MIB)

    def note(self, name: str):
        return lambda _: self.calls.append(name)

    def monitor(self, **more) -> MemoryMonitor:
        return MemoryMonitor(SETTINGS, self.read, lambda: self.now, busy=lambda: self.busy, **more)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def laddered(world) -> MemoryMonitor:
    """A monitor with the ladder of the service: something for every level."""
    monitor = world.monitor()
    monitor.on_sample(CLEANUP, world.note("flush"), 10)
    monitor.on_sample(EMERGENCY, world.note("flush all"), 10)
    monitor.on_sample(WARNING, world.note("evict"), 2)
    monitor.on(GUARD, world.note("small only"))
    monitor.on_leave(GUARD, world.note("any size"))
    monitor.on(EMERGENCY, world.note("retire"), cooldown_seconds=10)
    return monitor


EVERYTHING = ["evict", "small only", "flush", "flush all", "retire"]


@pytest.mark.parametrize(
    "steps",
    [
        # (resident MiB, seconds since the last sample, level, what is called)
        [(10, 0, OK, []), (74, 1, OK, []), (75, 1, WARNING, ["evict"]), (76, 1, WARNING, []),
         (76, 1, WARNING, ["evict"]), (69, 1, OK, [])],
        [(75, 0, WARNING, ["evict"]), (82, 1, GUARD, ["small only"]), (82, 1, GUARD, ["evict"]),
         (71, 1, WARNING, ["any size"]), (71, 1, WARNING, ["evict"]), (70, 1, OK, [])],
        [(125, 0, EMERGENCY, EVERYTHING), (125, 1, EMERGENCY, []), (125, 1, EMERGENCY, ["evict"]),
         (40, 1, OK, ["any size"]), (40, 1, OK, [])],
        # A flush within ten seconds of the last is not made, and is when they are over.
        [(125, 0, EMERGENCY, EVERYTHING), (10, 3, OK, ["any size"]), (125, 1, EMERGENCY, ["evict", "small only"]),
         (125, 5.9, EMERGENCY, ["evict"]), (125, 0.1, EMERGENCY, ["flush", "flush all"])],
        # While the level stays, the flush is repeated.
        [(101, 0, CLEANUP, ["evict", "small only", "flush"]), (101, 5, CLEANUP, ["evict"]),
         (101, 5, CLEANUP, ["evict", "flush"]), (121, 1, EMERGENCY, ["flush all", "retire"])],
    ],
)  # fmt: skip
def test_the_ladder(world, laddered, steps):
    """Sizes and times lead to levels, and levels to calls, in order and no oftener than allowed."""
    for mib, seconds, level, calls in steps:
        world.mib, world.now, world.calls = mib, world.now + seconds, []
        reading = laddered.sample()
        assert (reading.level, laddered.level, world.calls) == (level, level, calls)


def test_a_process_that_starts_short_of_memory(world):
    """A threshold below the size at start is legal: what is registered before the first sample is called by it."""
    world.mib = 95
    monitor = world.monitor()
    monitor.on(WARNING, world.note("warned"))
    assert (monitor.level, world.reads) == (OK, 0)

    assert monitor.status() is SystemStatus.MEMORY_CRITICAL
    assert world.calls == ["warned"]


@pytest.mark.parametrize(
    ("mib", "status"),
    [
        (0, SystemStatus.HEALTHY),
        (74.9, SystemStatus.HEALTHY),
        (75, SystemStatus.MEMORY_WARNING),
        (89.9, SystemStatus.MEMORY_WARNING),
        (90, SystemStatus.MEMORY_CRITICAL),
        (500, SystemStatus.MEMORY_CRITICAL),
    ],
)
def test_status(world, mib, status):
    """The world is told one of three words, by the reading and by the monitor alike."""
    world.mib = mib
    monitor = world.monitor()
    assert (monitor.sample().status, monitor.status()) == (status, status)


def test_a_reading_is_reused(world):
    """Labelling answers reads the size once a second at the most, admission ten times."""
    monitor = world.monitor()
    monitor.sample()
    world.mib, world.now = 95, world.now + 0.09
    assert monitor.sample_if_older(0.1).level is OK
    for _ in range(1000):
        monitor.status()
    assert world.reads == 1

    world.now += 0.02
    assert monitor.sample_if_older().level is CRITICAL
    assert monitor.status() is SystemStatus.MEMORY_CRITICAL
    assert world.reads == 2

    world.mib, world.now = 10, world.now + 2.1
    assert monitor.status() is SystemStatus.HEALTHY
    assert world.reads == 3


def test_how_long_a_reading_lasts(world):
    """Who asks with every hit knows the last state, and up to when that needs no new reading."""
    monitor = world.monitor()
    assert (monitor.latest.status, monitor.latest.young_until) == (None, -math.inf)
    before = time.perf_counter()
    monitor.sample()
    assert before + MAX_AGE_SECONDS <= monitor.latest.young_until <= time.perf_counter() + MAX_AGE_SECONDS

    world.mib, world.now = 95, world.now + 1.1
    assert monitor.latest.status is SystemStatus.HEALTHY
    assert monitor.status() is monitor.latest.status is SystemStatus.MEMORY_CRITICAL


def test_below_a_level(world):
    """A level that is reached is not below itself, and the answer follows the size."""
    monitor = world.monitor()
    assert monitor.is_below(WARNING)

    world.mib, world.now = 82, world.now + 1
    assert not monitor.is_below(WARNING)
    assert not monitor.is_below(GUARD)
    assert monitor.is_below(CRITICAL)


def test_a_reading_says_everything(world):
    """Size, peak, share, level, how long it has lasted, trend."""
    monitor = world.monitor()
    for mib in [40] * 5 + [80] * 4 + [76]:
        world.mib, world.now = mib, world.now + 1
        reading = monitor.sample()

    assert (reading.rss_bytes, reading.peak_bytes, reading.budget_bytes) == (76 * MIB, 80 * MIB, 100 * MIB)
    assert (reading.ratio, reading.level, reading.since_seconds, reading.trend) == (0.76, GUARD, 4.0, "rising")


def test_history(world):
    """Each sample is kept with its age and the level it led to."""
    monitor = world.monitor()
    for mib in (10, 80):
        world.mib, world.now = mib, world.now + 2
        monitor.sample()
    world.now += 1
    lines = [(line.seconds_ago, line.rss_bytes, line.level) for line in monitor.history()]
    assert lines == [(3.0, 10 * MIB, "OK"), (1.0, 80 * MIB, "GUARD")]


def test_one_log_line_a_change(world, caplog):
    """Each change of level is told once, with figures, whichever way it goes."""
    monitor = world.monitor()
    with caplog.at_level(logging.DEBUG, "imgsvc.pressure"):
        for mib in (10, 105, 104, 50, 50):
            world.mib, world.now = mib, world.now + 2
            monitor.sample()
    assert caplog.messages == [
        "memory is CLEANUP after 4.0 s of OK: 105 of 100 MiB (105 %), stable, peak 105 MiB",
        "memory is OK after 4.0 s of CLEANUP: 50 of 100 MiB (50 %), stable, peak 105 MiB",
    ]
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_statistics(world):
    """Samples, peak, failures and how often each level was entered, jumped-over ones included; a snapshot."""
    monitor = world.monitor()
    monitor.on(GUARD, lambda _: 1 / 0)
    before = monitor.statistics()
    for mib in (92, 92, 10, 76):
        world.mib, world.now = mib, world.now + 3
        monitor.sample()
    counted = monitor.statistics()
    assert (counted.level, counted.samples, counted.peak_bytes, counted.failed_actions) == (WARNING, 4, 92 * MIB, 1)
    assert counted.entered == {"WARNING": 2, "GUARD": 1, "CRITICAL": 1, "CLEANUP": 0, "EMERGENCY": 0}
    assert (before.samples, before.entered["WARNING"]) == (0, 0)


async def test_how_often_it_samples(world):
    """Once a second while there is work or pressure, once in five when there is neither, until cancelled."""
    slept: list[float] = []
    plan = iter([(10, True), (10, False), (76, False), (76, True), (10, False)])

    def turn() -> None:
        world.mib, world.busy = next(plan)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        world.now += seconds
        if len(slept) == 5:
            await asyncio.Event().wait()
        turn()

    turn()
    task = asyncio.create_task(world.monitor(sleep=sleep).run())
    while len(slept) < 5:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (slept, world.reads) == ([1, 5, 1, 1, 5], 5)


async def test_the_real_reader(world):
    """By default this very process is read, on the loop, without a blocking call."""
    assert MemoryMonitor(SETTINGS).sample().rss_bytes > 5 * MIB
