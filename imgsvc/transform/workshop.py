"""Where work is done: admitted by what it takes, on threads of its kind, with a deadline that kills."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TypeVar

from imgsvc.settings import TransformSettings
from imgsvc.transform.admission import Admission
from imgsvc.transform.body import Body, held_open
from imgsvc.transform.draughting import Draughting
from imgsvc.transform.drawing import Drawing
from imgsvc.transform.lane import Lane, LaneStatistics
from imgsvc.transform.looking import DrawingPlan
from imgsvc.transform.runtime import KillSwitch
from imgsvc.transform.svg import SvgRenderer

T = TypeVar("T")

LOOKS_PER_CORE = 128
"""Newcomers that may wait to be looked at, for each core: half a second of it, and more than are fetched at once."""

PIPE_THREADS = 4
"""Sources decoded while they arrive. They mostly wait, so they are not counted by cores."""


class Workshop:
    """
    Does work in threads.

    There are three kinds: for headers, so that a look at a newcomer never waits behind pixels; for pixels; and for
    sources that are decoded while they arrive, so that a slow one holds no thread of the others.

    A caller that is cancelled or told of the deadline is free at once; the work's thread is killed, and permit and
    thread are free for others when it has really ended. All raise TransformTimeout at the deadline, Draining when this
    is closed, CorruptImage where libvips fails, and what the work itself raises.

    Args:
        settings: threads and deadline.
        svg: draws SVG; whoever gives it closes it. None: one is made, and closed with this.
        clock: seconds, monotonic.
        admission: asked before anything is decoded or drawn.
    """

    def __init__(
        self, settings: TransformSettings, svg: SvgRenderer | None, clock: Callable[[], float], admission: Admission
    ) -> None:
        self._timeout_seconds = settings.timeout_seconds
        self._clock = clock
        self._admission = admission
        self._draughting = Draughting(settings, svg)
        cores = os.cpu_count() or 1
        self._headers = Lane("transform-header", cores, clock, room=LOOKS_PER_CORE * cores)
        self._pixels = Lane("transform-pixels", settings.thread_count, clock)
        self._pipes = Lane("transform-pipe", PIPE_THREADS, clock)

    async def look(self, body: Body, work: Callable[[Body], T], *, bounded: bool = False) -> T:
        """
        Look at a source on a header thread, which ends the look even if the caller has left.

        Raises:
            QueueFull: *bounded*, and too much waits already.
        """
        with ExitStack() as held:
            kept = held_open(body, held)
            found, _ = await self._headers.run(
                lambda _: work(kept), self._timeout_seconds, ended=held.pop_all().close, bounded=bounded
            )
        return found

    def could_admit(self, estimate_bytes: int) -> bool:
        """Whether there can ever be room for such work."""
        return self._admission.could_admit(estimate_bytes)

    async def decode(self, body: Body, estimate_bytes: int, work: Callable[[Body, KillSwitch], T]) -> tuple[T, float]:
        """
        Do work on a source's pixels, and give what it gives and the seconds it waited.

        Raises:
            Overloaded: it was not admitted.
            ImageTooLarge: it can never be.
        """
        with ExitStack() as held:
            waited_seconds = await self._admit(estimate_bytes, held)
            kept = held_open(body, held)
            done, queued_seconds = await self._pixels.run(
                lambda switch: work(kept, switch), self._timeout_seconds, ended=held.pop_all().close
            )
        return done, waited_seconds + queued_seconds

    async def draw(
        self, plan: DrawingPlan, work: Callable[[Sequence[Drawing], KillSwitch], T]
    ) -> tuple[T, float, float]:
        """
        Do work on a drawing at each of its plan's sizes; gives the seconds it waited, and those of drawing.

        Raises:
            Overloaded: it was not admitted, or cannot be drawn now.
            CorruptImage, ImageTooLarge: as :meth:`SvgRenderer.render`; it can never be admitted.
        """
        with ExitStack() as held:
            waited_seconds = await self._admit(plan.estimate_bytes + self._draughting.worker_bytes, held)
            begun = self._clock()
            drawings = await self._draughting.draw(plan.data, plan.natural_px, plan.sizes)
            drawn_seconds = self._clock() - begun
            done, queued_seconds = await self._pixels.run(
                lambda switch: work(drawings, switch), self._timeout_seconds, ended=held.pop_all().close
            )
        return done, waited_seconds + queued_seconds, drawn_seconds

    async def read_pipe(
        self, estimate_bytes: int, work: Callable[[KillSwitch], T], timeout_seconds: float, held: ExitStack
    ) -> tuple[T, float]:
        """Do work on what still arrives; *held* is emptied, and closed when the thread has ended. Raises as decode."""
        with held:
            waited_seconds = await self._admit(estimate_bytes, held)
            done, queued_seconds = await self._pipes.run(work, timeout_seconds, ended=held.pop_all().close)
        return done, waited_seconds + queued_seconds

    async def aclose(self) -> None:
        """Refuse new work, kill what runs, and wait until all threads have ended; twice is allowed."""
        for lane in self._lanes:
            lane.stop()
        await self._draughting.aclose()
        for lane in self._lanes:
            await lane.aclose()

    async def idle(self) -> None:
        """Wait until no work is inside: every thread has ended its own."""
        for lane in self._lanes:
            await lane.idle()

    def statistics(self) -> tuple[LaneStatistics, LaneStatistics, LaneStatistics]:
        """Snapshots of the threads for headers, for pixels and for what arrives."""
        return self._headers.statistics(), self._pixels.statistics(), self._pipes.statistics()

    @property
    def _lanes(self) -> tuple[Lane, Lane, Lane]:
        return self._headers, self._pixels, self._pipes

    async def _admit(self, estimate_bytes: int, held: ExitStack) -> float:
        """Wait for a permit, hang its return on *held*, and give the seconds waited."""
        asked = self._clock()
        permit = await self._admission.admit(estimate_bytes)
        held.callback(permit.release)
        return self._clock() - asked
