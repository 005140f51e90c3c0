"""Asking sources behind answers that were given already (stale-while-revalidate, RFC 5861 §3)."""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial

from cachetools import LRUCache
from msgspec import Struct

from imgsvc.errors import ImgsvcError
from imgsvc.model.source import Source
from imgsvc.services.arrivals import Slot
from imgsvc.services.behind import Behind
from imgsvc.services.validation import Validation

log = logging.getLogger("imgsvc.revalidations")

AT_ONCE = 8
"""Sources asked at the same time; more would take the place of what clients wait for."""

TURN_SECONDS = 10.0
"""A large source that still arrives after as long leaves its turn to others."""

LIMIT = 256
"""Sources that may wait for their turn; the next stale answer of any other tries again."""

REST_SECONDS = 5.0
"""After a question without a good answer stale answers of that source cost no look-up for so long."""

RESTING = 4096


class RevalidationStatistics(Struct, frozen=True):
    """
    State, and counters since the start.

    Attributes:
        running: sources being asked, or waiting for their turn, now.
        started: begun.
        failed: ended without a good answer.
        refused: not begun, because too many waited or memory was short.
    """

    running: int
    started: int
    failed: int
    refused: int


class Revalidations:
    """
    Begins questions that nobody waits for; :meth:`aclose` once.

    Args:
        validation: asks.
        may_run: whether there is memory for it, just now.
        clock: monotonic seconds.
    """

    def __init__(
        self, validation: Validation, may_run: Callable[[], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._validation = validation
        self._may_run = may_run
        self._clock = clock
        self._running = Behind("revalidation", LIMIT)
        self.idle, self.aclose = self._running.idle, self._running.aclose
        self._resting: LRUCache[str, float] = LRUCache(RESTING)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._counts = dict.fromkeys(("started", "failed", "refused"), 0)

    def begin(self, source: Source) -> None:
        """Have *source* asked, unless it is, or was in vain a moment ago; a plain call, for the path of a hit."""
        url = source.url
        if url in self._running or self._resting.get(url, 0.0) > self._clock():
            return
        if self._running.is_full or not self._may_run():
            self._counts["refused"] += 1
            return
        self._counts["started"] += 1
        self._running.begin(url, partial(self._run, source))

    def statistics(self) -> RevalidationStatistics:
        """Snapshot of state and counters."""
        return RevalidationStatistics(running=len(self._running), **self._counts)

    async def _run(self, source: Source) -> None:
        await self._turns.acquire()
        turn = Slot(self._turns.release)
        timer = asyncio.get_running_loop().call_later(TURN_SECONDS, turn.give_back)
        try:
            is_stale = await self._validation.ask_to_the_end(source)
        except ImgsvcError as error:
            is_stale = True
            log.info("%s: %s", source.loggable, error.detail)
        except Exception:
            is_stale = True
            log.exception("asking a source again failed unforeseen")
        finally:
            timer.cancel()
            turn.give_back()
        if is_stale:
            self._counts["failed"] += 1
            self._resting[source.url] = self._clock() + REST_SECONDS
