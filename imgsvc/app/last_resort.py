"""The end of a process that does not come to its end."""

import logging
import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

log = logging.getLogger("imgsvc")

GRACE_SECONDS = 15.0
"""Beyond what answers and writes may take: what closes behind them, a hanging store included, is long done by then."""

LOG_SECONDS = 0.5
"""For the last line to be written."""

EXIT_STUCK = 1


class LastResort:
    """
    Ends the process at once where its end takes longer than it may.

    A thread cannot be ended from outside, and the interpreter waits for each: a decoder that heeds no stop would hold
    the process for good, and with it its address.

    Args:
        end: ends the process, with an exit code.
    """

    def __init__(self, end: Callable[[int], object] = os._exit) -> None:
        self._end = end
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()

    def begin(self, seconds: float) -> None:
        """Count from now on; *seconds* is what the end may take, without what is granted here."""
        threading.Thread(target=self._watch, args=(seconds + GRACE_SECONDS,), name="last-resort", daemon=True).start()

    def _watch(self, seconds: float) -> None:
        if self._is_over.wait(seconds):
            return
        log.error("the end took longer than %.0f s: a thread does not stop, and is left to the system", seconds)
        if not self._is_over.wait(LOG_SECONDS):
            self._end(EXIT_STUCK)
