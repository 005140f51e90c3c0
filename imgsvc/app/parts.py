"""What answers are made of: tiers, transforms, flights, and what keeps them within the budget."""

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import AsyncExitStack

from msgspec import Struct

from imgsvc.app.ending import Ending
from imgsvc.app.memory import Reins
from imgsvc.app.places import make_store, spool_directory
from imgsvc.app.theming import LateTheming
from imgsvc.cache.announcements import Announcements
from imgsvc.cache.coalesce import Coalescer
from imgsvc.cache.leases import Leases
from imgsvc.cache.memory import MemoryCache
from imgsvc.cache.metadata import MetadataCache
from imgsvc.errors import StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.model.domains import Domains
from imgsvc.origin.breaker import Breaker
from imgsvc.origin.fetcher import Fetcher
from imgsvc.origin.policy import SourcePolicy
from imgsvc.pressure.admission import Admission
from imgsvc.pressure.gate import ByteGate
from imgsvc.pressure.levels import Level
from imgsvc.pressure.monitor import MemoryMonitor
from imgsvc.pressure.resident import resident_reader
from imgsvc.pressure.transfers import TransferLedger
from imgsvc.services.arrivals import Slots
from imgsvc.services.downloads import Downloads
from imgsvc.services.inspecting import Inspector
from imgsvc.services.limits import RateLimits
from imgsvc.services.marks import Marks
from imgsvc.services.outgoing import Outgoing
from imgsvc.services.persist import Persister
from imgsvc.services.table_room import TableRoom
from imgsvc.services.tracing import fresh_context
from imgsvc.settings import Settings
from imgsvc.store.base import ObjectStore
from imgsvc.stream.spoolfile import SpoolSpace
from imgsvc.stream.spools import Spools
from imgsvc.transform.pool import TransformPool
from imgsvc.transform.svg import SvgRenderer

log = logging.getLogger("imgsvc")

CHANNEL = "purge"

MARKS_SECONDS = 5.0
"""How long a start waits for what was purged before it: as long as any request for what the store has."""

QUEUE_PER_CORE = 32
"""
Decodes that may wait for memory, for each core: about a second of work. Less would refuse a page that shows one new
picture in twenty sizes; more would only wait in vain.
"""

PIPED_SHARE = 8
"""Four sources at once may be decoded while they arrive: they take half of the gate at the most."""


class Parts(Struct, frozen=True):
    """What answers are made of: the three tiers, what is between them, and what keeps them within the budget."""

    domains: Domains
    breaker: Breaker
    fetcher: Fetcher
    limits: RateLimits
    store: ObjectStore
    metadata: MetadataCache
    leases: Leases
    announcements: Announcements
    marks: Marks
    svg: SvgRenderer
    transforms: TransformPool
    inspector: Inspector
    memory: MemoryCache
    persister: Persister
    flights: Coalescer
    downloads: Downloads
    slots: Slots
    outgoing: Outgoing
    repeats: TableRoom
    space: SpoolSpace
    spools: Spools
    transfers: TransferLedger
    gate: ByteGate
    admission: Admission
    monitor: MemoryMonitor

    def room_behind(self, ending: Ending, below: Level = Level.GUARD) -> Callable[[], bool]:
        """Give what says whether work that nobody waits for may begin: below this rung, and before the end."""
        return lambda: not ending.has_begun and self.monitor.is_below(below)


