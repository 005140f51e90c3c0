"""SVG, made harmless before, drawn by :class:`SvgRenderer` in a process it can kill."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from imgsvc.errors import (
    Draining,
    ImageTooLarge,
    ImgsvcError,
    MemoryPressure,
    Overloaded,
    QueueFull,
)
from imgsvc.transform.svg_process import SvgProcess, WorkerAnswer, WorkerDied
from imgsvc.transform.svg_task import SvgTask
from imgsvc.transform.svg_turns import SlowDrawings, Turns

MIB = 1024 * 1024


class Timer(Protocol):
    """Something that will happen unless it is cancelled; ``asyncio.TimerHandle`` is one."""

    def cancel(self) -> None:
        """Prevent it."""


CallLater = Callable[[float, Callable[[], None]], Timer]


class Raster(Struct, frozen=True):
    """
    A drawn SVG.

    Attributes:
        data: RGBA, 8 bit, straight alpha, row by row without padding.
        width: in px.
        height: in px.
    """

    data: bytes
    width: int
    height: int


class SvgStatistics(Struct, frozen=True):
    """
    What the renderer has done and holds.

    Attributes:
        worker_pid: of the worker, None when there is none.
        worker_bytes: its resident size after its last request, 0 when there is none or it has had none.
        waiting: requests that are drawn or wait to be.
        drawn: requests answered with pixels.
        refused: documents the worker could not draw.
        timed_out: requests that ended at the deadline.
        put_off: requests that were given up because they took long and others waited.
        recalled: requests refused at once because the document is known to take too long.
        died: workers that ended in a request.
        spawned: workers started.
        retired: workers ended for being too large or idle for too long.
    """

    worker_pid: int | None
    worker_bytes: int
    waiting: int
    drawn: int
    refused: int
    timed_out: int
    put_off: int
    recalled: int
    died: int
    spawned: int
    retired: int


class SvgRenderer:
    """
    Draws SVG in one worker process, a request at a time, in order.

    The worker is started when it is needed, killed when a request is cancelled or takes too long, and ended when it has
    grown large or has had nothing to do. What took too long is remembered, by its bytes, and refused at once for a
    while. The owner calls :meth:`aclose`.

    Args:
        timeout_seconds: longest time for one request, from its turn on, start of the worker included.
        max_pixels: largest picture drawn.
        idle_seconds: how long a worker is kept without work.
        retire_bytes: a worker whose resident size is above this after a request is ended.
        max_waiting: requests that may be drawn or wait at once; beyond, they are refused.
        call_later: how the idle time is waited for; the running loop's ``call_later`` by default.
        clock: seconds, monotonic; for what is remembered.
    """

    def __init__(
        self, timeout_seconds: float, max_pixels: int, idle_seconds: float = 60, retire_bytes: int = 128 * MIB,
        max_waiting: int = 32, call_later: CallLater | None = None, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._timeout_seconds = timeout_seconds
        self._max_pixels = max_pixels
        self._idle_seconds = idle_seconds
        self._retire_bytes = retire_bytes
        self._max_waiting = max_waiting
        self._call_later = call_later
        self._turn = asyncio.Lock()
        self._turns = Turns()
        self._slow = SlowDrawings(clock)
        self._worker: SvgProcess | None = None
        self._idle_timer: Timer | None = None
        self._reaping: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._worker_bytes = 0
        self._waiting = self._drawn = self._refused = self._timed_out = self._put_off = self._recalled = 0
        self._died = self._spawned = self._retired = 0

    async def render(self, data: bytes, width_px: int, height_px: int) -> Raster:
        """
        Draw a sanitised SVG, stretched to exactly *width_px* × *height_px*.

        Raises:
            ImageTooLarge: more than ``max_pixels``, the document's own size is beyond reason, it cannot be drawn at a
                size where memory may be the reason, or it takes too long there.
            CorruptImage: cannot be drawn at any size, or the worker died of it.
            MemoryPressure: the worker was retired while it drew.
            SourceTooLarge: more than 1 MiB.
            TransformTimeout: took long while others waited; the worker has been killed.
            Overloaded: too many wait (QueueFull), no process could be started, or this renderer is closed (Draining).
        """
        if min(width_px, height_px) < 1 or width_px * height_px > self._max_pixels:
            raise ImageTooLarge(f"{width_px} × {height_px} px is more than is drawn.")
        if self._waiting >= self._max_waiting:
            raise QueueFull("Too many SVGs wait to be drawn.", retry_after_seconds=1)
        self._waiting += 1
        try:
            task = await asyncio.to_thread(SvgTask.of, data, width_px, height_px)
            answer = await self._in_turn(task)
        finally:
            self._waiting -= 1
        if answer.pixels is None:
            self._refused += 1
            raise task.undrawable()
        self._drawn += 1
        return Raster(answer.pixels, width_px, height_px)

    def retire(self) -> None:
        """End the worker now, to have its memory back; what it draws ends with MemoryPressure, what waits goes on."""
        self._retire()

    def retire_idle(self) -> None:
        """End the worker now, if nothing is drawn or waits."""
        if self._waiting == 0:
            self._retire()

    async def aclose(self) -> None:
        """End the worker and wait until it is gone; whatever is being drawn or waits ends with Draining."""
        self._is_closed = True
        self._dismiss()
        async with self._turn:  # after everybody who had or waited for theirs
            await self._dismissed()

    def statistics(self) -> SvgStatistics:
        """Give a snapshot."""
        return SvgStatistics(
            worker_pid=self._worker.pid if self._worker else None,
            worker_bytes=self._worker_bytes,
            waiting=self._waiting,
            drawn=self._drawn,
            refused=self._refused,
            timed_out=self._timed_out,
            put_off=self._put_off,
            recalled=self._recalled,
            died=self._died,
            spawned=self._spawned,
            retired=self._retired,
        )

    async def _in_turn(self, task: SvgTask) -> WorkerAnswer:
        """Wait for the worker, unless the document is known to take too long, or is by then."""
        self._refuse_slow(task)
        with self._turns.present(task.digest):
            async with self._turn:
                self._refuse_slow(task)
                return await self._drive(task)

    def _refuse_slow(self, task: SvgTask) -> None:
        if (error := self._slow.recall(task)) is not None:
            self._recalled += 1
            raise error

    async def _drive(self, task: SvgTask) -> WorkerAnswer:
        """Ask the worker, and leave behind either a worker that is in step or none."""
        end, worker = asyncio.get_running_loop().time() + self._timeout_seconds, None
        try:
            async with asyncio.timeout_at(end) as limit:
                worker = await self._ready()
                with self._turns.drawing(task.digest, limit):
                    answer = await worker.draw(task, math.ceil(self._timeout_seconds))
        except TimeoutError as error:
            self._check_kept(worker, error)
            await self._dismissed()
            raise self._late(task, has_begun=worker is not None, was_alone=limit.when() == end) from error
        except WorkerDied as error:
            self._check_kept(worker, error)
            self._died += 1
            await self._dismissed()
            raise self._closed() if self._is_closed else task.undrawable() from error
        except BaseException:
            # Cancelled, most likely: the answer would come when somebody else waits for theirs.
            await self._dismissed()
            raise
        self._keep(answer.resident_bytes)
        return answer

    def _check_kept(self, worker: SvgProcess | None, error: Exception) -> None:
        """Say nothing of a document whose worker was retired meanwhile; its time may have run out as well."""
        if worker is not None and self._worker is not worker and not self._is_closed:
            raise MemoryPressure("This process is short of memory.", retry_after_seconds=1) from error

    def _late(self, task: SvgTask, *, has_begun: bool, was_alone: bool) -> ImgsvcError:
        """Say of a drawing whose time is over whose fault that is."""
        self._timed_out += was_alone
        self._put_off += not was_alone
        return self._slow.keep(task, was_alone=was_alone) if has_begun else _no_worker()

    async def _ready(self) -> SvgProcess:
        """Give the worker there is, or a new one."""
        if self._is_closed:
            raise self._closed()
        if self._idle_timer:
            self._idle_timer.cancel()
        if self._worker and not self._worker.is_alive:
            self._dismiss()
        return self._worker or await self._start()

    async def _start(self) -> SvgProcess:
        """Start a worker. Its failing says nothing about the document, so the blame is on this process."""
        try:
            # Kept before it is ready, so that whatever happens meanwhile finds it and kills it.
            self._worker = worker = await SvgProcess.spawn()
            self._spawned += 1
            await worker.wait_ready()
        except (OSError, WorkerDied) as error:
            raise _no_worker() from error
        if self._is_closed:
            raise self._closed()
        return worker

    def _keep(self, resident_bytes: int) -> None:
        """Keep the worker for a while, unless it has grown too large or was retired just now."""
        if self._worker is None:
            return
        self._worker_bytes = resident_bytes
        if self._is_closed or resident_bytes > self._retire_bytes:
            self._retire()
        else:
            call_later: CallLater = self._call_later or asyncio.get_running_loop().call_later
            self._idle_timer = call_later(self._idle_seconds, self._retire)

    def _retire(self) -> None:
        self._retired += self._worker is not None
        self._dismiss()

    def _dismiss(self) -> None:
        """Kill the worker, if there is one; its remains are collected behind."""
        if self._idle_timer:
            self._idle_timer.cancel()
        if self._worker:
            self._worker.kill()
            task = asyncio.create_task(self._worker.reap())
            self._reaping.add(task)
            task.add_done_callback(self._reaping.discard)
        self._worker, self._idle_timer, self._worker_bytes = None, None, 0

    async def _dismissed(self) -> None:
        """Kill the worker and wait for its end; a cancellation meanwhile leaves the rest to :meth:`aclose`."""
        self._dismiss()
        if self._reaping:
            await asyncio.wait(self._reaping)

    def _closed(self) -> Draining:
        return Draining("The service is shutting down.")


def _no_worker() -> Overloaded:
    return Overloaded("No process to draw SVG could be started.", retry_after_seconds=1)
