"""Marks and the purge service over a real store, without the rest of the spine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from imgsvc.cache.announcements import Announcements
from imgsvc.cache.memory import MemoryCache
from imgsvc.model.blob import Blob
from imgsvc.model.keys import source_prefix
from imgsvc.model.purge import Mark
from imgsvc.model.source import Source
from imgsvc.services.marks import Marks
from imgsvc.services.purge import PurgeService
from imgsvc.settings import CacheSettings, StoreSettings
from tests.support.blobs import meta_of
from tests.support.spine_parts import START, Clock, Doubtful

MAX_TTL_SECONDS = 1000


async def in_a_turn(_seconds: float) -> None:
    """Pause for no longer than others need for their turn."""
    await asyncio.sleep(0)


@dataclass
class Replica:
    """One process' marks, its memory, and what purges them."""

    clock: Clock
    store: Doubtful
    announcements: Announcements
    memory: MemoryCache
    marks: Marks
    purges: PurgeService
    forgotten: list[Mark] = field(default_factory=list)
    words: dict[str, str | Exception] = field(default_factory=dict)

    def keep(self, source: Source, name: str = "a.png", *, words: str = "", age_seconds: int = 10) -> Blob:
        """Put something into memory that was fetched some time ago and is fresh for long."""
        data = name.encode()
        meta = meta_of(data, fetched_at=self.clock.now - age_seconds, lifetime_seconds=500, tags=words)
        blob = Blob(data=data, meta=meta, key=f"{source_prefix(source)}{name}", source=source)
        assert self.memory.put(blob)
        return blob

    def kept(self, blob: Blob) -> Blob | None:
        return self.memory.get(blob.key)

    async def mark_keys(self) -> list[str]:
        return sorted([key async for key in self.store.list("purge/")])


@asynccontextmanager
async def replica(
    folder: Path, clock: Clock, settings: CacheSettings | None = None, **options
) -> AsyncIterator[Replica]:
    """Open one process' worth of it; what belongs into the background is not begun."""
    store = Doubtful(StoreSettings.from_env({"IMGSVC_STORE_DIR": str(folder)}))
    # In a thread, because it may load its library, from disk.
    announcements = await asyncio.to_thread(Announcements, settings or CacheSettings(), "purge", pause=in_a_turn)
    memory = MemoryCache(4 << 20, 1 << 20)
    options = {"pause": in_a_turn} | options
    marks = Marks(store, announcements, MAX_TTL_SECONDS, clock=clock, **options)
    made = Replica(clock, store, announcements, memory, marks, None)

    async def remove(source: Source) -> int:
        memory.discard_prefix(source_prefix(source))
        keys = [key async for key in store.list(source_prefix(source))]
        return sum([await store.delete(key) for key in keys])

    async def words(source: Source) -> str:
        found = made.words.get(source.url, "")
        if isinstance(found, Exception):
            raise found
        return found

    made.purges = PurgeService(
        memory=memory, marks=marks, store=store, remove=remove, tags_of_source=words,
        forget_records=made.forgotten.append, clock=clock, pause=in_a_turn,
    )  # fmt: skip
    try:
        yield made
    finally:
        for gate in store.gates.values():
            gate.set()
        await announcements.aclose()
        await store.aclose()


@asynccontextmanager
async def replicas(folder: Path, **options) -> AsyncIterator[tuple[Replica, Replica]]:
    """Open two on one store and one clock."""
    clock = Clock(START)
    async with replica(folder, clock, **options) as one, replica(folder, clock, **options) as other:
        yield one, other


@asynccontextmanager
async def doing(*work) -> AsyncIterator[None]:
    """Run these in the background for the block."""
    tasks = [asyncio.create_task(coroutine) for coroutine in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends
