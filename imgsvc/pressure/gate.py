"""Admission of decodes by the bytes they are predicted to need."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from imgsvc.errors import ImageTooLarge, MemoryPressure, Overloaded, QueueFull
from imgsvc.settings import MIB

RETRY_AFTER_SECONDS = 5
"""When asking again may help; a queue moves on in that time, and a flushed cache is seen in the resident size."""

Refusal = Literal["queue-full", "queue-timeout", "too-large", "memory", "flushed"]
"""Why the gate refused: see :class:`GateStatistics`."""

_REFUSALS: tuple[Refusal, ...] = ("queue-full", "queue-timeout", "too-large", "memory", "flushed")


class GateStatistics(Struct, frozen=True):
    """
    State and counters since the start.

    Attributes:
        capacity_bytes: what admitted work may be estimated to need together.
        in_use_bytes: what it is estimated to need now; above the capacity only for one that runs alone.
        peak_bytes: the largest *in_use_bytes* so far.
        admitted: permits that are out now.
        waiting: in the queue now.
        admitted_total: permits given.
        longest_wait_seconds: that a permit was waited for.
        refused: by reason; every reason is present. ``queue-full``: at once; ``queue-timeout``: waited too long;
            ``too-large``: not even alone; ``memory``: alone, but no room could be made; ``flushed``: the queue was
            emptied.
    """

    capacity_bytes: int
    in_use_bytes: int
    peak_bytes: int
    admitted: int
    waiting: int
    admitted_total: int
    longest_wait_seconds: float
    refused: Mapping[str, int]


class Permit:
    """
    Leave to use so many bytes; whoever has it releases it when the thread that uses them has ended.

    Attributes:
        size_bytes: how many.
    """

    __slots__ = ("_give_back", "size_bytes")

    def __init__(self, size_bytes: int, give_back: Callable[[int], None]) -> None:
        self.size_bytes = size_bytes
        self._give_back: Callable[[int], None] | None = give_back

    def release(self) -> None:
        """Give it back, on the event loop; twice is allowed."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back(self.size_bytes)


class _Waiter(Struct, eq=False):
    """One in the queue; its outcome is a permit or the error to raise, so that one nobody reads is no complaint."""

    size_bytes: int
    since_seconds: float
    outcome: asyncio.Future[Permit | Overloaded]


