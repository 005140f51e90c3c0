"""Reading an object of the filesystem store piece by piece."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from typing import BinaryIO

from imgsvc.errors import StoreError
from imgsvc.store.disk import DiskThreads
from imgsvc.store.integrity import Damaged, Passage
from imgsvc.store.objectfile import Extent
from imgsvc.stream.base import CHUNK_BYTES

PIECES = 4
"""How many pieces one visit to a thread brings, at the most: going there and back costs about as much as a piece."""

QUICK_SECONDS = 0.1
"""Who takes longer for what one visit brought gets a single piece the next time: slow readers should not hold many."""


class FileStream:
    """
    An object's open file; replaced or deleted meanwhile, it is read to its end all the same.

    Closed while a thread reads, the file stays open until that thread is done: a descriptor's number must not become
    another file's under a thread's hands. Forgotten, it is closed by Python, which complains.

    Args:
        disk: whose threads read and hash.
        extent: owned.
        discard: deletes the object when it is damaged; called in a thread, with the file still open.
        on_damage: told of it.
    """

    def __init__(
        self,
        disk: DiskThreads,
        extent: Extent,
        discard: Callable[[BinaryIO], None],
        on_damage: Callable[[Damaged], None],
    ) -> None:
        self._disk = disk
        self._extent = extent
        self._discard = discard
        self._on_damage = on_damage
        self._users = 0
        self._closing = False
        self.meta = extent.meta
        self.size_bytes = extent.size_bytes

    async def chunks(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Give the bytes from *start* to *stop*; a visit to a thread brings one piece, or a few to who is quick."""
        passage, clock = Passage(self.meta, self.size_bytes, start, stop), asyncio.get_running_loop().time
        count = 1
        while passage.left_bytes:
            pieces = await self._visit(passage, count)
            began = clock()
            yield pieces.pop(0)  # not held beyond that: neither while the next are read, nor while the reader stalls
            while pieces:
                self._check_open()
                yield pieces.pop(0)
            count = PIECES if clock() - began < QUICK_SECONDS else 1

    def close(self) -> None:
        """Give the descriptor back, once no thread is at it."""
        self._closing = True
        if not self._users:
            self._extent.file.close()

    async def _visit(self, passage: Passage, count: int) -> list[bytes]:
        try:
            return await self._in_thread(self._read_sound, passage, count)
        except Damaged as damage:
            self._on_damage(damage)
            raise StoreError("The object was damaged.") from damage

    def _read_sound(self, passage: Passage, count: int) -> list[bytes]:
        try:
            return [self._read(passage) for _ in range(count) if passage.left_bytes]
        except Damaged:
            self._discard(self._extent.file)
            raise

    def _read(self, passage: Passage) -> bytes:
        size_bytes = min(CHUNK_BYTES, passage.left_bytes)
        piece = os.pread(self._extent.file.fileno(), size_bytes, self._extent.start + passage.at)
        if not piece:
            raise Damaged("its file has become shorter")
        passage.note(piece)
        return piece

    async def _in_thread(
        self, call: Callable[[Passage, int], list[bytes]], passage: Passage, count: int
    ) -> list[bytes]:
        self._check_open()
        work = self._disk.start(call, passage, count)
        self._users += 1
        work.add_done_callback(self._left)
        with self._disk.translated():
            # Shielded: a reader that is cancelled does not make the thread end, and close() has to know when it does.
            return await asyncio.shield(work)

    def _check_open(self) -> None:
        if self._closing:
            raise StoreError("The object's stream is closed.")

    def _left(self, _work: asyncio.Future[list[bytes]]) -> None:
        self._users -= 1
        if self._closing:
            self.close()