async def open_parts(settings: Settings, policy: SourcePolicy, ending: Ending, stack: AsyncExitStack) -> Parts:
    """
    Open all of them; *stack* closes them, within what *ending* leaves.

    Raises:
        SettingsError: a setting needs a package that is not installed.
    """
    domains = Domains()
    breaker = Breaker(domains)
    fetcher = Fetcher(settings.origin, policy, breaker=breaker)
    stack.push_async_callback(fetcher.aclose)
    # In threads, because they load their libraries.
    store = await asyncio.to_thread(make_store, settings.store)
    stack.push_async_callback(store.aclose)
    metadata = await asyncio.to_thread(MetadataCache, settings.cache, settings.memory.metadata_capacity_bytes)
    stack.push_async_callback(metadata.aclose)
    leases, announcements, marks = await _open_shared(settings, store, stack)
    svg = SvgRenderer(settings.transform.timeout_seconds, settings.transform.max_pixels)
    stack.push_async_callback(svg.aclose)
    space = SpoolSpace(spool_directory(settings), settings.spool.max_bytes)
    stack.push_async_callback(space.aclose)
    flights = Coalescer(settings.cache.coalesce_timeout_seconds, fresh_context)
    memory = MemoryCache(0, settings.origin.max_image_size_bytes)
    transfers, outgoing = TransferLedger(settings.memory.transfer_capacity_bytes), Outgoing()
    read_rss = resident_reader(lambda: _pids(svg))
    monitor = MemoryMonitor(settings.memory, read_rss, busy=lambda: flights.statistics().in_flight > 0)
    repeats = TableRoom()
    reins = Reins(settings.memory, memory, metadata, transfers, outgoing, repeats, read_rss)
    stack.push_async_callback(reins.aclose)
    gate = _make_gate(settings, reins)
    admission = Admission(monitor, gate, settings.memory.large_operation_bytes, settings.origin.stream_threshold_bytes)
    transforms = _make_transforms(settings, svg, admission)
    stack.push_async_callback(transforms.aclose)
    persister = _make_persister(store, transfers, memory)
    persister.start()
    stack.push_async_callback(lambda: persister.aclose(ending.left_seconds()))
    downloads = Downloads(store, settings.spool.drain_deadline_seconds, may_drain=lambda: monitor.is_below(Level.GUARD))
    stack.push_async_callback(lambda: downloads.aclose(ending.left_seconds()))
    stack.push_async_callback(flights.aclose)
    slots = Slots(settings.origin.fetch_slots)
    reins.hold(monitor, gate, transforms, svg, downloads, slots)
    return Parts(
        domains, breaker, fetcher, RateLimits(settings.limits, domains), store, metadata, leases, announcements, marks,
        svg, transforms, Inspector(transforms, settings.origin.max_image_size_bytes), memory, persister, flights,
        downloads, slots, outgoing, repeats, space,
        Spools(space, transfers, settings.origin.stream_threshold_bytes), transfers, gate, admission, monitor,
    )  # fmt: skip


async def _open_shared(
    settings: Settings, store: ObjectStore, stack: AsyncExitStack
) -> tuple[Leases, Announcements, Marks]:
    """Open what replicas tell each other with: who fetches what, and what was purged."""
    leases = await asyncio.to_thread(Leases, settings.cache)
    stack.push_async_callback(leases.aclose)
    announcements = await asyncio.to_thread(Announcements, settings.cache, CHANNEL)
    stack.push_async_callback(announcements.aclose)
    return leases, announcements, await _read_marks(Marks(store, announcements, settings.cache.max_ttl_seconds))


async def _read_marks(marks: Marks) -> Marks:
    """Learn what was purged before anything is answered; a store that fails, or hangs, is asked again while serving."""
    try:
        async with asyncio.timeout(MARKS_SECONDS):
            await marks.reload()
    except StoreError as error:
        log.warning("purges of before are not known yet: %s", error.detail)
    except TimeoutError:
        log.warning("purges of before are not known yet: the store did not answer within %g s", MARKS_SECONDS)
    return marks


def _make_gate(settings: Settings, reins: Reins) -> ByteGate:
    return ByteGate(
        settings.memory.gate_capacity_bytes,
        queue_limit=QUEUE_PER_CORE * (os.cpu_count() or 1),
        largest_bytes=reins.largest_bytes,
        make_room=reins.make_room,
    )


def _make_transforms(settings: Settings, svg: SvgRenderer, admission: Admission) -> TransformPool:
    most_piped_bytes = settings.memory.gate_capacity_bytes // PIPED_SHARE
    return TransformPool(
        settings.transform, svg, admission=admission, most_piped_bytes=most_piped_bytes, theming=LateTheming()
    )


def _make_persister(store: ObjectStore, transfers: TransferLedger, memory: MemoryCache) -> Persister:
    return Persister(
        store,
        transfers,
        on_stored=lambda key, sha256: memory.mark_stored(key, BlobMeta.etag_of(sha256)),
    )


def _pids(svg: SvgRenderer) -> tuple[int, ...]:
    pid = svg.statistics().worker_pid
    return () if pid is None else (pid,)
