"""
Everything that is open, and how it hangs together.

``open_services`` works without a web server (tests, benches, commands).
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from imgsvc.app.ending import Ending
from imgsvc.app.memory import read_limit
from imgsvc.app.parts import Parts
from imgsvc.app.rooms import Rooms, open_rooms
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.signature import Signer
from imgsvc.services.access import AccessService
from imgsvc.services.health import HealthService
from imgsvc.services.metrics import MetricsService
from imgsvc.services.opengraph.cards import Cards
from imgsvc.services.policy import make_policy
from imgsvc.services.scripts import Scripts
from imgsvc.services.shelf import Shelf
from imgsvc.settings import Settings
from imgsvc.transform.runtime import TrackedMemory
from imgsvc.web.appkeys import Services
from imgsvc.web.clients import Clients
from imgsvc.web.metrics import Traffic
from imgsvc.web.recent import recent_requests
from imgsvc.web.tracing import Tracing

log = logging.getLogger("imgsvc")


@dataclass(frozen=True, slots=True)
class Opened:
    """
    Everything that is open.

    Attributes:
        services: what handlers get.
        cards: what draws cards; for whoever wants one of a page that has a picture.
        guard: is to be told where the service listens.
        ending: is to be told when the end begins.
        owners: every owner of mutable state, by name, for metrics and tests; each has ``statistics()``.
    """

    services: Services
    cards: Cards
    guard: LoopGuard
    ending: Ending
    owners: dict[str, object]


@asynccontextmanager
async def open_services(
    settings: Settings, *, demo: bool = False, tracing: Tracing | None = None
) -> AsyncIterator[Opened]:
    """
    Open everything, in order; close it in the opposite order, background writes included.

    Args:
        settings: all of them.
        demo: whether to serve sample pictures too.
        tracing: follows requests; stays the caller's to close.

    Raises:
        SettingsError: a setting needs a package that is not installed.
    """
    async with AsyncExitStack() as stack:
        limit_bytes, memory = await asyncio.to_thread(read_limit, settings.memory)
        settings = settings.model_copy(update={"memory": memory})
        guard = LoopGuard(demo=demo)
        policy = make_policy(settings, guard)
        ending = Ending(settings.server.shutdown_timeout_seconds)
        rooms = await open_rooms(settings, policy, ending, stack)
        parts, answering, scripts = rooms.parts, rooms.answering, Scripts()
        health = _make_health(parts, rooms.shelf, scripts)
        for work in (health.watch(), scripts.look(), parts.monitor.run(), parts.marks.watch(), answering.purges.run()):
            stack.push_async_callback(_ended, asyncio.create_task(work))
        tracked = await asyncio.to_thread(TrackedMemory)
        services = Services(
            images=answering.images,
            logos=rooms.logos.logos,
            pages=rooms.pages.pages,
            sharing=rooms.sharing.sharing,
            purges=answering.purges,
            refreshes=answering.refreshes,
            tagging=answering.tagging,
            limits=parts.limits if settings.limits.rate_limit.count else None,
            clients=Clients(settings.limits),
            access=AccessService(settings.access, _signer(settings), policy, guard, is_alias=answering.assets.is_alias),
            assets=answering.assets,
            twitter=answering.twitter,
            health=health,
            metrics=_make_metrics(rooms, tracked, limit_bytes),
            traffic=Traffic(),
            tracing=tracing,
            recent=recent_requests(settings.server),
            outgoing=parts.outgoing,
            server=settings.server,
            width_ladder=settings.access.width_ladder,
            demo=demo,
        )
        yield Opened(services, rooms.cards.cards, guard, ending, rooms.owners())


def _make_health(parts: Parts, shelf: Shelf, scripts: Scripts) -> HealthService:
    return HealthService(
        monitor=parts.monitor,
        store=parts.store,
        shelf=shelf,
        persister=parts.persister,
        downloads=parts.downloads,
        metadata=parts.metadata,
        scripts=scripts,
    )


def _signer(settings: Settings) -> Signer:
    return Signer([key.get_secret_value() for key in settings.access.signing_keys])


def _make_metrics(rooms: Rooms, tracked: TrackedMemory, limit_bytes: int | None) -> MetricsService:
    parts, answering = rooms.parts, rooms.answering
    return MetricsService(
        monitor=parts.monitor,
        gate=parts.gate,
        transfers=parts.transfers,
        admission=parts.admission,
        memory=parts.memory,
        metadata=parts.metadata,
        store=parts.store,
        flights=parts.flights,
        transforms=parts.transforms,
        svg=parts.svg,
        tagging=answering.tagging,
        fetcher=parts.fetcher,
        downloads=parts.downloads,
        persister=parts.persister,
        space=parts.space,
        slots=parts.slots,
        outgoing=parts.outgoing,
        breaker=parts.breaker,
        limits=parts.limits,
        marks=parts.marks,
        purges=answering.purges,
        leases=parts.leases,
        announcements=parts.announcements,
        failures=answering.failures,
        validation=answering.validation,
        revalidations=answering.revalidations,
        upgrades=answering.upgrades,
        logos=rooms.logos.logos,
        logo_keeper=rooms.logos.logo_keeper,
        pages=rooms.pages.pages,
        sharing=rooms.sharing.sharing,
        vips_bytes=tracked.tracked_bytes,
        cgroup_limit_bytes=limit_bytes,
    )


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
