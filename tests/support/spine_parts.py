"""Real parts for the services, with clock, resident size and store in the test's hands."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from imgsvc.app.parts import Parts
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
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.pressure.admission import Admission
from imgsvc.pressure.gate import ByteGate
from imgsvc.pressure.levels import Level
from imgsvc.pressure.monitor import MemoryMonitor
from imgsvc.pressure.transfers import TransferLedger
from imgsvc.services.arrivals import Slots
from imgsvc.services.downloads import Downloads
from imgsvc.services.inspecting import Inspector
from imgsvc.services.limits import RateLimits
from imgsvc.services.marks import Marks
from imgsvc.services.outgoing import Outgoing
from imgsvc.services.persist import Persister
from imgsvc.services.table_room import TableRoom
from imgsvc.settings import Settings, StoreSettings
from imgsvc.store.filesystem import FilesystemStore
from imgsvc.stream.spoolfile import SpoolSpace
from imgsvc.stream.spools import Spools
from imgsvc.transform.pool import TransformPool
from imgsvc.transform.svg import SvgRenderer
from imgsvc.vision.theming import PageTheming
from tests.support.origin import ScriptedOrigin
from tests.support.service import PATIENCE

HOUR = 3600
CACHE_BYTES = 100 << 20
START = 1_800_000_000.0


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


class Rss:
    """A resident size that is whatever the test says."""

    def __init__(self) -> None:
        self.bytes = 100 << 20

    def __call__(self) -> int:
        return self.bytes


class Doubtful(FilesystemStore):
    """The filesystem store on a disk that fails, or waits at a gate, where the test says so."""

    def __init__(self, settings: StoreSettings) -> None:
        super().__init__(settings)
        self.failing: set[str] = set()
        self.gates: dict[str, asyncio.Event] = {}
        self.asked: list[tuple[str, str]] = []

    async def _pass(self, operation: str, key: str) -> None:
        self.asked.append((operation, key))
        if operation in self.failing:
            raise StoreError("the disk is gone")

    async def _wait(self, operation: str) -> None:
        if operation in self.gates:
            await self.gates[operation].wait()

    async def get(self, key):
        await self._pass("get", key)
        found = await super().get(key)
        await self._wait("get")
        return found

    async def open(self, key, buffers):
        await self._pass("get", key)
        found = await super().open(key, buffers)
        await self._wait("get")
        return found

    async def open_writer(self, key):
        await self._pass("open_writer", key)
        return await super().open_writer(key)

    async def put(self, key, data, meta, *, if_absent=False):
        await self._pass("put", key)
        await self._wait("put")
        return await super().put(key, data, meta, if_absent=if_absent)

    async def delete(self, key):
        await self._pass("delete", key)
        await self._wait("delete")
        return await super().delete(key)

    async def list(self, prefix):
        await self._pass("list", prefix)
        async for key in super().list(prefix):
            yield key

    async def ping(self):
        await self._pass("ping", "")
        await super().ping()

    def reads(self, ending: str) -> int:
        """Count the look-ups of keys that end so."""
        return sum(operation == "get" and key.endswith(ending) for operation, key in self.asked)


async def _no_pause(_seconds: float) -> None:
    await asyncio.sleep(0)


async def make_parts(
    settings: Settings, clock: Clock, rss: Rss, tmp_path: Path, slot_timeout_seconds: float, stack: AsyncExitStack
) -> Parts:
    """Make real parts; *stack* closes them."""
    domains = Domains()
    await asyncio.to_thread(domains.load)
    breaker = Breaker(domains, clock=clock)
    store = Doubtful(settings.store)
    stack.push_async_callback(store.aclose)
    cache_bytes = CACHE_BYTES if settings.memory.cache_bytes is None else settings.memory.cache_bytes
    memory = MemoryCache(cache_bytes, settings.origin.max_image_size_bytes)
    metadata = MetadataCache(settings.cache, 10_000_000, clock=clock)
    stack.push_async_callback(metadata.aclose)
    leases, announcements = Leases(settings.cache), Announcements(settings.cache, "purge")
    stack.push_async_callback(leases.aclose)
    stack.push_async_callback(announcements.aclose)
    transfers = TransferLedger(settings.memory.transfer_capacity_bytes)
    monitor = MemoryMonitor(settings.memory, rss, clock)
    gate = ByteGate(
        settings.memory.gate_capacity_bytes, queue_limit=64, largest_bytes=lambda: 400 << 20, make_room=_has_room
    )
    admission = Admission(monitor, gate, settings.memory.large_operation_bytes, settings.origin.stream_threshold_bytes)
    policy = SourcePolicy(settings.access, settings.origin, LoopGuard())
    fetcher = Fetcher(settings.origin, policy, breaker=breaker)
    space = SpoolSpace(tmp_path / "spool", settings.spool.max_bytes)
    stack.push_async_callback(space.aclose)
    stack.push_async_callback(fetcher.aclose)
    svg = SvgRenderer(settings.transform.timeout_seconds, settings.transform.max_pixels)
    stack.push_async_callback(svg.aclose)
    transforms = TransformPool(settings.transform, svg, admission=admission, theming=PageTheming())
    stack.push_async_callback(transforms.aclose)
    persister = Persister(
        store,
        transfers,
        on_stored=lambda key, sha256: memory.mark_stored(key, BlobMeta.etag_of(sha256)),
        pause=_no_pause,
    )
    persister.start()
    stack.push_async_callback(persister.aclose, 5)
    downloads = Downloads(store, settings.spool.drain_deadline_seconds, lambda: monitor.level < Level.GUARD)
    stack.push_async_callback(downloads.aclose, 5)
    flights = Coalescer(settings.cache.coalesce_timeout_seconds)
    stack.push_async_callback(flights.aclose)
    return Parts(
        domains=domains, inspector=Inspector(transforms, settings.origin.max_image_size_bytes),
        spools=Spools(space, transfers, settings.origin.stream_threshold_bytes),
        breaker=breaker, fetcher=fetcher, limits=RateLimits(settings.limits, domains, clock=clock), store=store,
        metadata=metadata, leases=leases, announcements=announcements,
        marks=Marks(store, announcements, settings.cache.max_ttl_seconds, clock=clock), svg=svg,
        transforms=transforms, memory=memory, persister=persister, flights=flights, downloads=downloads,
        slots=Slots(settings.origin.fetch_slots, slot_timeout_seconds), outgoing=Outgoing(),
        repeats=TableRoom(), space=space, transfers=transfers, gate=gate, admission=admission, monitor=monitor,
    )  # fmt: skip


def settings_of(tmp_path: Path, origin: ScriptedOrigin, env: dict[str, str]) -> Settings:
    return Settings.from_env(
        PATIENCE
        | {
            "IMGSVC_STORE_DIR": str(tmp_path / "store"),
            "IMGSVC_ALLOWED_HOSTS": "*",
            "IMGSVC_CONNECT_TO": f"*.test=127.0.0.1:{origin.port}",
            "IMGSVC_MIN_TTL": str(HOUR),
        }
        | env
    )


async def _has_room(_size_bytes: int) -> bool:
    return True