class ByteGate:
    """
    Lets work in while the estimates of all that is inside stay within the capacity.

    Strictly first come, first served: a small piece behind a large one waits, so that the large one's turn comes. An
    estimate above the capacity runs alone. Belongs to the event loop's thread; no decision is spread over an await.

    Args:
        capacity_bytes: what admitted work may be estimated to need together.
        queue_limit: how many may wait.
        deadline_seconds: how long each of them may.
        largest_bytes: gives the largest estimate that can be run alone, as things are now.
        make_room: called with the gate empty and taken, before an estimate above the capacity is let in; frees what it
            can and tells whether that many bytes are there now.
        clock: monotonic seconds, for the statistics; the deadline is the event loop's own.
    """

    def __init__(
        self,
        capacity_bytes: int,
        *,
        queue_limit: int,
        deadline_seconds: float = 10.0,
        largest_bytes: Callable[[], int],
        make_room: Callable[[int], Awaitable[bool]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._capacity_bytes = capacity_bytes
        self._queue_limit = queue_limit
        self._deadline_seconds = deadline_seconds
        self._largest_bytes = largest_bytes
        self._make_room = make_room
        self._clock = clock
        self._waiting: deque[_Waiter] = deque()
        self._in_use_bytes = self._peak_bytes = 0
        self._admitted = self._admitted_total = 0
        self._longest_wait_seconds = 0.0
        self._refused: dict[str, int] = dict.fromkeys(_REFUSALS, 0)

    async def admit(self, size_bytes: int) -> Permit:
        """
        Wait for leave to use *size_bytes*; whoever gets it releases it.

        Raises:
            QueueFull: too many wait already, or the deadline has passed.
            ImageTooLarge: that much memory is not there even with nothing else under way.
            MemoryPressure: no room could be made for work that runs alone, or the queue was emptied.
        """
        alone = size_bytes > self._capacity_bytes
        if alone:
            self._refuse_too_large(size_bytes)
        if not self._waiting and self._fits(size_bytes):
            permit = self._permit(size_bytes)
        else:
            permit = await self._queued(size_bytes)
        if alone:
            await self._clear_for(permit)
        return permit

    def could_admit(self, size_bytes: int) -> bool:
        """Whether :meth:`admit` may ever let *size_bytes* in; if not, it refuses with ImageTooLarge."""
        return size_bytes <= max(self._capacity_bytes, self._largest_bytes())

    def refuse_waiting(self) -> int:
        """End all that wait with :class:`~imgsvc.errors.MemoryPressure`. Returns how many there were."""
        waiting = tuple(self._waiting)
        self._waiting.clear()  # first, lest the end of one lets in the next
        return sum(self._refuse(waiter, "flushed") for waiter in waiting)

    def statistics(self) -> GateStatistics:
        """Snapshot of state and counters."""
        return GateStatistics(
            capacity_bytes=self._capacity_bytes,
            in_use_bytes=self._in_use_bytes,
            peak_bytes=self._peak_bytes,
            admitted=self._admitted,
            waiting=len(self._waiting),
            admitted_total=self._admitted_total,
            longest_wait_seconds=self._longest_wait_seconds,
            refused=MappingProxyType(dict(self._refused)),
        )

    def _fits(self, size_bytes: int) -> bool:
        """Whether there is room now; an empty gate has room for anything, and then for nothing beside it."""
        return not self._admitted or self._in_use_bytes + size_bytes <= self._capacity_bytes

    def _permit(self, size_bytes: int) -> Permit:
        self._in_use_bytes += size_bytes
        self._peak_bytes = max(self._peak_bytes, self._in_use_bytes)
        self._admitted += 1
        self._admitted_total += 1
        return Permit(size_bytes, self._give_back)

    def _give_back(self, size_bytes: int) -> None:
        self._in_use_bytes -= size_bytes
        self._admitted -= 1
        self._let_in()

    def _let_in(self) -> None:
        """Give permits to the head of the queue while they fit."""
        while self._waiting and self._fits(self._waiting[0].size_bytes):
            waiter = self._waiting.popleft()
            if not waiter.outcome.done():  # else cancelled; its task has yet to run and leave
                self._longest_wait_seconds = max(self._longest_wait_seconds, self._clock() - waiter.since_seconds)
                waiter.outcome.set_result(self._permit(waiter.size_bytes))

    async def _queued(self, size_bytes: int) -> Permit:
        if len(self._waiting) >= self._queue_limit:
            self._refused["queue-full"] += 1
            raise _error("queue-full")
        loop = asyncio.get_running_loop()
        waiter = _Waiter(size_bytes, self._clock(), loop.create_future())
        self._waiting.append(waiter)
        deadline = loop.call_later(self._deadline_seconds, self._refuse, waiter, "queue-timeout")
        try:
            outcome = await waiter.outcome
        except asyncio.CancelledError:
            self._abandon(waiter)
            raise
        finally:
            deadline.cancel()
        if isinstance(outcome, Permit):
            return outcome
        raise outcome

    def _abandon(self, waiter: _Waiter) -> None:
        """Undo what a cancelled waiter has done: leave the queue, or give back what it got in its last moment."""
        self._leave(waiter)
        if not waiter.outcome.cancelled() and isinstance(permit := waiter.outcome.result(), Permit):
            permit.release()

    def _refuse(self, waiter: _Waiter, reason: Refusal) -> bool:
        """End one that waits; False when its outcome is there already."""
        if waiter.outcome.done():
            return False
        self._refused[reason] += 1
        waiter.outcome.set_result(_error(reason))
        self._leave(waiter)
        return True

    def _leave(self, waiter: _Waiter) -> None:
        """Take one out of the queue; those behind a large one may fit where it did not."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)
            self._let_in()

    def _refuse_too_large(self, size_bytes: int) -> None:
        largest_bytes = max(0, self._largest_bytes())
        if size_bytes > largest_bytes:
            self._refused["too-large"] += 1
            raise ImageTooLarge(
                f"Decoding this picture would take about {-(-size_bytes // MIB)} MiB of memory; "
                f"IMAGE_RAM_BUDGET_BYTES leaves {largest_bytes // MIB} MiB for it.",
                param="url",
            )

    async def _clear_for(self, permit: Permit) -> None:
        cleared = False
        try:
            cleared = await self._make_room(permit.size_bytes)
        finally:
            if not cleared:
                permit.release()
        if not cleared:
            self._refused["memory"] += 1
            raise _error("memory")


def _error(reason: Refusal) -> Overloaded:
    match reason:
        case "queue-full":
            return QueueFull("Too many pictures wait for memory.", retry_after_seconds=RETRY_AFTER_SECONDS)
        case "queue-timeout":
            return QueueFull("The picture waited too long for memory.", retry_after_seconds=RETRY_AFTER_SECONDS)
    return MemoryPressure("The service is short of memory.", retry_after_seconds=RETRY_AFTER_SECONDS)
