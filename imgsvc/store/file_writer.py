"""Writing an object of the filesystem store in parts."""

import asyncio
import os
from collections.abc import Callable

from imgsvc.errors import StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.store.base import PART_BYTES
from imgsvc.store.disk import DiskThreads
from imgsvc.store.draft import Abandoned, Draft
from imgsvc.store.errands import Errands
from imgsvc.store.integrity import Counters
from imgsvc.store.room import Room
from imgsvc.stream.base import FileRange


class FileWriter:
    """
    A draft that becomes an object; see :class:`imgsvc.store.base.ObjectWriter`.

    Args:
        disk: whose threads write.
        room: where a commit takes room; until then the file is one of those below ``.tmp``.
        draft: owned.
        counters: told of what was written.
        errands: what tidies up goes on there, whoever leaves.
        on_end: called with the writer when it is done with.
    """

    part_bytes = PART_BYTES

    def __init__(
        self,
        disk: DiskThreads,
        room: Room,
        draft: Draft,
        counters: Counters,
        errands: Errands,
        on_end: Callable[["FileWriter"], None],
    ) -> None:
        self._disk = disk
        self._room = room
        self._draft = draft
        self._counters = counters
        self._errands = errands
        self._on_end = on_end
        self._usable = True
        self._committed = False
        self._work: asyncio.Future[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    async def write(self, part: FileRange) -> None:
        """Append a part, copied within the kernel."""
        self._check_usable()
        # The thread may outlive this call, and the owner's descriptor does not.
        source = os.dup(part.descriptor)
        await self._do(self._disk.start(self._draft.append, source, part.start, part.size_bytes))
        self._usable = True

    async def commit(self, meta: BlobMeta) -> None:
        """Write the head and rename, once there is room."""
        self._check_usable()
        await self._do(await self._room.start(self._draft.size_bytes, self._draft.commit, meta))
        self._counters.writes += 1
        self._committed = True
        self._on_end(self)

    async def abort(self) -> None:
        """Remove the temporary, once no thread is at it."""
        self._usable = False
        if self._committed:
            return
        if self._ending is None:
            self._ending = self._errands.start(self._tidy())
        await asyncio.shield(self._ending)

    def _check_usable(self) -> None:
        if not self._usable:
            raise StoreError("The object's writer takes no more.")
        self._disk.check_open()
        self._usable = False

    async def _do(self, work: asyncio.Future[None]) -> None:
        self._work = work
        try:
            with self._disk.translated():
                await asyncio.shield(self._work)
        except Abandoned as given_up:
            raise StoreError("The object's writer was aborted.") from given_up
        except asyncio.CancelledError:
            self._draft.abandon()
            raise

    async def _tidy(self) -> None:
        self._draft.abandon()
        if self._work is not None:
            await asyncio.wait((self._work,))
        # Not one of the store's own threads: those may be closed by now.
        await asyncio.to_thread(self._draft.discard)
        self._on_end(self)
