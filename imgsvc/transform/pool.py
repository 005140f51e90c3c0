"""Where pixels are touched: on threads, admitted by what it takes, with deadlines that kill."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Self, TypeVar

from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform import piping, runtime
from imgsvc.transform.admission import Admission, OpenAdmission
from imgsvc.transform.avif_pace import AvifPace
from imgsvc.transform.body import Body, held_open
from imgsvc.transform.drawing import Drawing
from imgsvc.transform.geometry import Size
from imgsvc.transform.lane import Lane
from imgsvc.transform.looking import DrawingPlan, Looker
from imgsvc.transform.pipeline import Pipeline
from imgsvc.transform.results import Head, Inspected, PoolStatistics, Transformed
from imgsvc.transform.svg import SvgRenderer

__all__ = ["Head", "Inspected", "PoolStatistics", "TransformPool", "Transformed"]

T = TypeVar("T")

LOOKS_PER_CORE = 128
"""Newcomers that may wait to be looked at, for each core: half a second of it, and more than are fetched at once."""

DEFAULT_PIPED_BYTES = 16 * 1024 * 1024
"""A photograph of 50 Mpixel made small needs less."""

PIPE_THREADS = 4
"""Sources decoded while they arrive. They mostly wait, so they are not counted by cores."""

SVG_WORKER_BYTES = 25 * 1024 * 1024
"""Resident size of a worker that draws SVG and has drawn nothing large yet."""


class TransformPool:
    """
    Turns sources into answers off the event loop.

    Three kinds of thread: for headers, so that a look at a newcomer never waits behind pixels; for pixels; and for
    sources that are decoded while they arrive, so that a slow one holds no thread of the others.

    Args:
        settings: limits, efforts, threads and deadline.
        svg: draws SVG; whoever gives it closes it. None: the pool makes its own and closes it.
        clock: seconds, monotonic.
        admission: asked before anything is decoded; None admits everything.
        most_piped_bytes: a source that is estimated to need more is not decoded while it arrives: at its own pace it
            would keep that from all others.
    """

    def __init__(
        self,
        settings: TransformSettings,
        svg: SvgRenderer | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        admission: Admission | None = None,
        most_piped_bytes: int = DEFAULT_PIPED_BYTES,
    ) -> None:
        runtime.prepare()
        self._timeout_seconds = settings.timeout_seconds
        self._clock = clock
        self._admission = admission or OpenAdmission()
        self._most_piped_bytes = most_piped_bytes
        self._pace = AvifPace(settings.avif_effort)
        self._looker = Looker(Pipeline(settings, clock, self._pace))
        self._patient_looker = Looker(Pipeline(settings, clock, self._pace, patient=True))
        self._svg = svg or SvgRenderer(timeout_seconds=settings.timeout_seconds, max_pixels=settings.max_pixels)
        self._owns_svg = svg is None
        cores = os.cpu_count() or 1
        self._headers = Lane("transform-header", cores, clock, room=LOOKS_PER_CORE * cores)
        self._pixels = Lane("transform-pixels", settings.thread_count, clock)
        self._pipes = Lane("transform-pipe", PIPE_THREADS, clock)
        self._piping = self._inspected = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def inspect(self, body: Body, *, sha256: str | None = None) -> Inspected:
        """
        Find out what a source is, make an SVG harmless, check the limits and hash it, without reading pixels.

        Args:
            body: the whole source; a file need not stay open longer than this takes, or its caller waits.
            sha256: its hex digest where that is known; it is not computed again then.

        Raises:
            NotAnImage: the first bytes are no picture's.
            CorruptImage: the header makes no sense.
            ImageTooLarge: even a single frame is over the limits; a drawing has none.
            SourceTooLarge: an SVG over 1 MiB.
            QueueFull: too much work waits already.
            TransformTimeout: it took too long.
            Draining: the pool is closed.
        """
        try:
            found = await self._look(body, lambda kept: self._looker.inspect(kept, sha256), bounded=True)
        finally:
            self._inspected += 1
        # A file was looked at by a number of its own, which is closed by now.
        return found if isinstance(found.data, bytes) else replace(found, data=body)

    async def inspect_head(self, head: bytes) -> Head:
        """
        Find out what a large source is while it is still arriving, as far as its first bytes tell.

        Raises:
            NotAnImage: the first bytes are no picture's.
            ImageTooLarge: even a single frame is over the limits.
            SourceTooLarge: an SVG; none as large as this is read.
            QueueFull, TransformTimeout, Draining: as with :meth:`inspect`.
        """
        return await self._look(head, lambda _: self._looker.inspect_head(head), bounded=True)

    async def run(
        self, body: Body, image_format: ImageFormat, spec: TransformSpec, *, patient: bool = False
    ) -> Transformed:
        """
        Make the answer that *spec* asks for.

        A caller that is cancelled or told of the deadline is free at once; the work's thread is killed, and permit and
        thread are free for others when it has really ended.

        Args:
            body: as :meth:`inspect` gave it; a file need not stay open longer than this takes, or its caller waits.
            image_format: likewise.
            spec: what is asked for.
            patient: whether AVIF may take longer than IMGSVC_AVIF_BUDGET: nobody waits for it.

        Raises:
            CorruptImage: the picture is broken or ends too early.
            ImageTooLarge: it is over the limits, or needs more memory than there is.
            Overloaded: it was not admitted.
            TransformTimeout: it took longer than IMGSVC_TRANSFORM_TIMEOUT.
            Draining: the pool is closed.
        """
        looker = self._looker_for(patient=patient)
        if image_format is ImageFormat.SVG:
            return await self._run_drawing(looker, body, spec)
        plan = await self._look(body, lambda kept: looker.plan(kept, image_format, spec))
        with ExitStack() as held:
            waited_seconds = await self._admit(plan.estimate_bytes, held)
            kept = held_open(body, held)
            rendered, queued_seconds = await self._pixels.run(
                lambda switch: looker.render(kept, plan, spec, switch),
                self._timeout_seconds,
                ended=held.pop_all().close,
            )
        return Transformed.of(rendered, waited_seconds + queued_seconds)

    @property
    def free_pipes(self) -> int:
        """How many more sources could be decoded while they arrive, without waiting for a thread."""
        return max(0, PIPE_THREADS - self._piping)

    def can_pipe(self, head: Head, spec: TransformSpec, source_bytes: int = 0, *, patient: bool = False) -> bool:
        """Whether :meth:`run_piped` can make this answer, has a thread free for it, and takes little for it."""
        if head.info is None or not self.free_pipes or not piping.can_pipe(head, spec):
            return False
        plan = self._looker_for(patient=patient).plan_arriving(head.info, spec, source_bytes)
        return plan.estimate_bytes <= self._most_piped_bytes

    async def run_piped(
        self,
        descriptor: int,
        head: Head,
        spec: TransformSpec,
        *,
        timeout_seconds: float,
        source_bytes: int = 0,
        patient: bool = False,
    ) -> Transformed:
        """
        Make the answer that *spec* asks for from a source that is still arriving.

        The answer may be larger than the source. A source that ends too early looks like a broken one here.

        Args:
            descriptor: the end of a pipe to read from. It is the pool's from now on, and closed whatever happens: when
                this returns or raises anything but a cancellation or the deadline, nobody reads any more and whoever
                writes is told so; after those two as soon as the thread has noticed.
            head: as :meth:`inspect_head` gave it, with :meth:`can_pipe` true of it.
            spec: what is asked for.
            timeout_seconds: from the thread's start, waiting for the source included.
            source_bytes: how many there will be, as far as is known; only the estimate hangs on it.
            patient: as with :meth:`run`.

        Raises:
            CorruptImage: the picture is broken or ended too early.
            ImageTooLarge: it needs more memory than there is.
            Overloaded: it was not admitted.
            TransformTimeout: it took longer than *timeout_seconds*.
            Draining: the pool is closed.
            ValueError: the head says nothing.
        """
        with ExitStack() as held:
            held.callback(os.close, descriptor)
            self._piping += 1
            held.callback(self._pipe_left)
            if (info := head.info) is None:
                raise ValueError("nothing is known of the source")
            looker = self._looker_for(patient=patient)
            plan = looker.plan_arriving(info, spec, source_bytes)
            waited_seconds = await self._admit(plan.estimate_bytes, held)
            rendered, queued_seconds = await self._pipes.run(
                lambda switch: looker.render_arriving(descriptor, plan, spec, switch),
                timeout_seconds,
                ended=held.pop_all().close,
            )
        return Transformed.of(rendered, waited_seconds + queued_seconds)

    async def aclose(self) -> None:
        """Refuse new work, kill what runs, and wait until all threads have ended; twice is allowed."""
        lanes = (self._headers, self._pixels, self._pipes)
        for lane in lanes:
            lane.stop()
        if self._owns_svg:
            await self._svg.aclose()
        for lane in lanes:
            await lane.aclose()

    async def idle(self) -> None:
        """Wait until no work is inside: every thread has ended its own."""
        for lane in (self._headers, self._pixels, self._pipes):
            await lane.idle()

    def statistics(self) -> PoolStatistics:
        """Snapshot of what is inside and of the counters."""
        headers, pixels, pipes = (lane.statistics() for lane in (self._headers, self._pixels, self._pipes))
        pace = self._pace.statistics()
        return PoolStatistics(
            threads=pixels.threads,
            queued=pixels.queued,
            running=pixels.running,
            looking=headers.queued + headers.running,
            piping=self._piping,
            completed=self._inspected + pixels.completed + pipes.completed,
            refused=headers.refused,
            timed_out=headers.timed_out + pixels.timed_out + pipes.timed_out,
            avif_nanoseconds_per_pixel=pace.nanoseconds_per_pixel,
            avif_deferred=pace.deferred,
        )

    async def _look(self, body: Body, look: Callable[[Body], T], *, bounded: bool = False) -> T:
        """Have a look at a source on a header thread, which ends the look even if the caller has left."""
        with ExitStack() as held:
            kept = held_open(body, held)
            found, _ = await self._headers.run(
                lambda _: look(kept), self._timeout_seconds, ended=held.pop_all().close, bounded=bounded
            )
        return found

    async def _admit(self, estimate_bytes: int, held: ExitStack) -> float:
        """Wait for a permit, hang its return on *held*, and give the seconds waited."""
        asked = self._clock()
        permit = await self._admission.admit(estimate_bytes)
        held.callback(permit.release)
        return self._clock() - asked

    def _looker_for(self, *, patient: bool) -> Looker:
        return self._patient_looker if patient else self._looker

    async def _run_drawing(self, looker: Looker, body: Body, spec: TransformSpec) -> Transformed:
        plan = await self._look(body, lambda kept: looker.plan_drawing(kept, spec))
        with ExitStack() as held:
            # A worker that is there already is part of the resident size.
            fresh_bytes = 0 if self._svg.statistics().worker_pid else SVG_WORKER_BYTES
            waited_seconds = await self._admit(plan.estimate_bytes + fresh_bytes, held)
            begun = self._clock()
            drawing = await self._draw(plan)
            drawn_seconds = self._clock() - begun
            rendered, queued_seconds = await self._pixels.run(
                lambda switch: looker.render_drawing(drawing, plan, spec, switch),
                self._timeout_seconds,
                ended=held.pop_all().close,
            )
        return Transformed.of(rendered, waited_seconds + queued_seconds, drawn_seconds)

    async def _draw(self, plan: DrawingPlan) -> Drawing:
        raster = await self._svg.render(plan.data, plan.size.width, plan.size.height)
        return Drawing(*plan.natural_px, raster.data, Size(raster.width, raster.height))

    def _pipe_left(self) -> None:
        self._piping -= 1
