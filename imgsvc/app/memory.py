"""The ladder's actions: what each rung does to whom. Nowhere else does anybody act because memory is short."""

import asyncio
import logging
import time
from collections.abc import Callable

from imgsvc.cache.memory import MemoryCache
from imgsvc.cache.metadata import MetadataCache
from imgsvc.pressure.capacity import SMALLEST_CACHE_BYTES, cache_capacity_bytes, smallest_budget_bytes
from imgsvc.pressure.cgroup import fit_budget, fitting_notice, memory_limit_bytes
from imgsvc.pressure.gate import ByteGate
from imgsvc.pressure.levels import Level
from imgsvc.pressure.monitor import EVICTION_APART_SECONDS, FLUSH_APART_SECONDS, MemoryMonitor, MemoryReading
from imgsvc.pressure.transfers import TransferLedger
from imgsvc.pressure.trim import Trimmer, trim
from imgsvc.services.arrivals import Slots
from imgsvc.services.downloads import Downloads
from imgsvc.services.outgoing import Outgoing
from imgsvc.services.table_room import TableRoom
from imgsvc.settings import MIB, MemorySettings
from imgsvc.transform.pool import TransformPool
from imgsvc.transform.runtime import drop_cache
from imgsvc.transform.svg import SvgRenderer

log = logging.getLogger("imgsvc.pressure")

LARGEST_PERCENT = 95
"""The share of the budget up to which a picture may run alone."""

RELIEF_PERCENT = 7
"""How far below the WARNING threshold an eviction aims, in percent of the budget."""

GUARDED_ENTRY_BYTES = MIB
"""From GUARD on nothing larger enters the memory cache."""

SETTLED_SECONDS = 60.0
"""How long after pressure the cache stays as small as it was made."""

REPEATS_SHARE = 8
"""The table of what answers are given again by may weigh one part in this many of the cache's capacity."""

FONTS_BYTES = 16 * MIB
"""What all fonts together take once text has been drawn, which begins behind the start; measured: 13 to 16 MiB."""

ANNEXE_BYTES = 8 * MIB
"""What is loaded behind the start takes beside the fonts: logos, pages, share pictures; measured: 7 to 8 MiB."""

CODECS_BYTES = 9 * MIB
"""What libraries take once they have been used, which is tried behind the start; measured: 8.3 MiB."""

ADJUST_SECONDS = 1.0

CLEARING_PAUSES_SECONDS = (0.0, 0.05, 0.05, 0.05, 0.05)
"""Behind each look for room: what was answered a moment ago has not given all back yet."""


def read_limit(settings: MemorySettings) -> tuple[int | None, MemorySettings]:
    """Read the cgroup's limit and fit the budget into it, with a line of log where that changed it; for a thread."""
    limit_bytes = memory_limit_bytes()
    fitted = fit_budget(settings, limit_bytes)
    if limit_bytes is not None and fitted is not settings:
        log.warning("%s", fitting_notice(settings, fitted, limit_bytes))
    return limit_bytes, fitted


