"""
The spool: one body while it arrives and afterwards, in memory at first, then in a file.

Whether a body is buffered or streamed is decided here and nowhere else, by reading: up to the threshold it is held in
memory; beyond it, or when all bodies together hold too much, it goes on in a file. Any number of readers follow it
while it grows, each at its own pace with one piece in memory, as ``proxy_temp_path`` of nginx does::

    0 ───────────── in the file ──────────────┬── tail, in memory ──┐
                                              file_bytes            size_bytes

Without a file (the disk is full, or cannot be written) it becomes a narrow channel: one reader, the first, takes the
bytes as they come, and the source waits for it.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from imgsvc.stream.base import FileRange, Ledger
from imgsvc.stream.reader import SpoolReader
from imgsvc.stream.spoolfile import SpoolFile, SpoolSpace, no_room
from imgsvc.stream.tail import Tail

log = logging.getLogger("imgsvc.stream")

TAIL_BYTES = 192 * 1024
"""What a spool in a file holds in memory before it is written: few enough for hundreds of streams, and three pieces
that a reader who keeps up need not read from the file."""


class Spool:
    """
    A body that is added to by one writer and read by many.

    Counted by :meth:`hold` and :meth:`let_go`: who made it holds it once. When nobody holds it any more *when_idle* is
    called, which closes it unless its owner said otherwise. Belongs to one event loop.

    Args:
        space: where files are had.
        ledger: counts what is held in memory.
        threshold_bytes: more goes to a file.
        declared_bytes: what the sender said; a body declared larger than the threshold goes to a file at once.
    """

    def __init__(
        self, space: SpoolSpace, ledger: Ledger, threshold_bytes: int, declared_bytes: int | None = None
    ) -> None:
        self._space = space
        self._ledger = ledger
        self._threshold_bytes = threshold_bytes
        self.declared_bytes = declared_bytes
        self.ended = False
        """Whether the whole body has arrived."""
        self.error: BaseException | None = None
        """Why it never will."""
        self._failure: Callable[[], BaseException] = no_room
        self.when_idle: Callable[[], None] = self.close
        self._tail = Tail(ledger)
        self._file: SpoolFile | None = None
        self._narrow = False
        self._writing = False
        self._readers: dict[SpoolReader, None] = {}  # the first to come is the first
        self._holds = 1
        self._changed = asyncio.Event()
        self._closed = False

    @classmethod
    def of(cls, data: bytes, space: SpoolSpace, ledger: Ledger) -> "Spool":
        """Make one of bytes that are there already; they must have been taken from *ledger*."""
        spool = cls(space, ledger, len(data), len(data))
        spool._tail.append(data)
        spool.ended = True
        return spool

    # What it is.

    @property
    def size_bytes(self) -> int:
        """Arrived so far."""
        return self._tail.stop

    @property
    def is_large(self) -> bool:
        """Whether it is not, and never will be, whole in memory."""
        return self._file is not None or self._narrow

    @property
    def is_narrow(self) -> bool:
        """Whether only one reader can be served, for want of a file."""
        return self._narrow

    @property
    def is_held(self) -> bool:
        """Whether anybody wants it."""
        return self._holds > 0

    @property
    def data(self) -> bytes:
        """All of a body that has ended and is no large one; the same object whenever it is asked for."""
        if self.is_large or self._closed or not self.ended:
            raise RuntimeError("this body is not whole in memory")
        return self._tail.whole()

    @property
    def whole_file(self) -> FileRange | None:
        """The finished file; None while it is none, or when the spool is closed."""
        is_whole = self.ended and not self._narrow and not self._closed
        return self.file_range(0, self.size_bytes) if self._file is not None and is_whole else None

    @property
    def sha256(self) -> str | None:
        """Hex digest of the finished file; None while there is none."""
        return self._file.sha256 if self._file is not None and self.whole_file is not None else None

    @property
    def file_bytes(self) -> int:
        """How much of it lies in the file, for :meth:`file_range`."""
        return self._file.size_bytes if self._file else 0

    def file_range(self, start: int, size_bytes: int) -> FileRange:
        """Name a part of the file; the spool must be held while it is used."""
        if self._file is None:
            raise RuntimeError("this body has no file")
        return self._file.range(start, size_bytes)

    async def peek(self, size_bytes: int) -> bytes:
        """Give what is there of the first *size_bytes*, for a look at a picture's header; empty when it is gone."""
        parts, at = [], 0
        while at < min(size_bytes, self.size_bytes) and not self._is_gone(at):
            parts.append(await self._piece(at, size_bytes - at))
            at += len(parts[-1])
        return b"".join(parts)

    # Who wants it.

    def hold(self) -> None:
        """Want it once more."""
        self._holds += 1

    def let_go(self) -> None:
        """Want it once less."""
        self._holds -= 1
        if self._holds == 0:
            self.when_idle()

    def reader(self, start: int = 0, stop: int | None = None) -> SpoolReader:
        """
        Read from byte *start* up to, not including, *stop*; whoever asks closes the reader, and holds the spool.

        Raises:
            NoSpoolRoom: only one can be served, and another is or was.
        """
        if self._narrow and (self._readers or self._tail.start > self.file_bytes):
            raise no_room()
        reader = SpoolReader(self, start, stop)
        self._readers[reader] = None
        return reader

    # The writer's side.

    async def add(self, chunk: bytes) -> None:
        """
        Add bytes; waits for the disk, or for the one reader there is without a disk.

        Raises:
            NoSpoolRoom: nobody can take them, or the spool is closed.
            RuntimeError: a write is under way or was cut off, and nothing can come behind it.
        """
        self._may_go_on()
        await self._narrow_room()
        has_room = not self.is_large and self._ledger.take(len(chunk))
        if not has_room:
            self._ledger.take_regardless(len(chunk))
        self._tail.append(chunk)
        is_too_much = max(self.size_bytes, self.declared_bytes or 0) > self._threshold_bytes
        if not self.is_large and (is_too_much or not has_room):
            await self._begin_file()
        self._wake()
        if self._tail.size_bytes >= TAIL_BYTES:
            await self._flush()

    async def end(self) -> None:
        """Say that all has arrived. Raises what :meth:`add` raises."""
        self._may_go_on()
        await self._flush()
        self._may_go_on()
        self.ended = True
        self._wake()

    def fail(self, error: BaseException) -> None:
        """Say that the rest never will; readers get *error* when they come to it. The first counts, before the end."""
        if self.error is None and not self.ended:
            self.error = error
            # As it is now: every reader who gets the error would else add its own frames, with all they hold.
            self._failure = partial(error.with_traceback, error.__traceback__)
            self._wake()

    def close(self) -> None:
        """Give memory, file and accounts back; twice is allowed. Who still reads gets an error."""
        if self._closed:
            return
        self._closed = True
        self._tail.drop_before(self.size_bytes)
        if self._file is not None:
            self._file.close()
        self.fail(no_room())

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until *condition*, of this spool, holds, or the spool has ended or failed."""
        while not (condition() or self.ended or self.error is not None):
            await self._changed.wait()

    def _may_go_on(self) -> None:
        if self.error is not None:
            raise self._failure()
        if self._writing:
            raise RuntimeError("a write is under way or was cut off")

    async def _begin_file(self) -> None:
        try:
            self._file = await self._space.open()
        except OSError as error:
            self._become_narrow(error)
        else:
            if self._closed:  # meanwhile
                self._file.close()

    def _become_narrow(self, error: OSError) -> None:
        log.warning("a large source cannot be put on disk: %s", error.strerror or type(error).__name__)
        self._narrow = True
        self._readers = dict.fromkeys(list(self._readers)[:1])  # the others learn of it when they read on

    async def _narrow_room(self) -> None:
        """
        Wait until the one reader has taken what it can be given.

        Before bytes are added, not after: who adds has to come back once to learn that there is no file.
        """
        while self._narrow and self._tail.size_bytes >= TAIL_BYTES:
            await self._changed.wait()
            self._may_go_on()

    async def _flush(self) -> None:
        """Move the tail into the file."""
        pieces, stop = self._tail.pieces, self.size_bytes
        if self._file is None or self._narrow or self._closed or not pieces:
            return
        self._writing = True
        try:
            await self._file.append(pieces)
        except OSError as error:
            self._become_narrow(error)
        else:
            self._tail.drop_before(stop)
        self._writing = False  # but not when cancelled: the thread goes on, and the file's end is where nobody knows
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    # The readers' side.

    async def read(self, reader: SpoolReader, at: int, limit_bytes: int) -> bytes:
        """
        Give at most *limit_bytes* from *at* on; nothing at the end.

        Raises:
            NoSpoolRoom: *reader* is not the one that can be served, or the spool is closed, or the disk fails.
            Exception: whatever the writer failed with.
        """
        while True:
            if self._closed or reader not in self._readers:
                raise self._failure()
            if self._narrow and self._tail.drop_before(at):
                self._wake()
            if at < self.size_bytes:
                return await self._piece(at, limit_bytes)
            if self.error is not None:
                raise self._failure()
            if self.ended:
                return b""
            await self._changed.wait()

    def leave(self, reader: SpoolReader) -> None:
        """Take note that a reader is closed; without a file nobody else could read what it has not."""
        if self._readers.pop(reader, self) is None and self._narrow:
            self.fail(no_room())

    def _is_gone(self, at: int) -> bool:
        return self._closed or self.file_bytes <= at < self._tail.start

    async def _piece(self, at: int, limit_bytes: int) -> bytes:
        """Give bytes that have arrived and are not gone."""
        if at >= self._tail.start or self._file is None:
            return self._tail.read(at, limit_bytes)
        return await self._file.read(at, min(limit_bytes, self.file_bytes - at))
