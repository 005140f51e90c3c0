"""The services with real parts and a clock that the test holds, in front of the scripted origin; no web server."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from imgsvc.app.answering import Answering, put_together
from imgsvc.app.cards import MadeCards, make_cards
from imgsvc.app.ending import Ending
from imgsvc.app.logos import Logos, make_logos
from imgsvc.app.pages import Pages, make_pages
from imgsvc.app.parts import Parts
from imgsvc.app.sharing import Sharing, make_sharing
from imgsvc.cache.announcements import Announcements
from imgsvc.cache.coalesce import Coalescer
from imgsvc.cache.leases import Leases
from imgsvc.cache.memory import MemoryCache
from imgsvc.cache.metadata import MetadataCache
from imgsvc.errors import StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.model.domains import Domains
from imgsvc.model.source import Source
from imgsvc.origin.breaker import Breaker
from imgsvc.origin.fetcher import Fetcher
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.pressure.admission import Admission
from imgsvc.pressure.gate import ByteGate
from imgsvc.pressure.levels import Level
from imgsvc.pressure.monitor import MemoryMonitor
from imgsvc.pressure.transfers import TransferLedger
from imgsvc.services.answers import ImageRequest, Served, Trace
from imgsvc.services.arrivals import Slots
from imgsvc.services.downloads import Downloads
from imgsvc.services.fetches import FoundFetches
from imgsvc.services.inspecting import Inspector
from imgsvc.services.limits import RateLimits
from imgsvc.services.marks import Marks
from imgsvc.services.original import Original
from imgsvc.services.outgoing import Outgoing
from imgsvc.services.persist import Persister
from imgsvc.services.shelf import Shelf
from imgsvc.services.table_room import TableRoom
from imgsvc.settings import Settings, StoreSettings
from imgsvc.store.filesystem import FilesystemStore
from imgsvc.stream.spoolfile import SpoolSpace
from imgsvc.stream.spools import Spools
from imgsvc.transform.pool import TransformPool
from imgsvc.transform.svg import SvgRenderer
from imgsvc.vision.theming import PageTheming
from imgsvc.web.params import Hints, parse_image_query
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


@dataclass
class Spine:
    """All parts, and the services made of them; both by their own names too."""

    clock: Clock
    settings: Settings
    origin: ScriptedOrigin
    parts: Parts
    shelf: Shelf
    answering: Answering
    made_logos: Logos
    made_pages: Pages
    made_cards: MadeCards
    made_sharing: Sharing
    rss: Rss
    held: list[Original] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        for group in ("parts", "answering", "made_logos", "made_pages", "made_cards", "made_sharing"):
            if hasattr(made := self.__dict__.get(group), name):
                return getattr(made, name)
        raise AttributeError(name)

    def source(self, path: str) -> Source:
        return Source(self.origin.url(path))

    def request(self, path: str, query: str = "w=10&f=png") -> ImageRequest:
        """Name a question about a path of the origin, or about a stored object."""
        url = path if path.startswith("s3:") else self.origin.url(path)
        question = parse_image_query(f"url={url}&{query}", Hints())
        return ImageRequest(question.source, question.spec)

    async def ask(self, path: str, query: str = "w=10&f=png") -> Served:
        """Ask, and let the answer go at once."""
        served = await self.images.get(self.request(path, query))
        served.let_go()
        return served

    async def original(self, path: str) -> Original:
        """Get an original, held until the end of the test."""
        return await self.named(self.source(path))

    async def named(self, source: Source) -> Original:
        """The same for any source."""
        original = await self.originals.get(source, Trace())
        self.held.append(original)
        return original

    async def keys(self, prefix: str = "images/") -> list[str]:
        return sorted([key async for key in FilesystemStore.list(self.store, prefix)])

    async def stored(self) -> None:
        """Wait until nothing waits to be stored."""
        await until(lambda: not self.persister.statistics().waiting)

    async def waiters(self, count: int) -> None:
        """Wait until so many wait for work in flight."""
        await until(lambda: self.flights.statistics().waiters >= count)

    def open_gates(self) -> None:
        """Let everything that waits at the store go on."""
        for waited_for in self.store.gates.values():
            waited_for.set()

    async def revalidated(self) -> None:
        """Wait until no source is asked behind an answer any more, and what that brought is stored."""
        await self.revalidations.idle()
        await self.stored()

    def forget_memory(self) -> None:
        self.memory.clear("pressure")

    @property
    def free_slots(self) -> int:
        statistics = self.slots.statistics()
        return statistics.count - statistics.taken


async def ask_at(parts: Spine, seconds: float, query: str = "w=10&f=png") -> Served:
    """Ask for */a.png* at this time after the start, and wait for what happens behind the answer."""
    parts.clock.now = START + seconds
    served = await parts.ask("/a.png", query)
    await parts.revalidated()
    return served


async def until(condition) -> None:
    """Wait until *condition* holds, a minute at the most."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.001)


