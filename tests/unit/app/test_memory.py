"""The ladder's actions, rung by rung, with a resident size and a clock that the test holds."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from imgsvc.app import memory as memory_module
from imgsvc.app.memory import (
    ANNEXE_BYTES,
    CODECS_BYTES,
    FONTS_BYTES,
    GUARDED_ENTRY_BYTES,
    REPEATS_SHARE,
    SETTLED_SECONDS,
    Reins,
    read_limit,
)
from imgsvc.cache.memory import MemoryCache, weight_bytes
from imgsvc.cache.metadata import MetadataCache
from imgsvc.errors import MemoryPressure
from imgsvc.pressure.capacity import SMALLEST_CACHE_BYTES, cache_capacity_bytes
from imgsvc.pressure.gate import ByteGate
from imgsvc.pressure.levels import Level
from imgsvc.pressure.monitor import MemoryMonitor
from imgsvc.pressure.transfers import TransferLedger
from imgsvc.services.arrivals import Slots
from imgsvc.services.downloads import Downloads
from imgsvc.services.outgoing import Outgoing
from imgsvc.services.table_room import TableRoom
from imgsvc.settings import MIB, CacheSettings, MemorySettings, StoreSettings, TransformSettings
from imgsvc.store.filesystem import FilesystemStore
from imgsvc.transform.pool import TransformPool
from imgsvc.transform.svg import SvgRenderer
from tests.support.blobs import blob_of
from tests.support.environ import texts
from tests.support.spine_parts import Clock, Rss

pytestmark = pytest.mark.slow

BUDGET = 512 * MIB
BASE = 100 * MIB
PERCENT = BUDGET // 100


@dataclass
class Machine:
    """Everything the ladder acts on."""

    clock: Clock
    rss: Rss
    memory: MemoryCache
    metadata: MetadataCache
    transfers: TransferLedger
    repeats: TableRoom
    monitor: MemoryMonitor
    gate: ByteGate
    reins: Reins
    svg: SvgRenderer

    def sample(self, rss_bytes: int, after_seconds: float = 2.5) -> Level:
        """Let time pass, and read this size."""
        self.clock.forward(after_seconds)
        self.rss.bytes = rss_bytes
        return self.monitor.sample().level

    def fill(self, mebibytes: int) -> None:
        """Put so many entries of 1 MiB into the cache."""
        data_bytes = MIB - weight_bytes(blob_of(b""))
        for n in range(mebibytes):
            self.memory.put(blob_of(n.to_bytes(data_bytes, "big"), key=f"images/image/k/{n}"))

    @property
    def cached(self) -> int:
        return self.memory.statistics().bytes

    @property
    def capacity(self) -> int:
        return self.memory.statistics().capacity_bytes


@pytest.fixture
async def machine(tmp_path) -> AsyncIterator[Machine]:
    async for made in open_machine(tmp_path):
        yield made


async def open_machine(tmp_path, **env) -> AsyncIterator[Machine]:
    settings = MemorySettings.from_env(texts({"IMAGE_RAM_BUDGET_BYTES": BUDGET} | env))
    clock, rss = Clock(), Rss()
    rss.bytes = BASE
    memory = MemoryCache(0, 50 * MIB)
    metadata = MetadataCache(CacheSettings(), 10 * MIB)
    transfers = TransferLedger(settings.transfer_capacity_bytes)
    monitor = MemoryMonitor(settings, rss, clock)
    repeats = TableRoom()
    reins = Reins(settings, memory, metadata, transfers, Outgoing(), repeats, rss, clock)
    gate = ByteGate(
        settings.gate_capacity_bytes, queue_limit=4, largest_bytes=reins.largest_bytes, make_room=reins.make_room
    )
    svg = SvgRenderer(1, 1000)
    transforms = TransformPool(TransformSettings(), svg)
    store = FilesystemStore(StoreSettings(directory=tmp_path))
    downloads = Downloads(store, 30, lambda: True)
    reins.hold(monitor, gate, transforms, svg, downloads, Slots(1))
    yield Machine(clock, rss, memory, metadata, transfers, repeats, monitor, gate, reins, svg)
    await reins.aclose()
    await downloads.aclose(1)
    await transforms.aclose()
    await svg.aclose()
    await store.aclose()


async def test_a_full_cache_is_healthy(machine):
    """Base, fonts, gate and a full cache together stay below WARNING."""
    gate_bytes, base_bytes = machine.gate.statistics().capacity_bytes, BASE + FONTS_BYTES + ANNEXE_BYTES + CODECS_BYTES

    assert machine.capacity == cache_capacity_bytes(BUDGET, base_bytes, gate_bytes, 0, 0)
    assert machine.sample(base_bytes + gate_bytes + machine.capacity) is Level.OK


async def test_the_capacity_follows_what_others_hold(machine):
    """What bodies under way hold is not there for the cache, for as long as they hold it."""
    before = machine.capacity
    machine.transfers.take(30 * MIB)
    machine.sample(BASE)
    during = machine.capacity
    machine.transfers.give_back(30 * MIB)
    machine.sample(BASE)

    assert (before - during, machine.capacity) == (30 * MIB, before)


async def test_the_table_of_repeats_is_a_share(machine):
    """What it holds is taken from the cache's capacity, and it is cut with that, and emptied with it."""
    before = machine.capacity
    assert machine.repeats.capacity_bytes == before // REPEATS_SHARE
    machine.repeats.bytes = 5 * MIB
    machine.sample(BASE)
    assert before - machine.capacity == 5 * MIB
    machine.fill(100)
    cuts: list[int] = []
    machine.repeats.on_resize = lambda: cuts.append(machine.repeats.capacity_bytes)
    machine.sample(78 * PERCENT)
    assert cuts[-1] == machine.capacity // REPEATS_SHARE < before // REPEATS_SHARE
    machine.sample(101 * PERCENT)
    assert 0 in cuts
    assert cuts[-1] == SMALLEST_CACHE_BYTES // REPEATS_SHARE


