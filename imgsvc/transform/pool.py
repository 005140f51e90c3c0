"""Where pixels are touched: on threads, admitted by what it takes, with deadlines that kill."""

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Self, TypeVar

from msgspec.structs import replace

from imgsvc.model.card import Card
from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import TransformSpec
from imgsvc.settings import TransformSettings
from imgsvc.transform import piping, runtime
from imgsvc.transform.admission import Admission, OpenAdmission
from imgsvc.transform.avif_pace import AvifPace
from imgsvc.transform.body import Body
from imgsvc.transform.compose import glance
from imgsvc.transform.draughting import SVG_WORKER_BYTES
from imgsvc.transform.headers import Headers
from imgsvc.transform.lookers import Lookers
from imgsvc.transform.probe import ImageInfo
from imgsvc.transform.results import Head, Inspected, PoolStatistics, Transformed
from imgsvc.transform.svg import SvgRenderer
from imgsvc.transform.theming import Theming
from imgsvc.transform.workshop import LOOKS_PER_CORE, PIPE_THREADS, Workshop

__all__ = [
    "LOOKS_PER_CORE",
    "PIPE_THREADS",
    "SVG_WORKER_BYTES",
    "Head",
    "ImageInfo",
    "Inspected",
    "PoolStatistics",
    "TransformPool",
    "Transformed",
]

T = TypeVar("T")

DEFAULT_PIPED_BYTES = 16 * 1024 * 1024
"""A photograph of 50 Mpixel made small needs less."""


