"""
The composition root: every object is made here, once, in the order in which they need each other.

``open_services`` works without a web server (tests, benches, commands); ``serve`` puts one around it.
"""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields

from aiohttp import web

from imgsvc.cache.coalesce import Coalescer
from imgsvc.cache.failures import RememberedFailures
from imgsvc.cache.memory import MemoryCache
from imgsvc.cache.metadata import MetadataCache
from imgsvc.model.blob import BlobMeta
from imgsvc.origin.fetcher import Fetcher
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.origin.signature import Signer
from imgsvc.pressure.monitor import MemoryMonitor
from imgsvc.services.access import AccessService
from imgsvc.services.health import HealthService, Phase
from imgsvc.services.images import ImageService
from imgsvc.services.originals import Originals
from imgsvc.services.persist import Persister
from imgsvc.services.shelf import Shelf
from imgsvc.settings import Settings, StoreSettings
from imgsvc.store.base import ObjectStore
from imgsvc.transform.pool import TransformPool
from imgsvc.transform.svg import SvgRenderer
from imgsvc.web.appkeys import Services
from imgsvc.web.logs import AccessLog, LineWriter, TextAccessLog
from imgsvc.web.routes import make_application
from imgsvc.web.server import make_runner


class CannotListenError(Exception):
    """The address is taken, not ours, or not for us."""


@dataclass(frozen=True, slots=True)
class Opened:
    """
    Everything that is open.

    Attributes:
        services: what handlers get.
        guard: is to be told where the service listens.
        owners: every owner of mutable state, by name, for metrics and tests; each has ``statistics()``.
    """

    services: Services
    guard: LoopGuard
    owners: dict[str, object]


def make_store(settings: StoreSettings) -> ObjectStore:
    """Make the backend the settings ask for; nothing is opened before its first use."""
    if settings.s3_bucket is None:
        from imgsvc.store.filesystem import FilesystemStore  # noqa: PLC0415 - only one backend is ever loaded

        return FilesystemStore(settings)
    from imgsvc.store.s3 import S3Store  # noqa: PLC0415 - botocore takes half a second to load

    return S3Store(settings)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What answers are made of: the three tiers and what is between them."""

    fetcher: Fetcher
    store: ObjectStore
    metadata: MetadataCache
    svg: SvgRenderer
    transforms: TransformPool
    memory: MemoryCache
    persister: Persister
    flights: Coalescer


@asynccontextmanager
async def open_services(settings: Settings, *, demo: bool = False) -> AsyncIterator[Opened]:
    """
    Open everything, in order; close it in the opposite order, background writes included.

    Raises:
        SettingsError: a setting needs a package that is not installed.
    """
    async with AsyncExitStack() as stack:
        guard = LoopGuard(demo=demo)
        policy = SourcePolicy(settings.access, settings.origin, guard)
        parts = await _open_parts(settings, policy, stack)
        shelf = Shelf(parts.store, parts.persister)
        health = HealthService(
            monitor=MemoryMonitor(settings.memory),
            store=parts.store,
            shelf=shelf,
            persister=parts.persister,
            metadata=parts.metadata,
        )
        stack.push_async_callback(_ended, asyncio.create_task(health.watch(), name="health-watch"))
        signer = Signer([key.get_secret_value() for key in settings.access.signing_keys])
        services = Services(
            images=_make_images(settings, parts, shelf),
            access=AccessService(settings.access, signer, policy, guard),
            health=health,
            server=settings.server,
            width_ladder=settings.access.width_ladder,
            demo=demo,
        )
        yield Opened(services, guard, {f.name: getattr(parts, f.name) for f in fields(parts)})


async def _open_parts(settings: Settings, policy: SourcePolicy, stack: AsyncExitStack) -> _Parts:
    """Open tiers, transforms and flights; *stack* closes them."""
    fetcher = Fetcher(settings.origin, policy)
    stack.push_async_callback(fetcher.aclose)
    # In threads, because they load their libraries, from disk.
    store = await asyncio.to_thread(make_store, settings.store)
    stack.push_async_callback(store.aclose)
    metadata = await asyncio.to_thread(MetadataCache, settings.cache, settings.memory.metadata_capacity_bytes)
    stack.push_async_callback(metadata.aclose)
    svg = SvgRenderer(settings.transform.timeout_seconds, settings.transform.max_pixels)
    stack.push_async_callback(svg.aclose)
    transforms = TransformPool(settings.transform, svg)
    stack.push_async_callback(transforms.aclose)
    memory = MemoryCache(settings.memory.cache_capacity_bytes, settings.origin.max_image_size_bytes)
    persister = Persister(
        store,
        settings.store.persist_queue_bytes,
        on_stored=lambda key, sha256: memory.mark_stored(key, BlobMeta.etag_of(sha256)),
        on_lost=lambda key: _drop(memory, key),
    )
    persister.start()
    stack.push_async_callback(persister.aclose, settings.server.shutdown_timeout_seconds)
    flights = Coalescer(settings.cache.coalesce_timeout_seconds)
    stack.push_async_callback(flights.aclose)
    return _Parts(fetcher, store, metadata, svg, transforms, memory, persister, flights)


def _make_images(settings: Settings, parts: _Parts, shelf: Shelf) -> ImageService:
    """Put the spine together."""
    failures = RememberedFailures(parts.metadata)
    originals = Originals(
        origin=settings.origin,
        cache=settings.cache,
        flights=parts.flights,
        failures=failures,
        shelf=shelf,
        fetcher=parts.fetcher,
        transforms=parts.transforms,
    )
    return ImageService(
        memory=parts.memory,
        flights=parts.flights,
        failures=failures,
        shelf=shelf,
        originals=originals,
        transforms=parts.transforms,
    )


def _drop(memory: MemoryCache, key: str) -> None:
    """Forget bytes that another replica's have won over, so that all replicas come to answer one ETag."""
    memory.discard(key, "replaced")


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def serve(
    settings: Settings, *, demo: bool, log: LineWriter, json_log: bool, announce: Callable[[str, int], None]
) -> None:
    """
    Serve until SIGTERM or SIGINT, then end in good order.

    Args:
        settings: all of them.
        demo: whether to serve sample pictures too.
        log: gets a line a request; stays the caller's to close.
        json_log: whether these are JSON, or text for people.
        announce: told host and port once requests are answered.

    Raises:
        CannotListenError: the address cannot be listened on.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_services(settings, demo=demo) as opened:
        runner = make_runner(
            make_application(opened.services),
            shutdown_timeout_seconds=settings.server.shutdown_timeout_seconds,
            access_log=log,
            access_log_class=AccessLog if json_log else TextAccessLog,
        )
        try:
            await runner.setup()
            site = web.TCPSite(runner, settings.server.host, settings.server.port, backlog=1024)
            try:
                await site.start()
            except OSError as error:
                raise CannotListenError(str(error)) from error
            for address in runner.addresses:  # a name such as localhost may have several
                opened.guard.listening(*address[:2])
            # What is loaded by now stays: the collector need not look at it again with every request's garbage.
            gc.collect()
            gc.freeze()
            opened.services.health.phase = Phase.READY
            announce(*runner.addresses[0][:2])
            await stop.wait()
            opened.services.health.phase = Phase.DRAINING
            await asyncio.sleep(settings.server.drain_delay_seconds)
        finally:
            await runner.cleanup()
