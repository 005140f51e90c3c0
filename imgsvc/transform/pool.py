"""The threads in which pixels are touched: bounded, first come first served, with deadlines that kill."""

import asyncio
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from imgsvc.errors import Draining, NotAnImage, QueueFull, TransformTimeout
from imgsvc.model.formats import SNIFF_BYTES, ImageFormat, sniff
from imgsvc.model.spec import TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform import runtime
from imgsvc.transform.drawing import Drawing, drawing_size
from imgsvc.transform.geometry import Size
from imgsvc.transform.job import Job
from imgsvc.transform.loaders import CONTAINERS
from imgsvc.transform.pipeline import Pipeline, Rendered
from imgsvc.transform.probe import probe
from imgsvc.transform.results import Inspected, PoolStatistics, Transformed
from imgsvc.transform.runtime import KillSwitch
from imgsvc.transform.source import FileSource, PixelSource, contained_source
from imgsvc.transform.svg import SvgRenderer, sanitise

__all__ = ["Inspected", "PoolStatistics", "TransformPool", "Transformed"]

T = TypeVar("T")

QUEUE_PER_CORE = 32
"""
Work that may wait for a thread, for each core: about a second of it. Less would refuse a page that shows one new
picture in twenty sizes; more would only wait in vain.
"""

RETRY_AFTER_SECONDS = 1


class TransformPool:
    """
    Turns sources into answers off the event loop.

    Args:
        settings: limits, efforts, threads and deadline.
        svg: draws SVG; whoever gives it closes it. None: the pool makes its own and closes it.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        settings: TransformSettings,
        svg: SvgRenderer | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        runtime.prepare()
        self._settings = settings
        self._clock = clock
        self._pipeline = Pipeline(settings, clock)
        self._svg = svg or SvgRenderer(timeout_seconds=settings.timeout_seconds, max_pixels=settings.max_pixels)
        self._owns_svg = svg is None
        self._executor = ThreadPoolExecutor(settings.thread_count, thread_name_prefix="transform")
        self._capacity = settings.thread_count + QUEUE_PER_CORE * (os.cpu_count() or 1)
        self._jobs: set[Job[Any]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self._completed = self._refused = self._timed_out = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def inspect(self, data: bytes) -> Inspected:
        """
        Find out what a source is, make an SVG harmless, check the limits and hash it, without reading pixels.

        Raises:
            NotAnImage: the first bytes are no picture's.
            CorruptImage: the header makes no sense.
            ImageTooLarge: even a single frame is over the limits; a drawing has none.
            SourceTooLarge: an SVG over 1 MiB.
            QueueFull: too much work waits already.
            TransformTimeout: it took too long.
            Draining: the pool is closed.
        """
        with self._admitted() as job:
            inspected: Inspected = await self._in_thread(job, lambda _: self._inspect(data))
        if inspected.image_format is not ImageFormat.SVG:
            return inspected
        natural = Size.rounded(*await self._svg.size(inspected.data))
        return Inspected(
            data=inspected.data,
            image_format=ImageFormat.SVG,
            sha256=inspected.sha256,
            width=natural.width,
            height=natural.height,
            pages=1,
        )

    async def run(self, data: bytes, image_format: ImageFormat, spec: TransformSpec) -> Transformed:
        """
        Make the answer that *spec* asks for.

        A caller that is cancelled or told of the deadline is free at once; the work's thread is killed, and free for
        others when it has really ended.

        Args:
            data: as :meth:`inspect` gave it.
            image_format: likewise.
            spec: what is asked for.

        Raises:
            CorruptImage: the picture is broken or ends too early.
            ImageTooLarge: it is over the limits.
            QueueFull: too much work waits already.
            TransformTimeout: it took longer than IMGSVC_TRANSFORM_TIMEOUT.
            Draining: the pool is closed.
        """
        with self._admitted() as job:
            begun = self._clock()
            drawing = await self._draw(data, spec) if image_format is ImageFormat.SVG else None
            drawn = self._clock()
            rendered: Rendered = await self._in_thread(
                job,
                lambda switch: self._pipeline.render(self._source(data, image_format, drawing), spec, switch),
            )
        return Transformed(
            data=rendered.data,
            media_type=rendered.media_type,
            sha256=rendered.sha256,
            width=rendered.width,
            height=rendered.height,
            degraded=rendered.degraded,
            queue_seconds=job.queue_seconds,
            decode_seconds=rendered.decode_seconds + drawn - begun,
            encode_seconds=rendered.encode_seconds,
        )

    async def aclose(self) -> None:
        """Refuse new work, kill what runs, and wait until all threads have ended; twice is allowed."""
        self._closed = True
        for job in tuple(self._jobs):
            job.kill()
        if self._owns_svg:
            await self._svg.aclose()
        await self._idle.wait()
        await asyncio.to_thread(self._executor.shutdown)

    async def idle(self) -> None:
        """Wait until no work is inside: every thread has ended its own."""
        await self._idle.wait()

    def statistics(self) -> PoolStatistics:
        """Snapshot of what is inside and of the counters."""
        running = sum(job.running for job in self._jobs)
        return PoolStatistics(
            threads=self._settings.thread_count,
            queued=len(self._jobs) - running,
            running=running,
            completed=self._completed,
            refused=self._refused,
            timed_out=self._timed_out,
        )

    @contextmanager
    def _admitted(self) -> Iterator[Job[Any]]:
        """Let one piece of work in; it is out when its thread has ended, or on leaving if it never had one."""
        if self._closed:
            raise Draining("The service is shutting down.", retry_after_seconds=RETRY_AFTER_SECONDS)
        if len(self._jobs) >= self._capacity:
            self._refused += 1
            raise QueueFull("Too many pictures wait to be transformed.", retry_after_seconds=RETRY_AFTER_SECONDS)
        job: Job[Any] = Job(self._settings.timeout_seconds, self._clock, self._left)
        self._jobs.add(job)
        self._idle.clear()
        try:
            yield job
        finally:
            if not job.submitted:
                self._left(job)

    def _left(self, job: Job[Any]) -> None:
        self._jobs.discard(job)
        self._completed += 1
        if not self._jobs:
            self._idle.set()

    async def _in_thread(self, job: Job[T], work: Callable[[KillSwitch], T]) -> T:
        try:
            return await job.outcome(self._executor, work)
        except TransformTimeout:
            self._timed_out += 1
            raise

    def _inspect(self, data: bytes) -> Inspected:
        image_format = sniff(data[:SNIFF_BYTES])
        if image_format is None:
            raise NotAnImage("The source is not an image of a kind this service reads.", param="url")
        if image_format is ImageFormat.SVG:
            data, width, height, pages = sanitise(data), 0, 0, 1
        else:
            info = probe(data, image_format, self._pipeline.limits)
            width, height, pages = info.width, info.height, info.pages
        digest = hashlib.sha256(data).hexdigest()
        return Inspected(data=data, image_format=image_format, sha256=digest, width=width, height=height, pages=pages)

    def _source(self, data: bytes, image_format: ImageFormat, drawing: Drawing | None) -> PixelSource:
        if drawing is not None:
            return drawing.as_source(data)
        if image_format in CONTAINERS:
            return contained_source(data, image_format, self._pipeline.limits)
        return FileSource(data, probe(data, image_format, self._pipeline.limits))

    async def _draw(self, data: bytes, spec: TransformSpec) -> Drawing:
        width, height = await self._svg.size(data)
        size = drawing_size(width, height, spec, self._pipeline.limits)
        raster = await self._svg.render(data, size.width, size.height)
        return Drawing(width, height, raster.data, Size(raster.width, raster.height))
