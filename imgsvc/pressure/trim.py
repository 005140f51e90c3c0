"""Giving freed memory back to the kernel."""

import asyncio
import ctypes
import gc
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct

APART_SECONDS = 1.0
"""Between two trims: pages given back after each of many small pieces of work would only be asked for again."""


_PURGE_ALL = b"arena.4096.purge"
"""4096 is MALLCTL_ARENAS_ALL: jemalloc(3), "arena.<i>.purge"."""


def trim() -> bool:
    """
    Have the allocator give back what it keeps free, where it can (glibc, jemalloc); elsewhere do nothing.

    Takes milliseconds, without the interpreter's lock: for threads.

    Returns:
        Whether the allocator was asked, and glibc had anything to give.
    """
    library = ctypes.CDLL(None)
    if (mallctl := getattr(library, "mallctl", None)) is not None:
        # jemalloc gives pages back by itself, but only those that nobody has asked for again for a while.
        mallctl.argtypes = [ctypes.c_char_p, *[ctypes.c_void_p] * 3, ctypes.c_size_t]
        return bool(mallctl(_PURGE_ALL, None, None, None, 0) == 0)
    if (malloc_trim := getattr(library, "malloc_trim", None)) is not None:
        malloc_trim.argtypes, malloc_trim.restype = [ctypes.c_size_t], ctypes.c_int
        return bool(malloc_trim(0))
    return False


class TrimStatistics(Struct, frozen=True):
    """
    Counters since the start.

    Attributes:
        requested: how often somebody asked.
        done: how often it was done.
    """

    requested: int
    done: int


def collect_and_trim() -> None:
    """
    Free what only the cyclic collector finds, then trim; for threads.

    Errors refer to the frames they came through, frames to errors: whoever refuses a hundred requests leaves a hundred
    such circles, with the bodies of pictures in them, and an idle process would keep them for hours. What was loaded at
    start is frozen, so a collection takes some milliseconds.
    """
    gc.collect()
    trim()


class Trimmer:
    """
    Trims in a thread when asked, one at a time and not too often; many requests are one.

    A request that comes while a trim runs is met by one more after it, because it may be about what was freed since.
    Whoever makes it closes it.

    Args:
        trim: does it; called in a thread.
        apart_seconds: from the end of one to the beginning of the next.
    """

    def __init__(self, trim: Callable[[], object] = collect_and_trim, apart_seconds: float = APART_SECONDS) -> None:
        self._trim = trim
        self._apart_seconds = apart_seconds
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._wanted = False
        self._requested = self._done = 0

    def request(self) -> None:
        """Ask for a trim and return at once; on the event loop. Without effect after :meth:`aclose`."""
        if self._closing.is_set():
            return
        self._requested += 1
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="memory-trim")

    async def aclose(self) -> None:
        """Wait for the trim that runs, start no other; twice is allowed."""
        self._closing.set()
        self._wanted = False
        if self._task is not None:
            await self._task

    def statistics(self) -> TrimStatistics:
        """Snapshot of the counters."""
        return TrimStatistics(self._requested, self._done)

    async def _run(self) -> None:
        while self._wanted:
            self._wanted = False
            await asyncio.to_thread(self._trim)
            self._done += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(self._apart_seconds):
                    await self._closing.wait()
