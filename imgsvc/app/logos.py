"""Logos put together: what searches for them, keeps them and answers with them."""

import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from msgspec import Struct

from imgsvc.app.ending import Ending
from imgsvc.app.parts import Parts
from imgsvc.logos.companies import Companies, parse_companies
from imgsvc.logos.domain import DomainReader
from imgsvc.pressure.levels import Level
from imgsvc.pressure.monitor import FLUSH_APART_SECONDS
from imgsvc.services.fetches import FoundFetches
from imgsvc.services.images import ImageService
from imgsvc.services.kept_pictures import KeptPictures
from imgsvc.services.logos.companies import CompanyFinder
from imgsvc.services.logos.fallbacks import Fallbacks
from imgsvc.services.logos.judging import Judge
from imgsvc.services.logos.keeper import LogoKeeper
from imgsvc.services.logos.records import LogoRecords
from imgsvc.services.logos.searcher import Searcher
from imgsvc.services.logos.service import LogoService
from imgsvc.services.policy import providers_of
from imgsvc.services.shelf import Shelf
from imgsvc.settings import LogoSettings, Settings, SettingsError


class Logos(Struct, frozen=True):
    """The service, and the one of its helpers that works behind it."""

    logos: LogoService
    logo_keeper: LogoKeeper


def make_logos(
    settings: Settings,
    parts: Parts,
    fetches: FoundFetches,
    shelf: Shelf,
    images: ImageService,
    ending: Ending,
    stack: AsyncExitStack,
    *,
    clock: Callable[[], float] = time.time,
) -> Logos:
    """
    Make the service; *stack* ends what it does behind answers. Reads packaged data and a file, so call it in a thread.

    Raises:
        SettingsError: IMGSVC_LOGO_COMPANIES cannot be read.
    """
    judge = Judge(parts.inspector, parts.transforms)
    deadline_seconds = settings.logos.deadline_seconds
    searcher = Searcher(fetches, judge, providers_of(settings.logos), deadline_seconds, parts.transfers)
    records = LogoRecords(shelf, parts.marks, clock)
    parts.monitor.on_sample(Level.EMERGENCY, lambda _: records.flush(), FLUSH_APART_SECONDS)
    pictures = KeptPictures(parts.memory, shelf, parts.spools)
    keeper = LogoKeeper(
        searcher=searcher,
        fetches=fetches,
        records=records,
        pictures=pictures,
        flights=parts.flights,
        marks=parts.marks,
        may_run=parts.room_behind(ending),
        clock=clock,
    )
    stack.push_async_callback(keeper.aclose)
    reader = DomainReader(parts.domains, settings.origin.is_named)
    logos = LogoService(
        reader=reader,
        companies=CompanyFinder(read_companies(settings.logos), reader, searcher, parts.metadata, parts.flights),
        keeper=keeper,
        images=images,
        fallbacks=Fallbacks(parts.spools, clock),
        fetches=fetches,
        judge=judge,
        pictures=pictures,
        refresh_cooldown_seconds=settings.cache.refresh_cooldown_seconds,
        clock=clock,
    )
    return Logos(logos, keeper)


def read_companies(settings: LogoSettings) -> Companies:
    """
    Read the table of companies, and the operator's own.

    Raises:
        SettingsError: that cannot be read.
    """
    if settings.companies is None:
        return Companies()
    try:
        return Companies(parse_companies(settings.companies.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise SettingsError([f"IMGSVC_LOGO_COMPANIES: {line}" for line in str(error).splitlines()]) from error
