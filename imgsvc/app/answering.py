"""The spine put together: what finds, makes, keeps and purges pictures."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from msgspec import Struct

from imgsvc.app.ending import Ending
from imgsvc.app.parts import Parts
from imgsvc.cache.failures import RememberedFailures
from imgsvc.model.purge import Instructions
from imgsvc.model.source import Source
from imgsvc.pressure.levels import Level
from imgsvc.services.assets import Assets
from imgsvc.services.bookkeeper import Bookkeeper
from imgsvc.services.claims import Claims
from imgsvc.services.images import ImageService
from imgsvc.services.incoming import Incoming
from imgsvc.services.large import LargeTransforms
from imgsvc.services.later import Later
from imgsvc.services.maker import Maker
from imgsvc.services.mark_index import MarkIndex
from imgsvc.services.originals import Originals
from imgsvc.services.purge import PurgeService
from imgsvc.services.records import Records
from imgsvc.services.refreshes import Refreshes
from imgsvc.services.removal import Removal
from imgsvc.services.revalidations import Revalidations
from imgsvc.services.shelf import Shelf
from imgsvc.services.tagging import Tagging
from imgsvc.services.twitter import Twitter
from imgsvc.services.upgrades import Upgrades
from imgsvc.services.validation import Validation
from imgsvc.services.variants import Variants
from imgsvc.settings import Settings
from imgsvc.store.base import ObjectStore

if TYPE_CHECKING:
    from imgsvc.app.sweeps import Sweeps

LEASE_MARGIN_SECONDS = 5.0
"""A claim outlives the longest fetch by so much, for what it brought to be stored."""


class Answering(Struct, frozen=True):
    """The services that answer, and those of their helpers that keep figures or work behind the answers."""

    images: ImageService
    purges: PurgeService
    refreshes: Refreshes
    tagging: Tagging
    failures: RememberedFailures
    records: Records
    incoming: Incoming
    originals: Originals
    validation: Validation
    revalidations: Revalidations
    upgrades: Upgrades
    claims: Claims
    assets: Assets
    twitter: Twitter


class _Sources(Struct, frozen=True):
    """What knows of sources: their records, failures and claims, and how they are asked."""

    assets: Assets
    twitter: Twitter
    failures: RememberedFailures
    records: Records
    bookkeeper: Bookkeeper
    claims: Claims
    incoming: Incoming
    removal: Removal
    validation: Validation
    originals: Originals


def put_together(
    settings: Settings,
    parts: Parts,
    shelf: Shelf,
    ending: Ending,
    stack: AsyncExitStack,
    *,
    clock: Callable[[], float] = time.time,
) -> Answering:
    """
    Make the services that answer; *stack* ends what they do behind the answers.

    Args:
        settings: all of them.
        parts: what answers are made of.
        shelf: the store as the services see it.
        ending: says when nothing is to be begun any more behind answers.
        stack: closes in the opposite order.
        clock: unix seconds.
    """
    flights, memory, marks = parts.flights, parts.memory, parts.marks
    sources = _make_sources(settings, parts, shelf, clock)
    failures, records, validation, originals = (
        sources.failures, sources.records, sources.validation, sources.originals,
    )  # fmt: skip
    revalidations = Revalidations(validation, parts.room_behind(ending))
    upgrades = Upgrades(parts.room_behind(ending, Level.WARNING))
    large = LargeTransforms(parts.transforms, settings.transform.timeout_seconds, settings.origin.max_image_size_bytes)
    images = ImageService(
        memory=memory, flights=flights, shelf=shelf, records=records, marks=marks,
        variants=Variants(shelf=shelf, records=records, marks=marks, originals=originals, clock=clock),
        originals=originals, revalidations=revalidations, upgrades=upgrades,
        maker=Maker(failures=failures, shelf=shelf, transforms=large, clock=clock), admission=parts.admission,
        clock=clock,
    )  # fmt: skip
    purges = _make_purges(parts, sources, stack, clock)
    refreshes = _make_refreshes(settings, parts, sources, purges)
    tagging = Tagging(records, memory)
    stack.push_async_callback(lambda: sources.claims.aclose(ending.left_seconds()))
    for closing in (tagging, upgrades, revalidations):
        stack.push_async_callback(closing.aclose)
    return Answering(
        images, purges, refreshes, tagging, failures, records, sources.incoming, originals, validation, revalidations,
        upgrades, sources.claims, sources.assets, sources.twitter,
    )  # fmt: skip


def _make_sources(settings: Settings, parts: Parts, shelf: Shelf, clock: Callable[[], float]) -> _Sources:
    flights, marks = parts.flights, parts.marks
    assets, twitter = Assets(settings.proxies), Twitter(settings.proxies)
    failures = RememberedFailures(parts.metadata, clock)
    records = Records(shelf, marks, clock)
    _forget_what_is_lost(parts, records)
    spools = parts.spools
    claims = Claims(parts.leases, shelf, settings.origin.fetch_timeout_seconds + LEASE_MARGIN_SECONDS)
    bookkeeper = Bookkeeper(settings.cache, clock, twitter.fresh_seconds)
    incoming = Incoming(
        inspector=parts.inspector, bookkeeper=bookkeeper, failures=failures, shelf=shelf,
        records=records, marks=marks, fetcher=parts.fetcher, transforms=parts.transforms, admission=parts.admission,
        spools=spools, downloads=parts.downloads, slots=parts.slots, manner=assets.manner,
    )  # fmt: skip
    removal = Removal(memory=parts.memory, failures=failures, shelf=shelf, records=records, incoming=incoming)
    validation = Validation(
        flights=flights, failures=failures, incoming=incoming, records=records, shelf=shelf, marks=marks,
        claims=claims, removal=removal, clock=clock,
    )  # fmt: skip
    originals = Originals(
        cache=settings.cache, flights=flights, failures=failures, shelf=shelf, records=records, marks=marks,
        spools=spools, incoming=incoming, validation=validation, claims=claims, transforms=parts.transforms,
        clock=clock,
    )  # fmt: skip
    return _Sources(assets, twitter, failures, records, bookkeeper, claims, incoming, removal, validation, originals)


def _forget_what_is_lost(parts: Parts, records: Records) -> None:
    """Have bytes forgotten when another replica's have won: so all replicas come to answer one ETag."""

    def lost(key: str) -> None:
        parts.memory.discard(key, "replaced")
        records.forget_key(key)

    parts.persister.on_lost = lost


