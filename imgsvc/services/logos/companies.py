"""From a company's name to its domain: by the table, as it is one, else by a guess that the site confirms."""

import asyncio
import logging
from functools import partial

from imgsvc.cache.coalesce import Coalescer
from imgsvc.cache.metadata import MetadataCache
from imgsvc.errors import BadDomain
from imgsvc.logos.companies import Companies, guesses, host_in_name, normalise_name, verifies
from imgsvc.logos.domain import Domain, DomainReader
from imgsvc.services.limits import Allowance, joined_for
from imgsvc.services.logos.searcher import Searcher

log = logging.getLogger("imgsvc.logos")

FOUND_SECONDS = 30 * 86400
NOT_FOUND_SECONDS = 86400


class CompanyFinder:
    """
    Finds companies.

    Args:
        companies: the table.
        reader: knows domains.
        searcher: reads pages.
        metadata: remembers what was guessed.
        flights: lets equal guesses be one.
    """

    def __init__(
        self,
        companies: Companies,
        reader: DomainReader,
        searcher: Searcher,
        metadata: MetadataCache,
        flights: Coalescer,
    ) -> None:
        self._companies = companies
        self._reader = reader
        self._searcher = searcher
        self._metadata = metadata
        self._flights = flights

    def known(self, name: str) -> Domain | None:
        """Give the domain that the table has for *name*, or that it is itself; a plain call."""
        host = self._companies.domain(name) or host_in_name(name)
        return None if host is None else self._read(host)

    async def find(self, name: str, allowance: Allowance | None) -> Domain | None:
        """
        Give the domain of *name*; None when nobody knows it. A guess counts only if that site calls itself so.

        Raises:
            RateLimited: the client, or the domain, has no search left.
            Overloaded: there is no room for the look.
        """
        if (domain := self.known(name)) is not None:
            return domain
        for guessed in filter(None, map(self._read, guesses(name))):
            if await self._is_right(guessed, name, allowance):
                return guessed
        return None

    async def _is_right(self, domain: Domain, name: str, allowance: Allowance | None) -> bool:
        key = f"company:{normalise_name(name)}:{domain.host}"
        if (remembered := await self._metadata.get(key)) is not None:
            return remembered.get("is_right") is True
        work = partial(self._confirmed, domain, name, key, allowance)
        return bool((await joined_for(allowance, lambda: self._flights.join(key, work))).value)

    async def _confirmed(self, domain: Domain, name: str, key: str, allowance: Allowance | None) -> bool:
        """Read the guessed site's page and see whether it is that company's; an end without an answer is no answer."""
        if allowance is not None:
            allowance.take(domain.host)
        page, has_ended = await self._searcher.page_of(domain)
        is_right = page is not None and await asyncio.to_thread(verifies, page, name)
        if is_right or has_ended:
            lifetime_seconds = FOUND_SECONDS if is_right else NOT_FOUND_SECONDS
            await self._metadata.set(key, {"is_right": is_right}, lifetime_seconds)
        return is_right

    def _read(self, host: str) -> Domain | None:
        try:
            return self._reader.read(host)
        except BadDomain:
            return None
