"""Searches for logos: as many at once as there is CPU for, each accounted for until what it found is kept."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from imgsvc.logos.domain import Domain
from imgsvc.logos.providers import Provider
from imgsvc.pages.tags import Page
from imgsvc.services.fetches import FoundFetches
from imgsvc.services.logos.judging import Judge
from imgsvc.services.logos.search import Found, Search, no_room, reach_of
from imgsvc.services.logos.site import SiteReader
from imgsvc.stream.base import Ledger

SEARCHES_PER_CORE = 8
TURN_SECONDS = 10.0
"""Searches cost CPU: who comes when as many run waits for a turn, so long at the most, before the deadline begins."""


class Searcher:
    """
    Searches.

    Args:
        fetches: does the fetching.
        judge: looks at what comes.
        providers: services, in the order they are asked.
        deadline_seconds: longest search.
        ledger: counts what is found until it is kept.
    """

    def __init__(
        self,
        fetches: FoundFetches,
        judge: Judge,
        providers: tuple[Provider, ...],
        deadline_seconds: float,
        ledger: Ledger,
    ) -> None:
        self._fetches = fetches
        self._judge = judge
        self._providers = providers
        self._deadline_seconds = deadline_seconds
        self._ledger = ledger
        self._turns = asyncio.Semaphore(SEARCHES_PER_CORE * (os.cpu_count() or 1))

    @asynccontextmanager
    async def searched(self, domain: Domain, asked_px: int) -> AsyncIterator[Found]:
        """
        Search for the logo of *domain*, until one suffices to fill *asked_px*.

        The pictures that were found are accounted for until the end of the block.

        Raises:
            Overloaded: nothing was found, and something could not be done for want of room.
        """
        search = Search(self._fetches, self._judge, self._providers, domain, asked_px, self._ledger)
        try:
            async with self._turn():
                found = await search.run(self._deadline_seconds)
            if found.refusal is not None and not any(seen.picture for seen in found.seen):
                raise found.refusal
            yield found
        finally:
            search.gathered.let_go()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._turns.acquire()
        except TimeoutError:
            raise no_room() from None
        try:
            yield
        finally:
            self._turns.release()

    async def page_of(self, domain: Domain) -> tuple[Page | None, bool]:
        """
        Give a site's page, and whether the look for it really ended.

        Raises:
            Overloaded: there is no room for it.
        """
        reach = reach_of(domain)
        try:
            async with asyncio.timeout(self._deadline_seconds):
                site, _ = await SiteReader(self._fetches).read(domain.variants, reach)
        except TimeoutError:
            if reach.errand.waiting:
                raise no_room() from None
            return None, False
        return site.page, reach.has_ended
