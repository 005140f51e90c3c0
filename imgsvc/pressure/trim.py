"""Giving freed memory back to the kernel."""

import asyncio
import ctypes
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

APART_SECONDS = 1.0
"""Between two trims: pages given back after each of many small pieces of work would only be asked for again."""


def trim() -> bool:
    """
    Have the C library give back what it keeps free, where it can (glibc); elsewhere do nothing.

    Takes milliseconds, without the interpreter's lock: for threads.

    Returns:
        Whether anything was given back.
    """
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is None:
        return False
    malloc_trim.argtypes, malloc_trim.restype = [ctypes.c_size_t], ctypes.c_int
    return bool(malloc_trim(0))


@dataclass(frozen=True, slots=True)
class TrimStatistics:
    """
    Counters since the start.

    Attributes:
        requested: how often somebody asked.
        done: how often it was done.
    """

    requested: int
    done: int


class Trimmer:
    """
    Trims in a thread when asked, one at a time and not too often; many requests are one.

    A request that comes while a trim runs is met by one more after it, because it may be about what was freed since.
    Whoever makes it closes it.

    Args:
        trim: does it; called in a thread.
        apart_seconds: from the end of one to the beginning of the next.
    """

    def __init__(self, trim: Callable[[], object] = trim, apart_seconds: float = APART_SECONDS) -> None:
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
