"""Which replica asks a source: one at a time, where they share a Redis, and all of them where they share none."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cachetools import LRUCache

from imgsvc.cache.leases import Lease, Leases
from imgsvc.model.keys import original_key, record_key
from imgsvc.model.source import Source
from imgsvc.services.download import Download
from imgsvc.services.original import Original
from imgsvc.services.shelf import Shelf

WAIT_SECONDS = 10.0
"""Longest wait for another replica: beyond it, asking twice costs less."""

ARRIVE_SECONDS = 3.0
"""Longest time that a claim is kept for a large source to arrive: others wait for it without a byte to answer."""

PRIVATE_SOURCES = 4096
"""Sources known to forbid sharing; who asks for one does not wait for another replica, which could bring it nothing."""

WRITE_SECONDS = 10.0
"""Longest time that a claim is kept for what was fetched to reach the store, where others find it."""


class Claim:
    """
    Leave to ask a source, or word that another replica has it.

    Attributes:
        is_ours: whether this replica may ask; else to wait is better.
        is_alone: whether no other replica can have brought it a moment before.
    """

    def __init__(self, *, is_ours: bool, is_alone: bool = False) -> None:
        self.is_ours = is_ours
        self.is_alone = is_alone
        self.original: Original | None = None

    def brings(self, original: Original) -> None:
        """Say what came of it."""
        self.original = original


class Claims:
    """
    Claims on sources; :meth:`aclose` once.

    Args:
        leases: shared by the replicas, or of this process alone.
        shelf: knows what is still to be written.
        lease_seconds: after which a claim ends by itself, should this process die.
    """

    def __init__(self, leases: Leases, shelf: Shelf, lease_seconds: float) -> None:
        self._leases = leases
        self._shelf = shelf
        self._lease_seconds = lease_seconds
        self._private: LRUCache[str, None] = LRUCache(PRIVATE_SOURCES)
        self._ending: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def claimed(self, source: Source) -> AsyncIterator[Claim]:
        """Claim *source* for the block, and until what the block has brought is in the store."""
        if source.url in self._private:
            claim = Claim(is_ours=True, is_alone=True)
            yield claim
            if claim.original is not None and claim.original.shareable:
                self._private.pop(source.url, None)
            return
        lease = await self._leases.claim(source.h16, self._lease_seconds)
        claim = Claim(is_ours=lease is not None, is_alone=lease is not None and not lease.is_shared)
        try:
            yield claim
        finally:
            if claim.original is not None and not claim.original.shareable:
                self._private[source.url] = None
            if lease is not None and lease.is_shared:
                download = claim.original.download if claim.original is not None else None
                task = asyncio.create_task(self._release(source, lease, download), name="release")
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)

    async def wait(self, source: Source) -> None:
        """Wait until no replica has *source*, or for as long as that makes sense."""
        await self._leases.wait(source.h16, WAIT_SECONDS)

    async def aclose(self, timeout_seconds: float) -> None:
        """
        Give back what is claimed: as it is written, and after *timeout_seconds* whether or not it is.

        Who waits for it would find nothing in the store before, and fetch it again.
        """
        if self._ending:
            await asyncio.wait(self._ending, timeout=timeout_seconds)
        for task in tuple(self._ending):
            task.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _release(self, source: Source, lease: Lease, download: Download | None) -> None:
        try:
            if download is not None:
                await asyncio.wait((download.task,), timeout=ARRIVE_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WRITE_SECONDS):
                    await self._shelf.written(original_key(source), record_key(source))
        finally:
            await lease.release()