async def test_a_capacity_that_was_set_stays(tmp_path):
    """``IMGSVC_CACHE_BYTES`` is the capacity, whatever others hold."""
    async for machine in open_machine(tmp_path, IMGSVC_CACHE_BYTES=20 * MIB):
        machine.transfers.take(30 * MIB)
        machine.sample(BASE)
        assert machine.capacity == 20 * MIB


async def test_warning_evicts_by_weight(machine):
    """At WARNING what is over 68 % of the budget goes, the oldest first, and the cache stays that small."""
    machine.fill(100)
    level = machine.sample(78 * PERCENT)

    over = 78 * PERCENT - 68 * PERCENT
    assert level is Level.WARNING
    assert 0 <= 100 * MIB - machine.cached - over < 2 * MIB
    assert machine.memory.get("images/image/k/0") is None
    assert machine.memory.get("images/image/k/99") is not None
    assert machine.capacity == machine.cached


async def test_warning_evicts_again_while_it_lasts(machine):
    """Two seconds later more goes when the size has not come down, and not before."""
    machine.fill(100)
    machine.sample(76 * PERCENT)
    first = machine.cached
    machine.sample(76 * PERCENT, after_seconds=1)
    soon = machine.cached
    machine.sample(76 * PERCENT, after_seconds=1.5)

    assert first == soon > machine.cached


async def test_the_cache_grows_again_a_minute_after(machine):
    """Back at OK the capacity waits for a minute."""
    full = machine.capacity
    machine.fill(100)
    machine.sample(78 * PERCENT)
    small = machine.capacity
    machine.sample(BASE)
    soon = machine.capacity
    machine.sample(BASE, after_seconds=SETTLED_SECONDS)

    assert small == soon < machine.capacity == full


