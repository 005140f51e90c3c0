"""Objects in a folder: the embedded default, no service needed."""

import asyncio
import functools
import itertools
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeVar
from weakref import WeakSet

from msgspec.structs import replace

from imgsvc.model.blob import BlobMeta
from imgsvc.model.keys import validate_key
from imgsvc.settings import StoreSettings
from imgsvc.store.base import ObjectWriter, StoredObject, StoredStream, StoreStatistics
from imgsvc.store.ceiling import Tally
from imgsvc.store.disk import DiskThreads
from imgsvc.store.draft import Draft
from imgsvc.store.errands import Errands
from imgsvc.store.eviction import Eviction
from imgsvc.store.file_stream import FileStream
from imgsvc.store.file_writer import FileWriter
from imgsvc.store.folder import Folder
from imgsvc.store.integrity import Counters, Damaged, Question, check_prefix, check_put
from imgsvc.store.objectfile import Extent
from imgsvc.store.room import Room

T = TypeVar("T")

LEFTOVER_SECONDS = 3600
"""Where files cannot be locked, a temporary not written to for so long has no writer any more."""

LIST_BATCH_KEYS = 256
"""Keys fetched with one change of thread while listing."""


class FilesystemStore:
    """
    One file an object, below ``settings.directory``; see :mod:`imgsvc.store.layout` and ``objectfile``.

    Every operation is one visit to a thread of the store's own small pool; so is every piece of a stream, or every few
    for a quick reader. A write is a temporary file in the same file system and one rename (or, if absent, one hard
    link), without fsync: what a power cut damages is noticed when it is read. Temporaries that a killed process left
    are removed in the background when the store is made.

    It never takes more room than its ceiling, as far as this process writes: a write waits until what was not used for
    longest has gone. What is there is counted in the background from the first ping or write on. Temporaries are not
    counted: a ``put`` has taken its room already, and writers are bounded by the spools they copy from.

    Args:
        settings: only ``directory`` and ``max_bytes`` are read.
        clock: unix seconds, as the file system counts them.
    """

    def __init__(self, settings: StoreSettings, *, clock: Callable[[], float] = time.time) -> None:
        self._tally = Tally(settings.max_bytes)
        self._folder = Folder(settings.directory, self._tally, clock)
        self._counters = Counters()
        self._errands = Errands()
        self._disk = DiskThreads(self._counters, self._errands)
        eviction = Eviction(self._folder, self._tally)
        self._room = Room(self._disk, eviction, self._tally, self._errands, self._counters, clock)
        self._streams: WeakSet[FileStream] = WeakSet()
        self._writers: set[FileWriter] = set()
        # Nobody waits for it, and what it cannot remove does no harm.
        self._disk.begin(self._folder.sweep, clock() - LEFTOVER_SECONDS)

    async def get(self, key: str) -> StoredObject | None:
        """Read an object and check it, all in one visit to a thread."""
        validate_key(key)
        return await self._sound(key, self._disk.run(self._folder.read, key))

    async def open(self, key: str, buffers: Callable[[int], bool]) -> StoredObject | StoredStream | None:
        """Read an object, or open it, in one visit to a thread."""
        validate_key(key)
        found: StoredObject | Extent | None = await self._sound(key, self._open(key, Question(buffers)))
        if not isinstance(found, Extent):
            return found
        stream = FileStream(
            self._disk,
            found,
            discard=functools.partial(self._folder.discard_damaged, key),
            on_damage=functools.partial(self._counters.note_damage, key),
        )
        self._streams.add(stream)
        return stream

    async def stat(self, key: str) -> BlobMeta | None:
        """Read an object's metadata and check its length."""
        validate_key(key)
        return await self._sound(key, self._disk.run(self._folder.read_meta, key))

    async def put(self, key: str, data: bytes, meta: BlobMeta, *, if_absent: bool = False) -> bool:
        """Write an object, once there is room; cancelled, the thread stops at its next slice, leaving no temporary."""
        check_put(key, data)
        abandoned = threading.Event()
        try:
            work = await self._room.start(len(data), self._folder.write, key, data, meta, if_absent, abandoned)
            with self._disk.translated():
                written = await asyncio.shield(work)
        except asyncio.CancelledError:
            abandoned.set()
            raise
        self._counters.writes += written
        return written

    async def open_writer(self, key: str) -> ObjectWriter:
        """Begin an object in a temporary file."""
        validate_key(key)
        self._disk.check_open()
        self._room.begin()
        draft = await self._disk.open(lambda: self._folder.draft(key), Draft.discard)
        writer = FileWriter(self._disk, self._room, draft, self._counters, self._errands, self._writers.discard)
        self._writers.add(writer)
        return writer

    async def delete(self, key: str) -> bool:
        """Delete an object and the folders it leaves empty."""
        validate_key(key)
        return await self._disk.run(self._folder.delete, key)

    async def list(self, prefix: str) -> AsyncIterator[str]:
        """Give keys as the folders are read."""
        check_prefix(prefix)
        keys = self._folder.walk(prefix)
        while batch := await self._disk.run(_take, keys):
            for key in batch:
                yield key

    async def ping(self) -> None:
        """Write and remove a few bytes."""
        self._disk.check_open()
        self._room.begin()
        await self._disk.run(self._folder.probe)

    async def aclose(self) -> None:
        """Close streams, abort writers, and wait for the threads to end what they are at."""
        self._disk.close()
        self._room.close()
        for stream in tuple(self._streams):
            stream.close()
        await asyncio.gather(*(writer.abort() for writer in tuple(self._writers)))
        await self._errands.finished()
        await self._disk.aclose()

    def statistics(self) -> StoreStatistics:
        """Snapshot of the counters, and of how full the folder is."""
        tally, counters = self._tally, self._counters.snapshot()
        if not tally.is_counted:
            return replace(counters, capacity_bytes=tally.capacity_bytes)
        return replace(
            counters,
            evictions=tally.evictions,
            entries=tally.entries,
            bytes=tally.used_bytes,
            capacity_bytes=tally.capacity_bytes,
        )

    async def _open(self, key: str, question: Question) -> StoredObject | Extent | None:
        try:
            return await self._disk.open(lambda: self._folder.open(key, question.ask), _give_back)
        except asyncio.CancelledError:
            question.withdraw()
            raise

    async def _sound(self, key: str, look: Awaitable[T | None]) -> T | None:
        """Count what a look-up finds; damage is nothing."""
        try:
            return self._counters.looked_up(await look)
        except Damaged as damage:
            self._counters.note_damage(key, damage)
            return None


def _give_back(found: StoredObject | Extent | None) -> None:
    if isinstance(found, Extent):
        found.file.close()


def _take(keys: Iterator[str]) -> list[str]:
    return list(itertools.islice(keys, LIST_BATCH_KEYS))
