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
from imgsvc.model.source import Source
from imgsvc.services.answers import ImageRequest, Served, Trace
from imgsvc.services.fetches import FoundFetches
from imgsvc.services.original import Original
from imgsvc.services.shelf import Shelf
from imgsvc.settings import Settings
from imgsvc.store.filesystem import FilesystemStore
from imgsvc.web.params import Hints, parse_image_query
from tests.support.origin import ScriptedOrigin
from tests.support.spine_parts import START, Clock, Rss, make_parts, settings_of


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


@asynccontextmanager
async def spine(
    tmp_path: Path, origin: ScriptedOrigin, *, slot_timeout_seconds: float = 5, **env: str
) -> AsyncIterator[Spine]:
    """Put all parts together; at the end nothing may be in flight, open or taken."""
    settings, clock, rss = settings_of(tmp_path, origin, env), Clock(), Rss()
    async with AsyncExitStack() as stack:
        parts = await make_parts(settings, clock, rss, tmp_path, slot_timeout_seconds, stack)
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
