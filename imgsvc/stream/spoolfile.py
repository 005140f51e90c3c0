"""Files that large bodies go on in: without a name, bounded together, handled by threads of their own."""

import asyncio
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TypeVar, TypeVarTuple, Unpack

from msgspec import Struct

from imgsvc.errors import NoSpoolRoom
from imgsvc.stream.base import FileRange

log = logging.getLogger("imgsvc.stream")

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

THREADS = 4
"""Disk calls at once; what is read or written here has mostly just passed through the page cache."""


class NoRoom(OSError):
    """All spools together have reached their bound."""


class SpaceStatistics(Struct, frozen=True):
    """
    Snapshot.

    Attributes:
        files: open now.
        bytes: on disk now.
        capacity_bytes: what they may take together.
        failures: times a file could not be made or written, for want of room or whatever else.
    """

    files: int
    bytes: int
    capacity_bytes: int
    failures: int


class SpoolSpace:
    """
    The folder of all spools. Their files have no name, so that a process that is killed leaves nothing behind.

    Args:
        directory: made when first needed; best in the store's own file system.
        capacity_bytes: what all files together may take.
    """

    def __init__(self, directory: Path, capacity_bytes: int) -> None:
        self._directory = directory
        self._capacity_bytes = capacity_bytes
        self._executor = ThreadPoolExecutor(THREADS, thread_name_prefix="spool")
        self._files = self._bytes = self._failures = 0

    async def open(self) -> "SpoolFile":
        """
        Make a file; whoever asked closes it.

        Raises:
            OSError: there is none to be had.
        """
        opening = self.run(_open, self._directory)
        try:
            file = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_unwanted)
            raise
        except OSError:
            self._failures += 1
            raise
        self._files += 1
        return SpoolFile(self, file)

    def run(self, call: Callable[[Unpack[Ts]], T], *arguments: *Ts) -> asyncio.Future[T]:
        """Make a blocking call in one of the threads."""
        return asyncio.get_running_loop().run_in_executor(self._executor, call, *arguments)

    def take(self, size_bytes: int) -> None:
        """
        Count bytes that are about to be written.

        Raises:
            NoRoom: they would be too many.
        """
        if self._bytes + size_bytes > self._capacity_bytes:
            raise NoRoom
        self._bytes += size_bytes

    def note_failure(self) -> None:
        """Count a write that failed."""
        self._failures += 1

    def discard(self, file: IO[bytes], size_bytes: int) -> None:
        """Close a file with so many bytes; they are not counted any more."""
        self._files -= 1
        self._bytes -= size_bytes
        try:
            # The file goes with its last descriptor, and the kernel frees some hundred megabytes in tens of ms.
            self._executor.submit(file.close)
        except RuntimeError:  # the threads have ended
            file.close()

    async def aclose(self) -> None:
        """Wait for the threads."""
        await asyncio.to_thread(self._executor.shutdown)

    def statistics(self) -> SpaceStatistics:
        """Snapshot of what lies on disk."""
        return SpaceStatistics(self._files, self._bytes, self._capacity_bytes, self._failures)


class SpoolFile:
    """
    One file: bytes are added at its end and read from anywhere before it.

    Closed while a thread is at it, it stays open until that thread is done: a descriptor's number must not become
    another file's under a thread's hands.

    Args:
        space: counts the file and has threads for it.
        file: empty; owned.
    """

    def __init__(self, space: SpoolSpace, file: IO[bytes]) -> None:
        self._space = space
        self._file = file
        self._digest = hashlib.sha256()
        self._taken_bytes = 0
        self._users = 0
        self._closing = self._closed = False
        self.size_bytes = 0
        """Written so far."""

    @property
    def sha256(self) -> str:
        """Hex digest of what was written so far."""
        return self._digest.hexdigest()

    def range(self, start: int, size_bytes: int) -> FileRange:
        """
        Name a part of what was written; the file has to stay open while it is used.

        Raises:
            RuntimeError: the file is closed.
            ValueError: it has no such part yet.
        """
        if not 0 <= start <= start + size_bytes <= self.size_bytes:
            raise ValueError("no such part was written")
        return FileRange(self._descriptor(), start, size_bytes)

    async def append(self, chunks: Sequence[bytes]) -> None:
        """
        Add bytes, hashed on the way. One call at a time, and none after one that failed or was cancelled.

        Raises:
            OSError: the disk is full, or all spools together have too much; what was there before stays readable.
            RuntimeError: the file is closed.
        """
        descriptor = self._descriptor()
        grown_bytes = sum(map(len, chunks))
        try:
            self._space.take(grown_bytes)
            self._taken_bytes += grown_bytes
            await self._in_thread(self._write, descriptor, chunks, self.size_bytes)
        except OSError:
            self._space.note_failure()
            raise
        self.size_bytes += grown_bytes

    async def read(self, start: int, size_bytes: int) -> bytes:
        """
        Read bytes that were written; at least one.

        Raises:
            NoSpoolRoom: the disk fails.
            RuntimeError: the file is closed.
        """
        try:
            data = await self._in_thread(os.pread, self._descriptor(), size_bytes, start)
        except OSError as error:
            log.warning("a large source cannot be read from disk: %s", error.strerror)
            raise no_room() from error
        if not data:  # which would look like an end
            raise no_room()
        return data

    def close(self) -> None:
        """Give the file back, once no thread is at it; twice is allowed."""
        self._closing = True
        if not self._users and not self._closed:
            self._closed = True
            self._space.discard(self._file, self._taken_bytes)

    def _descriptor(self) -> int:
        if self._closing:
            raise RuntimeError("this file is closed")
        return self._file.fileno()

    def _write(self, descriptor: int, chunks: Sequence[bytes], at: int) -> None:
        for chunk in chunks:
            view = memoryview(chunk)
            while view:
                written = os.pwrite(descriptor, view, at)
                view, at = view[written:], at + written
            self._digest.update(chunk)

    async def _in_thread(self, call: Callable[[Unpack[Ts]], T], *arguments: *Ts) -> T:
        work = self._space.run(call, *arguments)
        self._users += 1
        work.add_done_callback(self._left)
        # Shielded: a waiter that is cancelled does not make the thread end, and the file has to know when it does.
        return await asyncio.shield(work)

    def _left(self, work: asyncio.Future[T]) -> None:
        self._users -= 1
        if not work.cancelled():
            work.exception()  # looked at, lest asyncio complains when the waiter has left
        if self._closing:
            self.close()


def no_room() -> NoSpoolRoom:
    """Say that a body cannot be kept until its readers have it."""
    return NoSpoolRoom(
        "There is no room for a large source now; see IMGSVC_SPOOL_DIR and IMGSVC_SPOOL_MAX_BYTES.",
        retry_after_seconds=5,
    )


def _open(directory: Path) -> IO[bytes]:
    directory.mkdir(parents=True, exist_ok=True)
    # On Linux the file never has a name; elsewhere it loses it at once. Unbuffered, it is a descriptor that complains
    # when it is forgotten.
    return tempfile.TemporaryFile(dir=directory, buffering=0)


def _close_unwanted(opening: asyncio.Future[IO[bytes]]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
