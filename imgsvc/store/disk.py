"""The threads in which a folder's blocking calls are made."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple, Unpack

from imgsvc.errors import StoreError
from imgsvc.store.errands import Errands
from imgsvc.store.integrity import Counters

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

THREADS = 4
"""Disk calls at once: enough to keep a disk busy, few enough that a hung one costs little."""


class DiskThreads:
    """
    A small pool of threads, and the place where what the system refuses becomes StoreError.

    Args:
        counters: told of failures.
        errands: where what nobody wants any more is given back.
    """

    def __init__(self, counters: Counters, errands: Errands) -> None:
        self._counters = counters
        self._errands = errands
        self._closed = False
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="store")

    def start(self, call: Callable[[Unpack[Ts]], T], *arguments: *Ts) -> asyncio.Future[T]:
        """
        Begin a blocking call; what it raises comes out as it is.

        Raises:
            StoreError: the threads are closed.
        """
        self.check_open()
        return asyncio.get_running_loop().run_in_executor(self._pool, call, *arguments)

    def begin(self, call: Callable[[Unpack[Ts]], T], *arguments: *Ts) -> None:
        """Begin a blocking call that nobody waits for; no event loop is needed."""
        self._pool.submit(call, *arguments)

    async def run(self, call: Callable[[Unpack[Ts]], T], *arguments: *Ts) -> T:
        """Make a blocking call; raises StoreError for what the system refuses."""
        with self.translated():
            return await self.start(call, *arguments)

    async def open(self, call: Callable[[], T], undo: Callable[[T], object]) -> T:
        """
        Make a blocking call whose result has to be given back.

        Args:
            call: made in a thread.
            undo: gives the result back when the caller has left before it was there; made in a thread too.
        """
        work = self.start(call)
        try:
            with self.translated():
                return await asyncio.shield(work)
        except asyncio.CancelledError:
            self._errands.start(_undo(work, undo))
            raise

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """Turn OSError into StoreError, counted."""
        try:
            yield
        except OSError as error:
            self._counters.failures += 1
            # The path stays out of it: whoever purges, or warms, is told the detail.
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            raise StoreError(f"The filesystem store failed: {reason}.") from error

    def check_open(self) -> None:
        """Raise StoreError when the threads are closed."""
        if self._closed:
            raise StoreError("The filesystem store is closed.")

    def close(self) -> None:
        """Begin no more calls."""
        self._closed = True

    async def aclose(self) -> None:
        """Wait for the threads to end what they are at."""
        self.close()
        await asyncio.to_thread(self._pool.shutdown)


async def _undo(work: asyncio.Future[T], undo: Callable[[T], object]) -> None:
    # Not in the store's own threads: those may be closed by then.
    await asyncio.to_thread(undo, await work)
