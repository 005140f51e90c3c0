"""Refreshes that a client asks for: a source is fetched anew although what is kept of it is good."""

import logging
from collections.abc import Awaitable, Callable
from enum import StrEnum

from imgsvc.cache.coalesce import Coalescer
from imgsvc.cache.metadata import MetadataCache
from imgsvc.errors import ImgsvcError, StoreError
from imgsvc.model.source import Source
from imgsvc.services.validation import Validation

log = logging.getLogger("imgsvc.refreshes")


class Refresh(StrEnum):
    """What became of one; answered as ``X-Refresh``."""

    DONE = "done"
    FAILED = "failed"
    IGNORED = "ignored"


class Refreshes:
    """
    Fetches anew, but not again and again.

    Args:
        flights: lets equal wishes be one.
        validation: asks the source.
        soften: marks all that is kept of a source as stale, in every replica.
        metadata: remembers the latest refresh of each source.
        cooldown_seconds: shortest time between two of them; 0 = none.
    """

    def __init__(
        self,
        flights: Coalescer,
        validation: Validation,
        soften: Callable[[Source], Awaitable[object]],
        metadata: MetadataCache,
        cooldown_seconds: int,
    ) -> None:
        self._flights = flights
        self._validation = validation
        self._soften = soften
        self._metadata = metadata
        self._cooldown_seconds = cooldown_seconds

    async def refresh(self, source: Source) -> Refresh:
        """
        Fetch *source* anew, unless that was done a short time ago; what is kept stays when the source fails.

        Equal wishes at the same time are one. IGNORED also for an object of our own store, which has no source to be
        fetched from.
        """
        if source.object_key is not None:
            return Refresh.IGNORED
        return (await self._flights.join(f"wish:{source.url}", lambda: self._refresh(source))).value

    async def _refresh(self, source: Source) -> Refresh:
        name = f"refresh:{source.h16}"
        if await self._metadata.get(name) is not None:
            return Refresh.IGNORED
        await self._metadata.set(name, {"url": source.loggable}, self._cooldown_seconds)
        try:
            # So that variants of other bytes, here and elsewhere, do not outlive what is fetched now.
            await self._soften(source)
        except StoreError as error:
            log.warning("a refresh is not known to other replicas: %s", error.detail)
        try:
            is_stale = await self._validation.ask_to_the_end(source, force=True)
        except ImgsvcError as error:
            log.info("%s: %s", source.loggable, error.detail)
            return Refresh.FAILED
        return Refresh.FAILED if is_stale else Refresh.DONE