class TransformPool:
    """
    Turns sources into answers off the event loop, on the threads of a :class:`Workshop`.

    Args:
        settings: limits, efforts, threads and deadline.
        svg: draws SVG; whoever gives it closes it. None: the pool makes its own and closes it.
        clock: seconds, monotonic.
        admission: asked before anything is decoded; None admits everything.
        most_piped_bytes: a source that is estimated to need more is not decoded while it arrives: at its own pace it
            would keep that from all others.
        theming: sees and adapts what has to read on a page; None: no spec may have one.
    """

    def __init__(
        self,
        settings: TransformSettings,
        svg: SvgRenderer | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        admission: Admission | None = None,
        most_piped_bytes: int = DEFAULT_PIPED_BYTES,
        theming: Theming | None = None,
    ) -> None:
        runtime.prepare()
        self._most_piped_bytes = most_piped_bytes
        self._pace = AvifPace(settings.avif_effort)
        self._work = Workshop(settings, svg, clock, admission or OpenAdmission())
        self._lookers = Lookers(settings, clock, self._pace, theming, self._work.could_admit)
        self._looker = self._lookers.of(patient=False)
        self._headers = Headers(self._work, self._looker)
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
            found = await self._work.look(body, lambda kept: self._looker.inspect(kept, sha256), bounded=True)
        finally:
            self._inspected += 1
        self._headers.keep(found)
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
        return await self._work.look(head, lambda _: self._looker.inspect_head(head), bounded=True)

    async def run(
        self, body: Body, image_format: ImageFormat, spec: TransformSpec, *, patient: bool = False, sha256: str = ""
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
            sha256: hex digest of *body*, by which it is remembered what its header says and how it looks on a page;
                empty = it is not.

        Raises:
            CorruptImage: the picture is broken or ends too early.
            ImageTooLarge: it is over the limits, or needs more memory than there is.
            Overloaded: it was not admitted.
            TransformTimeout: it took longer than IMGSVC_TRANSFORM_TIMEOUT.
            Draining: the pool is closed.
        """
        looker = self._lookers.of(patient=patient)
        if image_format is ImageFormat.SVG:
            drawing = await self._work.look(body, lambda kept: looker.plan_drawing(kept, spec, sha256))
            rendered, waited_seconds, drawn_seconds = await self._work.draw(
                drawing, lambda drawings, switch: looker.render_drawing(drawings, drawing, spec, switch)
            )
            return Transformed.of(rendered, waited_seconds, drawn_seconds)
        info = await self._headers.of(body, image_format, sha256)
        looker, plan = self._lookers.planned(body, info, spec, sha256, patient=patient)
        rendered, waited_seconds = await self._work.decode(
            body, plan.estimate_bytes, lambda kept, switch: looker.render(kept, plan, spec, switch)
        )
        return Transformed.of(rendered, waited_seconds)

    async def examine(
        self, body: Body, image_format: ImageFormat, longest_px: int, examine: Callable[[Any], T], sha256: str = ""
    ) -> T:
        """
        Have somebody look at a small picture of a source.

        Args:
            body: as :meth:`inspect` gave it; a file need not stay open longer than this takes, or its caller waits.
            image_format: likewise.
            longest_px: of the picture's longest side; a drawing has it, all else is never enlarged to it.
            examine: is given the picture in a thread, upright 8-bit sRGB in memory, the first frame of an animation,
                the largest entry of a container. It cannot be stopped, so it should be quick; whatever it raises is
                raised here.
            sha256: as with :meth:`run`.

        Raises:
            CorruptImage, ImageTooLarge, Overloaded, TransformTimeout, Draining: as with :meth:`run`.
        """
        looker = self._looker
        if image_format is ImageFormat.SVG:
            drawing = await self._work.look(body, lambda kept: looker.plan_drawn_glance(kept, longest_px))
            seen, *_ = await self._work.draw(
                drawing,
                lambda drawings, switch: examine(glance(drawings[0].as_picture(drawing.data), longest_px, switch)),
            )
            return seen
        plan = looker.plan_glance(body, await self._headers.of(body, image_format, sha256), longest_px)
        seen, _ = await self._work.decode(
            body, plan.estimate_bytes, lambda kept, switch: examine(looker.glance(kept, plan, longest_px, switch))
        )
        return seen

    async def card(self, card: Card, emblem: bytes | None) -> bytes:
        """
        Draw a card as PNG; *emblem* is a small picture made here, see :func:`~imgsvc.transform.cards.draw_card`.

        Raises:
            CorruptImage, Overloaded, TransformTimeout, Draining: as with :meth:`run`.
        """
        from imgsvc.transform.cards import CARD_BYTES, draw_card  # noqa: PLC0415 - loaded by who asks, behind the start

        drawn, _ = await self._work.decode(b"", CARD_BYTES, lambda _, switch: draw_card(card, emblem, switch))
        return drawn

    @property
    def free_pipes(self) -> int:
        """How many more sources could be decoded while they arrive, without waiting for a thread."""
        return max(0, PIPE_THREADS - self._piping)

    def can_pipe(self, head: Head, spec: TransformSpec, source_bytes: int = 0, *, patient: bool = False) -> bool:
        """Whether :meth:`run_piped` can make this answer, has a thread free for it, and takes little for it."""
        if head.info is None or not self.free_pipes or not piping.can_pipe(head, spec):
            return False
        plan = self._lookers.of(patient=patient).plan_arriving(head.info, spec, source_bytes)
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
            looker = self._lookers.of(patient=patient)
            plan = looker.plan_arriving(info, spec, source_bytes)
            rendered, waited_seconds = await self._work.read_pipe(
                plan.estimate_bytes,
                lambda switch: looker.render_arriving(descriptor, plan, spec, switch),
                timeout_seconds,
                held.pop_all(),
            )
        return Transformed.of(rendered, waited_seconds)

    async def aclose(self) -> None:
        """Refuse new work, kill what runs, and wait until all threads have ended; twice is allowed."""
        await self._work.aclose()

    async def idle(self) -> None:
        """Wait until no work is inside: every thread has ended its own."""
        await self._work.idle()

    def statistics(self) -> PoolStatistics:
        """Snapshot of what is inside and of the counters."""
        headers, pixels, pipes = self._work.statistics()
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

    def _pipe_left(self) -> None:
        self._piping -= 1
