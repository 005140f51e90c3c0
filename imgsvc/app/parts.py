"""What answers are made of: tiers, transforms, flights, and what keeps them within the budget."""

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass

from imgsvc.app.ending import Ending
from imgsvc.app.memory import Reins
from imgsvc.app.places import make_store, spool_directory
from imgsvc.cache.coalesce import Coalescer
from imgsvc.cache.memory import MemoryCache
from imgsvc.cache.metadata import MetadataCache
from imgsvc.model.blob import BlobMeta
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
from imgsvc.services.outgoing import Outgoing
from imgsvc.services.persist import Persister
from imgsvc.settings import Settings
from imgsvc.store.base import ObjectStore
from imgsvc.stream.spoolfile import SpoolSpace
from imgsvc.transform.pool import TransformPool
from imgsvc.transform.svg import SvgRenderer
from imgsvc.transform.warming import warm_up

QUEUE_PER_CORE = 32
"""
Decodes that may wait for memory, for each core: about a second of work. Less would refuse a page that shows one new
picture in twenty sizes; more would only wait in vain.
"""

PIPED_SHARE = 8
"""Four sources at once may be decoded while they arrive: they take half of the gate at the most."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What answers are made of: the three tiers, what is between them, and what keeps them within the budget."""

    fetcher: Fetcher
    store: ObjectStore
    metadata: MetadataCache
    svg: SvgRenderer
    transforms: TransformPool
    memory: MemoryCache
    persister: Persister
    flights: Coalescer
    downloads: Downloads
    slots: Slots
    outgoing: Outgoing
    space: SpoolSpace
    transfers: TransferLedger
    gate: ByteGate
    admission: Admission
    monitor: MemoryMonitor


async def open_parts(settings: Settings, policy: SourcePolicy, ending: Ending, stack: AsyncExitStack) -> Parts:
    """
    Open all of them; *stack* closes them, within what *ending* leaves.

    Raises:
        SettingsError: a setting needs a package that is not installed.
    """
    fetcher = Fetcher(settings.origin, policy)
    stack.push_async_callback(fetcher.aclose)
    # In threads, because they load their libraries, from disk.
    store = await asyncio.to_thread(make_store, settings.store)
    stack.push_async_callback(store.aclose)
    metadata = await asyncio.to_thread(MetadataCache, settings.cache, settings.memory.metadata_capacity_bytes)
    stack.push_async_callback(metadata.aclose)
    svg = SvgRenderer(settings.transform.timeout_seconds, settings.transform.max_pixels)
    stack.push_async_callback(svg.aclose)
    space = SpoolSpace(spool_directory(settings), settings.spool.max_bytes)
    stack.push_async_callback(space.aclose)
    flights = Coalescer(settings.cache.coalesce_timeout_seconds)
    memory = MemoryCache(0, settings.origin.max_image_size_bytes)
    transfers, outgoing = TransferLedger(settings.memory.transfer_capacity_bytes), Outgoing()
    read_rss = resident_reader(lambda: _pids(svg))
    monitor = MemoryMonitor(settings.memory, read_rss, busy=lambda: flights.statistics().in_flight > 0)
    reins = Reins(settings.memory, memory, metadata, transfers, outgoing, read_rss)
    stack.push_async_callback(reins.aclose)
    gate = _make_gate(settings, reins)
    admission = Admission(monitor, gate, settings.memory.large_operation_bytes, settings.origin.stream_threshold_bytes)
    transforms = _make_transforms(settings, svg, admission)
    stack.push_async_callback(transforms.aclose)
    await asyncio.to_thread(warm_up)
    persister = _make_persister(store, transfers, memory)
    persister.start()
    stack.push_async_callback(lambda: persister.aclose(ending.left_seconds()))
    downloads = Downloads(
        store, settings.spool.drain_deadline_seconds, may_drain=lambda: monitor.sample_if_older().level < Level.GUARD
    )
    stack.push_async_callback(lambda: downloads.aclose(ending.left_seconds()))
    stack.push_async_callback(flights.aclose)
    slots = Slots(settings.origin.fetch_slots)
    reins.hold(monitor, gate, transforms, svg, downloads, slots)
    return Parts(
        fetcher, store, metadata, svg, transforms, memory, persister, flights, downloads, slots, outgoing, space,
        transfers, gate, admission, monitor,
    )  # fmt: skip


def _make_gate(settings: Settings, reins: Reins) -> ByteGate:
    return ByteGate(
        settings.memory.gate_capacity_bytes,
        queue_limit=QUEUE_PER_CORE * (os.cpu_count() or 1),
        largest_bytes=reins.largest_bytes,
        make_room=reins.make_room,
    )


def _make_transforms(settings: Settings, svg: SvgRenderer, admission: Admission) -> TransformPool:
    most_piped_bytes = settings.memory.gate_capacity_bytes // PIPED_SHARE
    return TransformPool(settings.transform, svg, admission=admission, most_piped_bytes=most_piped_bytes)


def _make_persister(store: ObjectStore, transfers: TransferLedger, memory: MemoryCache) -> Persister:
    return Persister(
        store,
        transfers,
        on_stored=lambda key, sha256: memory.mark_stored(key, BlobMeta.etag_of(sha256)),
        on_lost=lambda key: _drop(memory, key),
    )


def _drop(memory: MemoryCache, key: str) -> None:
    """Forget bytes that another replica's have won over, so that all replicas come to answer one ETag."""
    memory.discard(key, "replaced")


def _pids(svg: SvgRenderer) -> tuple[int, ...]:
    pid = svg.statistics().worker_pid
    return () if pid is None else (pid,)
