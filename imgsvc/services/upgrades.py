"""Better answers made behind the ones that were given: one at a time, while there is memory for it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextvars import Context
from functools import partial
from traceback import clear_frames
from typing import Any

from msgspec import Struct

from imgsvc.errors import ImgsvcError

log = logging.getLogger("imgsvc.upgrades")

Work = Callable[[], Coroutine[Any, Any, None]]

MOST_WAITING = 32
"""More would be made long after they were wanted; what is dropped comes again with the next who asks for it."""

MOST_BLAMED = 1024
"""Keys whose failure was logged already; when there are more, all may be logged once more."""


class UpgradesStatistics(Struct, frozen=True):
    """
    Snapshot: what is under way, and what became of everything since the start.

    Attributes:
        running: 1 while one is made, else 0.
        waiting: wait for their turn.
        done: made.
        failed: tried in vain.
        dropped: not tried, for want of room or memory.
    """

    running: int
    waiting: int
    done: int
    failed: int
    dropped: int


class Upgrades:
    """
    Runs work that nobody waits for; :meth:`aclose` once. Belongs to one event loop.

    Args:
        may_run: whether there is memory for it; asked when work comes, and again when its turn comes.
    """

    def __init__(self, may_run: Callable[[], bool]) -> None:
        self._may_run = may_run
        # All mutable state: what waits, in the order it came, what runs, keys that were complained of, and counters.
        self._waiting: dict[str, Work] = {}
        self._key: str | None = None
        self._task: asyncio.Task[None] | None = None
        self._blamed: set[str] = set()
        self._closed = False
        self._done = self._failed = self._dropped = 0

    def begin(self, key: str, work: Work) -> bool:
        """
        Take *work* for *key*, to be run once and whenever its turn comes; whatever it raises is logged, not told.

        Returns:
            False when it is not taken: work for this key waits or runs already, there is no room or no memory for it,
            or this is closed.
        """
        if self._closed or self._has(key):
            return False
        if len(self._waiting) >= MOST_WAITING or not self._may_run():
            self._dropped += 1
            return False
        self._waiting[key] = work
        self._advance()
        return self._has(key)

    async def aclose(self) -> None:
        """Cancel what runs, forget what waits, take no more; twice is allowed."""
        self._closed = True
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    def statistics(self) -> UpgradesStatistics:
        """Snapshot of what is under way and of the counters."""
        return UpgradesStatistics(
            running=int(self._task is not None),
            waiting=len(self._waiting),
            done=self._done,
            failed=self._failed,
            dropped=self._dropped,
        )

    def _has(self, key: str) -> bool:
        return key == self._key or key in self._waiting

    def _advance(self) -> None:
        """Begin with the first that waits and may run, unless one runs."""
        while self._task is None and self._waiting:
            key = next(iter(self._waiting))
            work = self._waiting.pop(key)
            if not self._may_run():
                self._dropped += 1
                continue
            # In a context of its own: it is no part of the flight in which it was thought of, and joins others.
            self._task = asyncio.create_task(_run(work), name=f"upgrade {key}", context=Context())
            self._task.add_done_callback(partial(self._ended, key))
            self._key = key

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        self._key = self._task = None
        if not (self._closed and task.cancelled()):
            self._judge(key, task)
        self._advance()

    def _judge(self, key: str, task: asyncio.Task[None]) -> None:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None:
            self._done += 1
            self._blamed.discard(key)
            return
        self._failed += 1
        self._complain(key, error)
        clear_frames(error.__traceback__)  # they hold pictures, in a circle with the error

    def _complain(self, key: str, error: BaseException) -> None:
        """Log a key's failure, but not again each time somebody asks for it."""
        if key in self._blamed:
            return
        if len(self._blamed) >= MOST_BLAMED:
            self._blamed.clear()
        self._blamed.add(key)
        if isinstance(error, ImgsvcError):
            log.info("no better answer for %s: %s", key, error.detail)
        else:
            log.warning("a better answer for %s failed unforeseen", key, exc_info=error)


async def _run(work: Work) -> None:
    await work()