def _make_purges(parts: Parts, sources: _Sources, stack: AsyncExitStack, clock: Callable[[], float]) -> PurgeService:
    records = sources.records

    async def remove(source: Source) -> int:
        # Who purges, and a mark, name an asset by its URL, and a page by the same as a picture.
        return await sources.removal.remove(sources.assets.named(source)) + await (await sweeps.get()).pages.remove(
            source
        )

    async def load(_stack: AsyncExitStack) -> "Sweeps":
        return await asyncio.to_thread(_load_sweeps, parts.store, remove, sources.removal.remove)

    async def sweep(index: MarkIndex) -> int:
        return await (await sweeps.get())(index)

    sweeps = Later(load)
    stack.push_async_callback(sweeps.aclose)
    return PurgeService(
        memory=parts.memory, marks=parts.marks, store=parts.store, remove=remove,
        tags_of_source=records.stored_tags, forget_records=records.forget_for,
        sweepers=(sweep,), clock=clock,
    )  # fmt: skip


def _load_sweeps(
    store: ObjectStore, remove: Callable[[Source], Awaitable[int]], remove_picture: Callable[[Source], Awaitable[int]]
) -> "Sweeps":
    from imgsvc.app.sweeps import make_sweeps  # noqa: PLC0415 - loads what pages are read with

    return make_sweeps(store, remove, remove_picture)


def _make_refreshes(settings: Settings, parts: Parts, sources: _Sources, purges: PurgeService) -> Refreshes:
    async def soften(source: Source) -> None:
        # As fetches count their time, so that the one which follows at once is not hit.
        await purges.purge(Instructions(urls=(source,)), at=sources.bookkeeper.now())

    cooldown_seconds = settings.cache.refresh_cooldown_seconds
    return Refreshes(parts.flights, sources.validation, soften, parts.metadata, cooldown_seconds)