async def test_from_guard_on_only_small_entries_come_in(machine):
    """At GUARD nothing over 1 MiB enters, at CRITICAL nothing at all; below it is as before."""
    large = blob_of(bytes(GUARDED_ENTRY_BYTES + 1), key="large")
    small = blob_of(bytes(1000), key="small")
    kept = {}
    for rss_bytes in (85 * PERCENT, 95 * PERCENT, 82 * PERCENT, BASE):
        level = machine.sample(rss_bytes)
        kept[level, len(kept)] = (machine.memory.put(large), machine.memory.put(small))

    assert kept == {
        (Level.GUARD, 0): (False, True),
        (Level.CRITICAL, 1): (False, False),
        (Level.GUARD, 2): (False, True),
        (Level.OK, 3): (True, True),
    }


async def test_cleanup_empties_the_cache(machine):
    """At 100 % the cache is dropped, and the smallest of all is what it may grow to for now."""
    machine.fill(30)

    assert machine.sample(101 * PERCENT) is Level.CLEANUP
    assert (machine.cached, machine.capacity) == (0, SMALLEST_CACHE_BYTES)


async def test_emergency_gives_up_everything_at_once(machine):
    """A jump to 120 % flushes cache and metadata, and ends what waits with 503; what is admitted goes on."""
    machine.fill(30)
    await machine.metadata.set("a", {"b": 1}, 100)
    permit = await machine.gate.admit(machine.gate.statistics().capacity_bytes)
    waiting = asyncio.create_task(machine.gate.admit(MIB))
    await asyncio.sleep(0)

    assert machine.sample(121 * PERCENT) is Level.EMERGENCY
    with pytest.raises(MemoryPressure):
        await waiting
    assert machine.cached == 0
    assert await machine.metadata.get("a") is None
    permit.release()
    assert machine.gate.statistics().in_use_bytes == 0


async def test_room_is_made_for_a_large_picture(machine):
    """One that runs alone gets what keeps the process below GUARD of the cache, all of it if need be, or nothing."""
    machine.fill(120)
    machine.rss.bytes = 60 * PERCENT
    below_guard = 80 * BUDGET // 100 - 60 * PERCENT

    assert await machine.reins.make_room(below_guard)
    assert machine.cached == 120 * MIB
    assert await machine.reins.make_room(below_guard + 20 * MIB)
    assert machine.cached == 100 * MIB
    most = 95 * BUDGET // 100 - 60 * PERCENT + 100 * MIB
    assert not await machine.reins.make_room(most + 1)
    assert machine.cached == 100 * MIB
    assert await machine.reins.make_room(most)
    assert machine.cached == 0


async def test_what_nobody_uses_makes_room(machine, monkeypatch):
    """What a drawing left behind, worker and heap, goes before a large picture is refused."""
    size_bytes = 40 * PERCENT
    machine.rss.bytes = 90 * PERCENT
    left_bytes = [60 * PERCENT] * 2 + [58 * PERCENT, 50 * PERCENT, 50 * PERCENT]
    monkeypatch.setattr(memory_module, "CLEARING_PAUSES_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(memory_module, "trim", lambda: setattr(machine.rss, "bytes", left_bytes.pop(0)))
    await machine.svg.render(b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 9, 9)

    assert not await machine.reins.make_room(size_bytes)
    assert machine.svg.statistics().worker_pid is None
    assert await machine.reins.make_room(size_bytes)
    assert not left_bytes


async def test_a_budget_that_is_too_small_is_said(tmp_path, caplog):
    """When base and gate leave less than the smallest cache, one line names the smallest budget that would do."""
    async for machine in open_machine(tmp_path, IMAGE_RAM_BUDGET_BYTES=128 * MIB):
        assert machine.capacity == SMALLEST_CACHE_BYTES
    assert [r.getMessage().count("IMAGE_RAM_BUDGET_BYTES") for r in caplog.records] == [1]


def test_the_limit_is_read():
    """On this machine, whatever its limit, the budget fits into it."""
    limit_bytes, fitted = read_limit(MemorySettings())

    assert limit_bytes is None or fitted.budget_bytes <= limit_bytes * 8 // 10
