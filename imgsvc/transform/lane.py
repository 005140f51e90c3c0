"""Threads of one kind and the work on them, from its coming to the end of its thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct

from imgsvc.errors import Draining, QueueFull, TransformTimeout
from imgsvc.transform.job import Job
from imgsvc.transform.runtime import KillSwitch

T = TypeVar("T")

RETRY_AFTER_SECONDS = 1


class LaneStatistics(Struct, frozen=True, kw_only=True):
    """
    Snapshot of a lane.

    Attributes:
        threads: how many there may be.
        queued: waits for one.
        running: has one, wanted or not.
        completed: ended since the start, whatever came of it.
        refused: found no room.
        timed_out: passed its deadline.
    """

    threads: int
    queued: int
    running: int
    completed: int
    refused: int
    timed_out: int


class Lane:
    """
    Runs work on threads of its own, first come first served.

    Args:
        name: of the threads.
        threads: how many.
        clock: seconds, monotonic.
        room: how much work may wait or run, where it is *bounded*.
    """

    def __init__(self, name: str, threads: int, clock: Callable[[], float], room: int = 0) -> None:
        self._threads = threads
        self._clock = clock
        self._room = room
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._jobs: set[Job[Any]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self._completed = self._refused = self._timed_out = 0

    async def run(
        self,
        work: Callable[[KillSwitch], T],
        timeout_seconds: float,
        *,
        ended: Callable[[], None] = lambda: None,
        bounded: bool = False,
    ) -> tuple[T, float]:
        """
        Run *work* and give what it returns, and how many seconds it waited for its thread.

        A caller that is cancelled or told of the deadline is free at once; the work's thread is killed.

        Args:
            work: in a thread.
            timeout_seconds: from the thread's start.
            ended: called on the event loop, exactly once, when the thread has ended, or there will be none.
            bounded: whether to refuse work when there is no room.

        Raises:
            QueueFull: bounded, and there is no room.
            TransformTimeout: it took longer than *timeout_seconds*.
            CorruptImage: libvips could not do it.
            Draining: the lane is closed.
            ImgsvcError: what *work* itself raises.
        """
        job: Job[T] | None = None
        try:
            self._let_in(bounded=bounded)
            job = Job(timeout_seconds, self._clock, partial(self._left, ended))
            self._jobs.add(job)
            self._idle.clear()
            return await job.outcome(self._executor, work), job.queue_seconds
        except TransformTimeout:
            self._timed_out += 1
            raise
        finally:
            if job is None:
                ended()
            elif not job.submitted:
                self._left(ended, job)

    def stop(self) -> None:
        """Refuse new work and kill what there is."""
        self._closed = True
        for job in tuple(self._jobs):
            job.kill()

    async def aclose(self) -> None:
        """Refuse new work, kill what there is, and wait until all threads have ended; twice is allowed."""
        self.stop()
        await self._idle.wait()
        await asyncio.to_thread(self._executor.shutdown)

    async def idle(self) -> None:
        """Wait until every thread has ended its work."""
        await self._idle.wait()

    def statistics(self) -> LaneStatistics:
        """Snapshot of what is inside and of the counters."""
        running = sum(job.running for job in self._jobs)
        return LaneStatistics(
            threads=self._threads,
            queued=len(self._jobs) - running,
            running=running,
            completed=self._completed,
            refused=self._refused,
            timed_out=self._timed_out,
        )

    def _let_in(self, *, bounded: bool) -> None:
        if self._closed:
            raise Draining("The service is shutting down.", retry_after_seconds=RETRY_AFTER_SECONDS)
        if bounded and len(self._jobs) >= self._room:
            self._refused += 1
            raise QueueFull("Too many pictures wait to be looked at.", retry_after_seconds=RETRY_AFTER_SECONDS)

    def _left(self, ended: Callable[[], None], job: Job[Any]) -> None:
        self._jobs.discard(job)
        self._completed += 1
        if not self._jobs:
            self._idle.set()
        ended()
