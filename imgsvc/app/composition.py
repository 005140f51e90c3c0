"""
Everything that is open, and how it hangs together.

``open_services`` works without a web server (tests, benches, commands).
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields

from imgsvc.app.ending import Ending
from imgsvc.app.memory import GUARDED_ENTRY_BYTES, Reins, read_limit
from imgsvc.app.places import make_store, spool_directory
from imgsvc.cache.coalesce import Coalescer
from imgsvc.cache.failures import RememberedFailures
from imgsvc.cache.memory import MemoryCache
from imgsvc.cache.metadata import MetadataCache
from imgsvc.model.blob import BlobMeta
from imgsvc.origin.fetcher import Fetcher
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.origin.signature import Signer
from imgsvc.pressure.admission import Admission
from imgsvc.pressure.gate import ByteGate
from imgsvc.pressure.levels import Level
from imgsvc.pressure.monitor import MemoryMonitor
from imgsvc.pressure.resident import resident_reader
from imgsvc.pressure.transfers import TransferLedger
from imgsvc.services.access import AccessService
from imgsvc.services.arrivals import Slots
from imgsvc.services.downloads import Downloads
from imgsvc.services.health import HealthService
from imgsvc.services.images import ImageService
from imgsvc.services.incoming import Incoming
from imgsvc.services.large import LargeTransforms
from imgsvc.services.metrics import MetricsService
from imgsvc.services.originals import Originals
from imgsvc.services.outgoing import Outgoing
from imgsvc.services.persist import Persister
from imgsvc.services.records import Records
from imgsvc.services.shelf import Shelf
from imgsvc.settings import Settings
from imgsvc.store.base import ObjectStore
from imgsvc.stream.spoolfile import SpoolSpace
from imgsvc.stream.spools import Spools
from imgsvc.transform.pool import TransformPool
from imgsvc.transform.runtime import TrackedMemory
from imgsvc.transform.svg import SvgRenderer
from imgsvc.transform.warming import warm_up
from imgsvc.web.appkeys import Services
from imgsvc.web.metrics import Latencies

log = logging.getLogger("imgsvc")

QUEUE_PER_CORE = 32
"""
Decodes that may wait for memory, for each core: about a second of work. Less would refuse a page that shows one new
picture in twenty sizes; more would only wait in vain.
"""

PIPED_SHARE = 8
"""Four sources at once may be decoded while they arrive: they take half of the gate at the most."""

CRITICAL_BUFFER_BYTES = 64 * 1024
"""At CRITICAL what is stored is still served, but piece by piece."""


@dataclass(frozen=True, slots=True)
class Opened:
    """
    Everything that is open.

    Attributes:
        services: what handlers get.
        guard: is to be told where the service listens.
        ending: is to be told when the end begins.
        owners: every owner of mutable state, by name, for metrics and tests; each has ``statistics()``.
    """

    services: Services
    guard: LoopGuard
    ending: Ending
    owners: dict[str, object]


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


@asynccontextmanager
async def open_services(settings: Settings, *, demo: bool = False) -> AsyncIterator[Opened]:
    """
    Open everything, in order; close it in the opposite order, background writes included.

    Raises:
        SettingsError: a setting needs a package that is not installed.
    """
    async with AsyncExitStack() as stack:
        limit_bytes, memory = await asyncio.to_thread(read_limit, settings.memory)
        settings = settings.model_copy(update={"memory": memory})
        guard = LoopGuard(demo=demo)
        policy = SourcePolicy(settings.access, settings.origin, guard)
        ending = Ending(settings.server.shutdown_timeout_seconds)
        parts = await _open_parts(settings, policy, ending, stack)
        shelf = _make_shelf(settings, parts)
        health = HealthService(
            monitor=parts.monitor,
            store=parts.store,
            shelf=shelf,
            persister=parts.persister,
            downloads=parts.downloads,
            metadata=parts.metadata,
        )
        for work in (health.watch(), parts.monitor.run()):
            stack.push_async_callback(_ended, asyncio.create_task(work))
        owners = {f.name: getattr(parts, f.name) for f in fields(parts)}
        tracked = await asyncio.to_thread(TrackedMemory)
        services = Services(
            images=_make_images(settings, parts, shelf),
            access=AccessService(settings.access, _signer(settings), policy, guard),
            health=health,
            metrics=MetricsService(
                monitor=parts.monitor,
                gate=parts.gate,
                transfers=parts.transfers,
                admission=parts.admission,
                memory=parts.memory,
                metadata=parts.metadata,
                store=parts.store,
                flights=parts.flights,
                transforms=parts.transforms,
                downloads=parts.downloads,
                persister=parts.persister,
                space=parts.space,
                slots=parts.slots,
                outgoing=parts.outgoing,
                vips_bytes=tracked.tracked_bytes,
                cgroup_limit_bytes=limit_bytes,
            ),
            latencies=Latencies(),
            outgoing=parts.outgoing,
            server=settings.server,
            width_ladder=settings.access.width_ladder,
            demo=demo,
        )
        yield Opened(services, guard, ending, owners)


async def _open_parts(settings: Settings, policy: SourcePolicy, ending: Ending, stack: AsyncExitStack) -> Parts:
    """Open tiers, transforms, flights and what keeps them within the budget; *stack* closes them."""
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
    transfers = TransferLedger(settings.memory.transfer_capacity_bytes)
    read_rss = resident_reader(lambda: _pids(svg))
    monitor = MemoryMonitor(settings.memory, read_rss, busy=lambda: flights.statistics().in_flight > 0)
    outgoing = Outgoing()
    reins = Reins(settings.memory, memory, metadata, transfers, outgoing, read_rss)
    stack.push_async_callback(reins.aclose)
    gate = ByteGate(
        settings.memory.gate_capacity_bytes,
        queue_limit=QUEUE_PER_CORE * (os.cpu_count() or 1),
        largest_bytes=reins.largest_bytes,
        make_room=reins.make_room,
    )
    admission = Admission(monitor, gate, settings.memory.large_operation_bytes, settings.origin.stream_threshold_bytes)
    transforms = TransformPool(
        settings.transform,
        svg,
        admission=admission,
        most_piped_bytes=settings.memory.gate_capacity_bytes // PIPED_SHARE,
    )
    stack.push_async_callback(transforms.aclose)
    await asyncio.to_thread(warm_up)
    persister = Persister(
        store,
        transfers,
        on_stored=lambda key, sha256: memory.mark_stored(key, BlobMeta.etag_of(sha256)),
        on_lost=lambda key: _drop(memory, key),
    )
    persister.start()
    stack.push_async_callback(lambda: persister.aclose(ending.left_seconds()))
    downloads = Downloads(store, settings.spool.drain_deadline_seconds, may_drain=lambda: monitor.level < Level.GUARD)
    stack.push_async_callback(lambda: downloads.aclose(ending.left_seconds()))
    stack.push_async_callback(flights.aclose)
    slots = Slots(settings.origin.fetch_slots)
    reins.hold(monitor, gate, transforms, svg, downloads, slots)
    return Parts(
        fetcher, store, metadata, svg, transforms, memory, persister, flights, downloads, slots, outgoing, space,
        transfers, gate, admission, monitor,
    )  # fmt: skip


def _pids(svg: SvgRenderer) -> tuple[int, ...]:
    pid = svg.statistics().worker_pid
    return () if pid is None else (pid,)


def _signer(settings: Settings) -> Signer:
    return Signer([key.get_secret_value() for key in settings.access.signing_keys])


def _make_shelf(settings: Settings, parts: Parts) -> Shelf:
    threshold_bytes = settings.origin.stream_threshold_bytes

    def buffer_bytes() -> int:
        # What memory would not keep is not read into it either: a slow client would hold it all the same.
        level = parts.monitor.sample_if_older().level
        if level >= Level.CRITICAL or parts.outgoing.bytes > settings.memory.transfer_capacity_bytes:
            return CRITICAL_BUFFER_BYTES
        return threshold_bytes if level < Level.GUARD else GUARDED_ENTRY_BYTES

    return Shelf(parts.store, parts.persister, parts.transfers, buffer_bytes)


def _make_images(settings: Settings, parts: Parts, shelf: Shelf) -> ImageService:
    """Put the spine together."""
    failures = RememberedFailures(parts.metadata)
    records = Records(shelf)
    spools = Spools(parts.space, parts.transfers, settings.origin.stream_threshold_bytes)
    incoming = Incoming(
        origin=settings.origin,
        cache=settings.cache,
        failures=failures,
        shelf=shelf,
        records=records,
        fetcher=parts.fetcher,
        transforms=parts.transforms,
        admission=parts.admission,
        spools=spools,
        downloads=parts.downloads,
        slots=parts.slots,
    )
    originals = Originals(
        cache=settings.cache,
        flights=parts.flights,
        failures=failures,
        shelf=shelf,
        records=records,
        spools=spools,
        incoming=incoming,
        transforms=parts.transforms,
    )
    return ImageService(
        memory=parts.memory,
        flights=parts.flights,
        failures=failures,
        shelf=shelf,
        originals=originals,
        transforms=LargeTransforms(
            parts.transforms, settings.transform.timeout_seconds, settings.origin.max_image_size_bytes
        ),
        admission=parts.admission,
    )


def _drop(memory: MemoryCache, key: str) -> None:
    """Forget bytes that another replica's have won over, so that all replicas come to answer one ETag."""
    memory.discard(key, "replaced")


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
