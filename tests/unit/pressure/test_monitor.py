"""The monitor, fed with readings."""

import os
from pathlib import Path

import pytest

from imgsvc.pressure.monitor import MemoryMonitor, SystemStatus, own_rss_bytes
from imgsvc.settings import MemorySettings

MIB = 1024 * 1024
SETTINGS = MemorySettings(
    IMAGE_RAM_BUDGET_BYTES=100 * MIB, MEMORY_WARNING_THRESHOLD=70 * MIB, MEMORY_CRITICAL_THRESHOLD=90 * MIB
)


class World:
    """A process size and a clock that a test moves."""

    def __init__(self) -> None:
        self.rss = 10 * MIB
        self.now = 0.0
        self.reads = 0

    def read(self) -> int:
        self.reads += 1
        return self.rss


@pytest.mark.parametrize(
    ("rss_mib", "status"),
    [
        (0, SystemStatus.HEALTHY),
        (69.9, SystemStatus.HEALTHY),
        (70, SystemStatus.MEMORY_WARNING),
        (89.9, SystemStatus.MEMORY_WARNING),
        (90, SystemStatus.MEMORY_CRITICAL),
        (500, SystemStatus.MEMORY_CRITICAL),
    ],
)
def test_thresholds(rss_mib, status):
    """Each threshold belongs to the state it begins."""
    world = World()
    world.rss = int(rss_mib * MIB)

    assert MemoryMonitor(SETTINGS, world.read).sample().status is status


def test_a_reading_is_reused_for_a_second():
    """Labelling an answer reads the process size once a second at the most."""
    world = World()
    monitor = MemoryMonitor(SETTINGS, world.read, lambda: world.now)
    before = world.reads

    for _ in range(1000):
        monitor.status()
    assert world.reads == before

    world.now, world.rss = 1.1, 95 * MIB
    assert monitor.status() is SystemStatus.MEMORY_CRITICAL
    assert world.reads == before + 1


def test_the_peak_is_kept():
    """The peak does not go down with the size."""
    world = World()
    monitor = MemoryMonitor(SETTINGS, world.read)
    world.rss = 80 * MIB
    monitor.sample()
    world.rss = 20 * MIB

    reading = monitor.sample()

    assert (reading.rss_bytes, reading.peak_bytes) == (20 * MIB, 80 * MIB)
    assert reading.ratio == 0.2


def test_the_real_reader_reads_this_process():
    """The default reader agrees with the kernel about this very process."""
    resident_pages = int(Path("/proc/self/statm").read_text().split()[1])
    expected = resident_pages * os.sysconf("SC_PAGE_SIZE")

    assert own_rss_bytes()() == pytest.approx(expected, rel=0.2)
