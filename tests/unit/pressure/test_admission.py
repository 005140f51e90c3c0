"""The one refusal: by level and by size."""

import pytest

from imgsvc.errors import MemoryPressure
from imgsvc.pressure.admission import Admission, Work
from imgsvc.pressure.monitor import MemoryMonitor
from imgsvc.settings import MIB, MemorySettings

ANYTHING = Work.anything()
SMALL = (Work.source(5), Work.decode(32))
LARGE = (Work.source(6), Work.source(None), Work.decode(33))


class World:
    """A process size and a clock that a test moves, and how often the size was read."""

    def __init__(self, room) -> None:
        self.mib = 10.0
        self.now = 0.0
        self.reads = 0
        self.gate = room.gate
        monitor = MemoryMonitor(MemorySettings(budget_bytes=100 * MIB), self.read, lambda: self.now)
        self.admission = Admission(monitor, room.gate, large_operation_bytes=32, stream_threshold_bytes=5)

    def read(self) -> int:
        self.reads += 1
        return int(self.mib * MIB)

    def refused(self) -> dict[str, int]:
        return {reason: count for reason, count in self.admission.statistics().refused.items() if count}


@pytest.fixture
async def world(room) -> World:
    return World(room)


@pytest.mark.parametrize(
    ("mib", "refused"),
    [
        (10, ()), (75, ()), (79.9, ()), (80, LARGE), (89.9, LARGE),
        (90, (ANYTHING, *SMALL, *LARGE)), (100, (ANYTHING, *SMALL, *LARGE)), (150, (ANYTHING, *SMALL, *LARGE)),
    ],
)  # fmt: skip
async def test_what_is_refused(world, mib, refused):
    """Nothing below GUARD, there what is large, from CRITICAL on everything; with a hint when to come back."""
    world.mib = mib
    for work in (ANYTHING, *SMALL, *LARGE):
        if work in refused:
            with pytest.raises(MemoryPressure) as error:
                world.admission.check(work)
            assert error.value.retry_after_seconds > 0
        else:
            world.admission.check(work)
    reason = "memory-critical" if mib >= 90 else "memory-guard"
    assert world.refused() == ({reason: len(refused)} if refused else {})


async def test_it_reads_at_most_ten_times_a_second(world):
    """A reading of the last 100 ms is good enough; an older one is not."""
    for _ in range(100):
        world.admission.check(ANYTHING)
    assert world.reads == 1
    world.mib, world.now = 95, 0.11
    with pytest.raises(MemoryPressure):
        world.admission.check(ANYTHING)
    assert world.reads == 2


async def test_admitting(world):
    """A decode is checked and then counted by the gate until its permit comes back."""
    permit = await world.admission.admit(32)
    assert world.gate.statistics().in_use_bytes == 32
    permit.release()

    world.mib, world.now = 85, 1.0
    with pytest.raises(MemoryPressure):
        await world.admission.admit(33)
    (await world.admission.admit(32)).release()
    assert world.gate.statistics().admitted_total == 2


async def test_what_could_ever_be_admitted(world, room):
    """It hangs on what the gate may hold, not on the level of the moment."""
    room.largest_bytes, world.mib = 150, 95
    assert [world.admission.could_admit(size_bytes) for size_bytes in (33, 150, 151)] == [True, True, False]


async def test_refusals_of_both_are_told_together(world):
    """Every reason is there from the start, the gate's own among them."""
    assert world.admission.statistics().refused == dict.fromkeys(
        ("memory-critical", "memory-guard", "queue-full", "queue-timeout", "too-large", "memory", "flushed"), 0
    )
