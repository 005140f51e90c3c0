"""
Everything that is open, and how it hangs together.

``open_services`` works without a web server (tests, benches, commands).
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from imgsvc.app.ending import Ending
from imgsvc.app.memory import read_limit
from imgsvc.app.parts import Parts
from imgsvc.app.rooms import Rooms, open_rooms, owners_of
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.signature import Signer
from imgsvc.services.access import AccessService
from imgsvc.services.annexe import Annexe
from imgsvc.services.health import HealthService
from imgsvc.services.later import Later
from imgsvc.services.metrics import MetricsService
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


class Opened(Struct, frozen=True):
    """
    Everything that is open.

    Attributes:
        services: what handlers get.
        guard: is to be told where the service listens.
        ending: is to be told when the end begins.
        owners: every owner of mutable state, by name, for metrics and tests; each has ``statistics()``. Those of the
            annexe come to it when that is made.
    """

    services: Services
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
        settings = replace(settings, memory=memory)
        guard, ending = LoopGuard(demo=demo), Ending(settings.server.shutdown_timeout_seconds)
        policy = make_policy(settings, guard)
        rooms = await open_rooms(settings, policy, ending, stack)
        parts, answering, scripts, owners = rooms.parts, rooms.answering, Scripts(), rooms.owners()
        annexe = await _open_annexe(settings, rooms, ending, scripts, owners, stack)
        health = _make_health(parts, rooms.shelf, scripts)
        health.expect(lambda: annexe.has_failed)
        watches = health.watch(), health.watch_metadata(), parts.monitor.run(), parts.marks.watch()
        _begin(stack, *watches, answering.purges.run())
        services = Services(
            images=answering.images,
            annexe=annexe,
            purges=answering.purges,
            refreshes=answering.refreshes,
            tagging=answering.tagging,
            limits=parts.limits if settings.limits.rate_limit.count else None,
            clients=Clients(settings.limits),
            access=AccessService(settings.access, _signer(settings), policy, guard, is_alias=answering.assets.is_alias),
            assets=answering.assets,
            twitter=answering.twitter,
            health=health,
            metrics=_make_metrics(rooms, annexe, TrackedMemory(), limit_bytes),
            traffic=Traffic(),
            tracing=tracing,
            recent=recent_requests(settings.server),
            outgoing=parts.outgoing,
            repeats=parts.repeats,
            server=settings.server,
            width_ladder=settings.access.width_ladder,
            demo=demo,
        )
        yield Opened(services, guard, ending, owners)


async def _open_annexe(
    settings: Settings, rooms: Rooms, ending: Ending, scripts: Scripts, owners: dict[str, object], outer: AsyncExitStack
) -> Later[Annexe]:
    """
    Give what is made behind the start, at once where a setting of its may be wrong; *outer* closes it.

    Raises:
        SettingsError: IMGSVC_LOGO_COMPANIES cannot be read.
    """

    async def make(stack: AsyncExitStack) -> Annexe:
        annexe = await asyncio.to_thread(_make_annexe, settings, rooms, ending, stack)
        owners.update(owners_of(annexe))
        _begin(stack, scripts.look())
        return annexe

    annexe = Later(make)
    outer.push_async_callback(annexe.aclose)
    if settings.logos.companies is not None:
        await annexe.get()
    return annexe


def _make_annexe(settings: Settings, rooms: Rooms, ending: Ending, stack: AsyncExitStack) -> Annexe:
    from imgsvc.app.annexe import make_annexe  # noqa: PLC0415 - loads half of the house

    return make_annexe(settings, rooms.parts, rooms.shelf, rooms.answering, ending, stack)


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
    return Signer([key.reveal() for key in settings.access.signing_keys])


def _make_metrics(
    rooms: Rooms, annexe: Later[Annexe], tracked: TrackedMemory, limit_bytes: int | None
) -> MetricsService:
    parts, answering = rooms.parts, rooms.answering
    return MetricsService(
        monitor=parts.monitor,
        gate=parts.gate,
        transfers=parts.transfers,
        admission=parts.admission,
        memory=parts.memory,
        metadata=parts.metadata,
        store=parts.store,
        repeats=parts.repeats,
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
        annexe=annexe.now,
        vips_bytes=tracked.tracked_bytes,
        cgroup_limit_bytes=limit_bytes,
    )


def _begin(stack: AsyncExitStack, *works: Coroutine[Any, Any, None]) -> None:
    """Run *works* until *stack* ends them."""
    for work in works:
        stack.push_async_callback(_ended, asyncio.create_task(work))


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
