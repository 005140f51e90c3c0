"""Objects in a folder: the embedded default, no service needed."""

import asyncio
import contextlib
import itertools
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple, Unpack

from imgsvc.errors import StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.model.keys import validate_key
from imgsvc.settings import StoreSettings
from imgsvc.store.base import StoredObject, StoreStatistics
from imgsvc.store.folder import Folder
from imgsvc.store.integrity import Counters, Damaged, check_prefix, check_put

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

THREADS = 4
"""Disk calls at once: enough to keep a disk busy, few enough that a hung one costs little."""

LEFTOVER_SECONDS = 3600
"""A temporary this old has no writer any more: none is given this long."""

LIST_BATCH_KEYS = 256
"""Keys fetched with one change of thread while listing."""


class FilesystemStore:
    """
    One file an object, below ``settings.directory``; see :mod:`imgsvc.store.layout` and ``objectfile``.

    Every operation is one visit to a thread of the store's own small pool; a write is a temporary file in the same
    file system and one rename (or, if absent, one hard link), without fsync: what a power cut damages is noticed when
    it is read. Temporaries that a killed process left are removed in the background when the store is made.

    Args:
        settings: only ``directory`` is read.
        clock: unix seconds, as the file system counts them.
    """

    def __init__(self, settings: StoreSettings, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = Folder(settings.directory)
        self._counters = Counters()
        self._closed = False
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="store")
        # Nobody waits for it, and what it cannot remove does no harm.
        self._pool.submit(self._folder.sweep, clock() - LEFTOVER_SECONDS)

    async def get(self, key: str) -> StoredObject | None:
        """Read an object and check it, all in one visit to a thread."""
        return await self._look_up(key, self._folder.read)

    async def stat(self, key: str) -> BlobMeta | None:
        """Read an object's metadata and check its length."""
        return await self._look_up(key, self._folder.read_meta)

    async def put(self, key: str, data: bytes, meta: BlobMeta, *, if_absent: bool = False) -> bool:
        """Write an object; cancelled, the thread stops at its next slice and removes its temporary."""
        check_put(key, data)
        abandoned = threading.Event()
        try:
            written = await self._run(self._folder.write, key, data, meta, if_absent, abandoned)
        except asyncio.CancelledError:
            abandoned.set()
            raise
        self._counters.writes += written
        return written

    async def delete(self, key: str) -> bool:
        """Delete an object and the folders it leaves empty."""
        validate_key(key)
        return await self._run(self._folder.delete, key)

    async def list(self, prefix: str) -> AsyncIterator[str]:
        """Give keys as the folders are read."""
        check_prefix(prefix)
        keys = self._folder.walk(prefix)
        while batch := await self._run(_take, keys):
            for key in batch:
                yield key

    async def ping(self) -> None:
        """Write and remove a few bytes."""
        await self._run(self._folder.probe)

    async def aclose(self) -> None:
        """Wait for the threads to end what they are at."""
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)

    def statistics(self) -> StoreStatistics:
        """Snapshot of the counters."""
        return self._counters.snapshot()

    async def _look_up(self, key: str, read: Callable[[str], T | None]) -> T | None:
        validate_key(key)
        try:
            return self._counters.looked_up(await self._run(read, key))
        except Damaged as damage:
            self._counters.note_damage(key, damage)
            return None

    async def _run(self, call: Callable[[Unpack[Ts]], T], *arguments: *Ts) -> T:
        """Make a blocking call in a thread of the store's own; raises StoreError for what the system refuses."""
        with self._translated():
            if self._closed:
                raise StoreError("The filesystem store is closed.")
            return await asyncio.get_running_loop().run_in_executor(self._pool, call, *arguments)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._counters.failures += 1
            # The path stays out of it: the detail is shown in /api/health.
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            raise StoreError(f"The filesystem store failed: {reason}.") from error


def _take(keys: Iterator[str]) -> list[str]:
    return list(itertools.islice(keys, LIST_BATCH_KEYS))