class Reins:
    """
    Holds what can be made smaller, and pulls when the monitor says so.

    Args:
        settings: budget and thresholds.
        memory: gets its capacity from here.
        metadata: flushed at the last rung.
        transfers: what bodies under way hold is not there for the cache.
        outgoing: nor is what clients are just being sent.
        repeats: nor is what answers are given again by, which gets its capacity from here too.
        read_rss: gives the resident size in bytes.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        settings: MemorySettings,
        memory: MemoryCache,
        metadata: MetadataCache,
        transfers: TransferLedger,
        outgoing: Outgoing,
        repeats: TableRoom,
        read_rss: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._memory = memory
        self._metadata = metadata
        self._transfers = transfers
        self._outgoing = outgoing
        self._repeats = repeats
        self._read_rss = read_rss
        self._clock = clock
        self._trimmer = Trimmer()
        self._base_bytes = 0
        self._retire_idle: Callable[[], None] = lambda: None
        self._settled_at = 0.0
        self._trimmed_after = 0

    def hold(
        self,
        monitor: MemoryMonitor,
        gate: ByteGate,
        transforms: TransformPool,
        svg: SvgRenderer,
        downloads: Downloads,
        slots: Slots,
    ) -> None:
        """
        Take what the process weighs for its base, size the cache, and hang everything on its rung.

        To be called once, when all is loaded that is not loaded behind the start, and nothing is held yet.
        """
        self._retire_idle = svg.retire_idle
        self._base_bytes = self._read_rss() + FONTS_BYTES + ANNEXE_BYTES + CODECS_BYTES
        self._say_if_too_small()
        self._resize(self._capacity_bytes())
        memory = self._memory
        monitor.on_sample(Level.OK, lambda reading: self._adjust(reading, transforms, gate), ADJUST_SECONDS)
        monitor.on_sample(Level.WARNING, self._relieve, EVICTION_APART_SECONDS)
        monitor.on(Level.GUARD, lambda _: memory.limit_entries(GUARDED_ENTRY_BYTES))
        monitor.on(Level.GUARD, lambda _: downloads.abandon_unwanted())
        monitor.on_leave(Level.GUARD, lambda _: memory.limit_entries(None))
        monitor.on(Level.CRITICAL, lambda _: memory.limit_entries(0))
        monitor.on_leave(Level.CRITICAL, lambda _: memory.limit_entries(GUARDED_ENTRY_BYTES))
        monitor.on_sample(Level.CLEANUP, self._clean_up, FLUSH_APART_SECONDS)
        monitor.on_sample(Level.EMERGENCY, lambda _: self._give_up(gate, svg, slots), FLUSH_APART_SECONDS)

    def largest_bytes(self) -> int:
        """How much one picture may be estimated to need when it runs alone: what a bare process leaves."""
        return self._settings.budget_bytes * LARGEST_PERCENT // 100 - self._base_bytes

    async def make_room(self, size_bytes: int) -> bool:
        """
        Evict what stands in the way of one large picture; False when there is no room even then.

        As much goes, if it is there, as keeps the process below GUARD meanwhile: else this picture would have the
        next large one refused.
        """
        for pause_seconds in CLEARING_PAUSES_SECONDS:
            if self._has_room(size_bytes):
                break
            # What only waits to be used again, or to be given back, is in nobody's way.
            self._retire_idle()
            await asyncio.to_thread(trim)
            await asyncio.sleep(pause_seconds)
        if not self._has_room(size_bytes):
            return False
        excess_bytes = self._read_rss() + size_bytes - self._settings.guard_threshold_bytes
        if excess_bytes > 0:
            self._memory.evict(excess_bytes, "pressure")
            await asyncio.to_thread(trim)
        return True

    def _has_room(self, size_bytes: int) -> bool:
        largest_bytes = self._settings.budget_bytes * LARGEST_PERCENT // 100
        return self._read_rss() - self._memory.statistics().bytes + size_bytes <= largest_bytes

    async def aclose(self) -> None:
        """Wait for a trim under way."""
        await self._trimmer.aclose()

    def _capacity_bytes(self) -> int:
        if self._settings.cache_bytes is not None:
            return self._settings.cache_bytes
        return cache_capacity_bytes(
            self._settings.budget_bytes,
            self._base_bytes,
            self._settings.gate_capacity_bytes,
            self._metadata.statistics().bytes,
            self._transfers.in_use_bytes + self._outgoing.bytes + self._repeats.bytes,
        )

    def _adjust(self, reading: MemoryReading, transforms: TransformPool, gate: ByteGate) -> None:
        """Give the cache what others leave, and give back to the system what a burst has left."""
        completed = transforms.statistics().completed
        if completed != self._trimmed_after and not gate.statistics().admitted:
            self._trimmed_after = completed
            self._trimmer.request()
        if reading.level > Level.OK:
            self._settled_at = self._clock() + SETTLED_SECONDS
        elif self._clock() >= self._settled_at:
            self._resize(self._capacity_bytes())

    def _resize(self, capacity_bytes: int) -> None:
        self._memory.resize(capacity_bytes)
        self._repeats.resize(capacity_bytes // REPEATS_SHARE)

    def _relieve(self, reading: MemoryReading) -> None:
        """
        Evict by weight what is over the aim.

        By weight, because freed blobs need not lower the resident size at once: "until it falls" would empty the cache.
        """
        aim_bytes = self._settings.warning_threshold_bytes - self._settings.budget_bytes * RELIEF_PERCENT // 100
        self._memory.evict(max(0, reading.rss_bytes - aim_bytes), "pressure")
        self._resize(max(self._memory.statistics().bytes, self._floor_bytes()))
        self._trimmer.request()

    def _clean_up(self, _reading: MemoryReading) -> None:
        self._memory.clear("pressure")
        self._repeats.resize(0)  # what they were given by has just gone
        self._resize(self._floor_bytes())
        drop_cache()
        self._trimmer.request()

    def _give_up(self, gate: ByteGate, svg: SvgRenderer, slots: Slots) -> None:
        gate.refuse_waiting()
        slots.refuse_waiting()
        self._metadata.flush_local()
        svg.retire()
        self._trimmer.request()

    def _floor_bytes(self) -> int:
        return min(SMALLEST_CACHE_BYTES, self._capacity_bytes())

    def _say_if_too_small(self) -> None:
        smallest_bytes = smallest_budget_bytes(self._base_bytes)
        if self._settings.cache_bytes is None and self._settings.budget_bytes < smallest_bytes:
            log.warning(
                "IMAGE_RAM_BUDGET_BYTES leaves the memory cache less than it needs: set at least %d (%d MiB)",
                smallest_bytes,
                smallest_bytes // MIB,
            )
