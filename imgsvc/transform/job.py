"""One piece of work: waits, runs in a thread, and is answered, killed or forgotten."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Any, Generic, TypeVar

import pyvips

from imgsvc.errors import CorruptImage, Draining, TransformTimeout
from imgsvc.transform.probe import BROKEN
from imgsvc.transform.runtime import Killed, KillSwitch

T = TypeVar("T")

KILL_AGAIN_SECONDS = 0.02
"""Between two attempts to kill: libvips forgets a kill that comes before the evaluation it is meant for."""


class Job(Generic[T]):
    """
    Work handed to a thread, with a deadline that begins when the thread does.

    The caller is told of the deadline at once; the thread ends when libvips has noticed. Only then is *ended* called:
    whatever the work occupies is free after it, not before. Belongs to one event loop.
    """

    def __init__(self, timeout_seconds: float, clock: Callable[[], float], ended: Callable[["Job[Any]"], None]) -> None:
        self.switch = KillSwitch()
        self.started_at: float | None = None
        self.submitted_at = clock()
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._outcome: asyncio.Future[T] = self._loop.create_future()
        self._deadline: asyncio.TimerHandle | None = None
        self._thread: Future[T] | None = None
        self._submitted = False
        self._again: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        """Whether a thread has begun on it; it may have ended since."""
        return self.started_at is not None

    @property
    def submitted(self) -> bool:
        """Whether a thread will begin or has begun on it, so that *ended* is going to be called."""
        return self._submitted

    @property
    def queue_seconds(self) -> float:
        """How long it waited for its thread."""
        return 0.0 if self.started_at is None else self.started_at - self.submitted_at

    async def outcome(self, executor: Executor, work: Callable[[KillSwitch], T]) -> T:
        """
        Run *work* in a thread of *executor* and wait for it; leaving early kills it, or keeps it from starting.

        Raises:
            TransformTimeout: it took longer than its deadline.
            CorruptImage: libvips could not do it.
            ImgsvcError: what *work* itself raises.
        """
        self.submitted_at = self._clock()
        self._thread = executor.submit(self._run, work)
        self._submitted = True
        self._watch_deadline(self._timeout_seconds)
        self._thread.add_done_callback(self._report)
        try:
            return await self._outcome
        finally:
            self.kill()
            if self._outcome.done() and not self._outcome.cancelled():
                self._outcome.exception()  # looked at, or asyncio would complain when the caller was cancelled just now

    def kill(self) -> None:
        """Stop the work as soon as libvips notices; queued work never starts. Done work is past caring."""
        self.switch.kill()
        if self._thread is None or self._thread.cancel() or self._thread.done():
            return
        if self._again is not None:
            self._again.cancel()
        self._again = self._loop.call_later(KILL_AGAIN_SECONDS, self.kill)

    def _run(self, work: Callable[[KillSwitch], T]) -> T:
        self.started_at = self._clock()
        try:
            self.switch.check()
            return work(self.switch)
        except pyvips.Error as error:
            # libvips has one error text for all threads: it may be another picture's, so it is never shown.
            raise CorruptImage(BROKEN, param="url") from error

    def _watch_deadline(self, seconds: float) -> None:
        """Look again in *seconds*: a thread that told the loop of its start instead would wake it each time."""
        self._deadline = self._loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        begun = self._clock() if self.started_at is None else self.started_at
        left_seconds = begun + self._timeout_seconds - self._clock()
        if left_seconds > 0:
            self._watch_deadline(left_seconds)
            return
        self.kill()
        if not self._outcome.done():
            self._outcome.set_exception(
                TransformTimeout("The picture took too long to transform.", retry_after_seconds=1)
            )

    def _report(self, thread: Future[T]) -> None:
        """Called in whichever thread ends the work or cancels it."""
        self._tell(self._settle, thread)

    def _tell(self, callback: Callable[..., None], *args: object) -> None:
        with suppress(RuntimeError):  # the loop was closed without waiting: nobody is left to tell
            self._loop.call_soon_threadsafe(callback, *args)

    def _settle(self, thread: Future[T]) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        # A future holds its callbacks, ours holds this job, and the job the future: a circle that counts as few objects
        # and holds megabytes. It is broken here, not whenever the collector comes by.
        self.switch.let_go()
        self._thread = None
        try:
            self._ended(self)
        finally:  # whatever is wrong with what was lent, the caller does not wait for ever
            self._hand_over(thread)

    def _hand_over(self, thread: Future[T]) -> None:
        if self._outcome.done():
            return
        error = Killed() if thread.cancelled() else thread.exception()
        if error is None:
            self._outcome.set_result(thread.result())
        elif self.switch.killed:
            # The caller still waits and no deadline has passed: it is the pool that ends.
            self._outcome.set_exception(Draining("The service is shutting down.", retry_after_seconds=1))
        else:
            self._outcome.set_exception(error)
