"""Drawings that take long: how long one may take while others wait for it, and which are known to take too long."""

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cachetools import LRUCache
from msgspec import Struct

from imgsvc.errors import ImageTooLarge, ImgsvcError, TransformTimeout
from imgsvc.transform.svg_task import SvgTask

PATIENCE_SECONDS = 2.0
"""So long at the least anybody may draw; an honest drawing takes some 20 ms, and whoever waits has a deadline too."""

TOO_SLOW_SECONDS = 15 * 60
"""How long a drawing that had all the time is refused; not for longer, for the machine may have been busy besides."""

PUT_OFF_SECONDS = 10
"""How long a drawing is refused that was given up for others: it takes a sixth of the worker's time at the most."""

REMEMBERED = 1024
"""Documents; each has cost seconds of drawing before it is one, and takes some 300 bytes."""

SURELY_CHEAPER = 4
"""A drawing that took too long is tried again with so many times fewer pixels: a dozen tries, whatever is asked for."""


class Turns:
    """
    Knows who draws and who waits, and shortens the time of the one who draws while another document waits.

    Args:
        patience_seconds: what is left to a drawing all the same, from its beginning on.
    """

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._present: list[bytes] = []
        self._drawing: _Drawing | None = None

    @contextmanager
    def present(self, digest: bytes) -> Iterator[None]:
        """Count one who wants the document of that digest drawn, or has it drawn just now."""
        self._present.append(digest)
        self._adjust()
        try:
            yield
        finally:
            self._present.remove(digest)
            self._adjust()

    @contextmanager
    def drawing(self, digest: bytes, limit: asyncio.Timeout) -> Iterator[None]:
        """Have *limit*, which is running and has an end, come sooner whenever somebody else is present."""
        begun = asyncio.get_running_loop().time()
        self._drawing = _Drawing(digest, limit, limit.when() or begun, begun + self._patience_seconds)
        self._adjust()
        try:
            yield
        finally:
            self._drawing = None

    def _adjust(self) -> None:
        if (drawing := self._drawing) is None or drawing.limit.expired():
            return
        is_awaited = any(other != drawing.digest for other in self._present)
        drawing.limit.reschedule(min(drawing.hurried_end, drawing.end) if is_awaited else drawing.end)


class _Drawing(Struct, frozen=True):
    """Who draws, and until when, in seconds of the loop: with nobody waiting, and with somebody."""

    digest: bytes
    limit: asyncio.Timeout
    end: float
    hurried_end: float


class SlowDrawings:
    """
    Remembers which documents took too long, by the digest of their bytes: whoever brings them, from wherever.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: LRUCache[tuple[bytes, type[ImgsvcError]], _Verdict] = LRUCache(REMEMBERED)

    def keep(self, task: SvgTask, *, was_alone: bool) -> ImgsvcError:
        """
        Remember a drawing that took too long.

        Args:
            task: what was to be drawn.
            was_alone: whether it had all the time that a drawing may have; else it was given up for others.

        Returns:
            What to raise: ImageTooLarge, which is the document's own fault; or TransformTimeout.
        """
        kind, lifetime_seconds = (ImageTooLarge, TOO_SLOW_SECONDS) if was_alone else (TransformTimeout, PUT_OFF_SECONDS)
        self._known[task.digest, kind] = _Verdict(task.pixels, self._clock() + lifetime_seconds)
        return _error(kind, lifetime_seconds)

    def recall(self, task: SvgTask) -> ImgsvcError | None:
        """Give what to raise instead of drawing; None when it may be tried."""
        for kind in (ImageTooLarge, TransformTimeout):
            verdict = self._known.get((task.digest, kind))
            if verdict is None or task.pixels * SURELY_CHEAPER <= verdict.pixels:
                continue
            if (left_seconds := verdict.until - self._clock()) > 0:
                return _error(kind, math.ceil(left_seconds))
        return None


class _Verdict(Struct, frozen=True):
    """What a document failed at, and until when that counts."""

    pixels: int
    until: float


def _error(kind: type[ImgsvcError], left_seconds: int) -> ImgsvcError:
    if kind is ImageTooLarge:
        detail = "The SVG takes too long to be drawn at this size; a smaller one may do."
        return ImageTooLarge(detail, param="w", retry_after_seconds=left_seconds)
    detail = "The SVG takes long to be drawn, and others waited for their own."
    return TransformTimeout(detail, retry_after_seconds=left_seconds)
