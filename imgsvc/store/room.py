"""Room for what is to be written: taken before, and made where there is none."""

import asyncio
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack

from imgsvc.errors import StoreError
from imgsvc.store.ceiling import Tally
from imgsvc.store.disk import DiskThreads
from imgsvc.store.errands import Errands
from imgsvc.store.eviction import Eviction
from imgsvc.store.integrity import Counters

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

RECOUNT_SECONDS = 600
"""After so long a write has everything counted anew: other processes may write to the folder too."""

VAIN_SECONDS = 60
"""When nothing could be deleted the folder is not walked in vain again within this time, unless it was written to."""

_TOO_LARGE = (
    "The object is larger than all that the filesystem store may hold, by IMGSVC_STORE_MAX_BYTES or by what is free."
)


class Room:
    """
    Lets writes wait until there is room for them; reads never meet it.

    Folders are walked, and objects deleted, in a thread that is none of the store's own: those are for requests.

    Args:
        disk: whose threads write.
        eviction: makes room.
        tally: knows how much there is.
        errands: where what makes room goes on, whoever leaves.
        counters: told of failures.
        clock: unix seconds.
    """

    def __init__(
        self,
        disk: DiskThreads,
        eviction: Eviction,
        tally: Tally,
        errands: Errands,
        counters: Counters,
        clock: Callable[[], float],
    ) -> None:
        self._disk = disk
        self._eviction = eviction
        self._tally = tally
        self._errands = errands
        self._counters = counters
        self._clock = clock
        self._round: asyncio.Task[int] | None = None
        self._wanted_bytes = 0
        self._given_back = asyncio.Event()
        self._counted_at = self._vain_at = float("-inf")
        self._has_written = False

    async def start(self, data_bytes: int, call: Callable[[Unpack[Ts]], T], *arguments: *Ts) -> asyncio.Future[T]:
        """
        Begin a blocking call that writes an object, once there is room for it.

        Args:
            data_bytes: how many the object has.
            call: made in a thread of the store's; it has noted in the tally what it wrote when it ends.
            *arguments: of the call.

        Raises:
            StoreError: there is no room, and none can be made; or the store is closed.
        """
        size_bytes = self._tally.footprint_bytes(data_bytes)
        await self._take(size_bytes)
        try:
            work = self._disk.start(call, *arguments)
        except StoreError:
            self._give_back(size_bytes)
            raise
        # Not when the caller leaves: the thread may write on for a while.
        work.add_done_callback(lambda _: self._give_back(size_bytes))
        return work

    def begin(self) -> None:
        """Begin to count what is there, unless that was done."""
        if not self._tally.is_counted:
            self._clear()

    def close(self) -> None:
        """Make no more room."""
        self._eviction.stop()

    async def _take(self, size_bytes: int) -> None:
        self._disk.check_open()
        if not self._tally.is_counted or (size_bytes > self._tally.ceiling_bytes and self._is_old()):
            await asyncio.shield(self._clear())  # the disk may have been full when the ceiling was worked out
        if size_bytes > self._tally.ceiling_bytes:
            raise self._failure(_TOO_LARGE)
        self._wanted_bytes += size_bytes
        try:
            while not self._tally.take(size_bytes):
                await self._make(size_bytes)
        finally:
            self._wanted_bytes -= size_bytes
        if not self._is_vain() and (self._is_old() or self._tally.excess_bytes(0)):
            self._clear()

    async def _make(self, size_bytes: int) -> None:
        """Wait until there may be room; raises StoreError when there will be none."""
        if (walk := self._walk()) is not None:  # it may not have known of this write
            await asyncio.shield(walk)
            return
        if (self._has_written or not self._is_vain()) and await asyncio.shield(self._clear()) > 0:
            return
        if self._tally.has_room(size_bytes):  # given back meanwhile
            return
        # What ended during the walk may lie where the walk had been, or the next one is at it already.
        if self._has_written or self._walk() is not None:
            return
        if not self._tally.reserved_bytes:
            raise self._failure("The filesystem store is full.")
        await self._given_back.wait()

    def _clear(self) -> asyncio.Task[int]:
        """Count and make room, unless somebody is at it."""
        if (walk := self._walk()) is None:
            walk = self._round = self._errands.start(self._run())
        return walk

    def _walk(self) -> asyncio.Task[int] | None:
        """Give what counts and makes room just now; None = nobody does."""
        return None if self._round is None or self._round.done() else self._round

    async def _run(self) -> int:
        self._has_written = False
        with self._disk.translated():
            freed_bytes = await asyncio.to_thread(self._eviction.run, lambda: self._wanted_bytes)
        self._counted_at = self._clock()
        in_vain = not freed_bytes and self._tally.excess_bytes(self._wanted_bytes)
        self._vain_at = self._clock() if in_vain else float("-inf")
        return freed_bytes

    def _give_back(self, size_bytes: int) -> None:
        self._has_written = True  # if it did: there may be something to delete now
        self._tally.give_back(size_bytes)
        self._given_back.set()
        self._given_back = asyncio.Event()

    def _is_vain(self) -> bool:
        return 0 <= self._clock() - self._vain_at < VAIN_SECONDS

    def _is_old(self) -> bool:
        return not 0 <= self._clock() - self._counted_at < RECOUNT_SECONDS

    def _failure(self, text: str) -> StoreError:
        self._counters.failures += 1
        return StoreError(text)