async def _no_pause(_seconds: float) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def spine(
    tmp_path: Path, origin: ScriptedOrigin, *, slot_timeout_seconds: float = 5, **env: str
) -> AsyncIterator[Spine]:
    """Put all parts together; at the end nothing may be in flight, open or taken."""
    settings, clock, rss = _settings(tmp_path, origin, env), Clock(), Rss()
    async with AsyncExitStack() as stack:
        parts = await _parts(settings, clock, rss, tmp_path, slot_timeout_seconds, stack)
        shelf = Shelf(
            parts.store, parts.persister, parts.transfers, lambda: settings.origin.stream_threshold_bytes,
            look_seconds=60,
        )  # fmt: skip
        answering = put_together(settings, parts, shelf, Ending(5), stack, clock=clock)
        fetches = FoundFetches(parts.fetcher, parts.slots, parts.spools, parts.admission)
        logos = await asyncio.to_thread(
            make_logos, settings, parts, fetches, shelf, answering.images, Ending(5), stack, clock=clock
        )
        pages = make_pages(parts, fetches, shelf, answering.failures, Ending(5), stack, clock=clock)
        cards = make_cards(parts, fetches, logos, Ending(5), stack, clock=clock)
        sharing = make_sharing(
            parts, fetches, shelf, answering.images, answering.assets, pages.pages, cards.cards, clock=clock
        )
        made = Spine(clock, settings, origin, parts, shelf, answering, logos, pages, cards, sharing, rss)
        stack.callback(made.open_gates)
        yield made
        await _nothing_left(made)


async def _parts(
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


async def _nothing_left(made: Spine) -> None:
    """Wait until all has ended, and see that every account is at zero."""
    await made.revalidations.idle()
    await made.logo_keeper.idle()
    await made.pages.idle()
    await made.card_logos.idle()
    await made.transforms.idle()
    for original in made.held:
        original.let_go()
    await until(lambda: not made.downloads.statistics().running)
    await made.stored()  # a download that ends well has its record stored behind it
    assert (made.transfers.in_use_bytes, made.space.statistics().files, made.space.statistics().bytes) == (0, 0, 0)
    assert made.gate.statistics().in_use_bytes == 0
    assert made.flights.statistics().in_flight == 0
    assert made.fetcher.statistics().open == 0
    assert made.free_slots == made.settings.origin.fetch_slots


def _settings(tmp_path: Path, origin: ScriptedOrigin, env: dict[str, str]) -> Settings:
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


def png(colour: tuple[int, int, int] = (200, 30, 30), size: tuple[int, int] = (40, 30)) -> bytes:
    """Draw a picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def broken_png() -> bytes:
    """Give a PNG that reaches its end and whose pixels are damaged in the middle."""
    out = io.BytesIO()
    Image.effect_noise((300, 200), 60).save(out, "PNG")
    middle = out.tell() // 2
    return out.getvalue()[:middle] + bytes(64) + out.getvalue()[middle + 64 :]
