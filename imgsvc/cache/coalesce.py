"""One task a key: equal questions asked at the same time share one piece of work and its outcome."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from msgspec import Struct

from imgsvc.cache.raising import copy_of, drop_locals
from imgsvc.errors import Draining, OriginTimeout

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")

RETRY_AFTER_SECONDS = 5
"""What a waiter that gave up is told: the work goes on for the others and is probably done soon."""


class Held(Protocol):
    """
    A value that has to be given back, such as one with a file behind it.

    The work returns it held once. Each waiter gets it held once more, before anybody can have let it go, and lets it
    go itself.
    """

    def hold(self) -> None:
        """Want it once more."""

    def let_go(self) -> None:
        """Want it once less."""


class Outcome(Struct, Generic[T], frozen=True):
    """
    What a piece of work gave.

    Attributes:
        value: the same object for every waiter; one that is :class:`Held` is the waiter's to let go.
        joined: whether another waiter had begun the work.
    """

    value: T
    joined: bool


class CoalescerStatistics(Struct, frozen=True):
    """
    State, and counters since the start.

    Attributes:
        in_flight: keys being worked on now.
        waiters: those who wait for them now.
        started: pieces of work begun.
        shared: waiters that joined work another had begun.
        failed: pieces of work that ended in an error.
        cancelled: pieces of work given up because nobody waited any more, or at the end.
        timed_out: waiters that gave up.
    """

    in_flight: int
    waiters: int
    started: int
    shared: int
    failed: int
    cancelled: int
    timed_out: int


class _Flight:
    """Work on one key; *waits_for* are the flights its own work has joined, as far as they have not landed."""

    task: asyncio.Task[Any]

    def __init__(self, key: str, head: asyncio.Future[None]) -> None:
        self.key = key
        self.head = head
        self.waiters = 0
        self.abandoned = False
        self.let_go = False
        self.traceback: TracebackType | None = None
        self.waits_for: list[_Flight] = []

    def depends_on(self, other: "_Flight") -> bool:
        """Whether this flight can only land after *other*; a flight depends on itself."""
        return self is other or any(flight.depends_on(other) for flight in self.waits_for)


_current_flight: ContextVar[_Flight | None] = ContextVar("imgsvc_flight", default=None)


class Coalescer:
    """
    The map of all work in flight; knows nothing of what the work is.

    The work runs in a task that belongs to the map, in a fresh context, so that nothing of the client that happened
    to come first leaks into it. Every waiter, the first included, merely waits: one that is cancelled or runs out of
    patience leaves the others undisturbed. When the last has left, the task is cancelled and its key leaves the map
    *at once*: who comes then begins anew instead of joining work that is dying, even while the old task still cleans
    up. (So two pieces of work on one key can overlap for that moment; work must not rely on being the only one.)

    A waiter holds nothing of the map's while it waits, and should hold no permit, thread or connection of its own.

    Args:
        timeout_seconds: longest wait of one waiter, from its :meth:`join` to the end of the work, or until the work has
            said by :meth:`head_arrived` that the rest is worth waiting for.
        make_context: gives the fresh context of a piece of work, asked by whoever begins it.
    """

    def __init__(self, timeout_seconds: float, make_context: Callable[[], Context] = Context) -> None:
        self._timeout_seconds = timeout_seconds
        self._make_context = make_context
        self._flights: dict[str, _Flight] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing = False
        self._started = self._shared = self._failed = self._cancelled = self._timed_out = 0

    async def join(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> Outcome[T]:
        """
        Wait for the outcome of the work on *key*; begin it when nobody has.

        Args:
            key: what the work is about.
            work: makes the coroutine to run; not called when there is work to join.

        Raises:
            OriginTimeout: this waiter's time is over; the work goes on while others wait.
            Draining: the map is closed.
            RuntimeError: the call comes, directly or by way of others, from inside the work on *key* itself: it would
                wait for itself.
            Exception: whatever the work raised, a copy for each waiter.
        """
        if self._closing:
            raise Draining("The service is shutting down.")
        flight = self._flights.get(key)
        joined = flight is not None
        if flight is None:
            flight = self._launch(key, work)
        with self._waiting(flight):
            self._shared += joined
            await self._patience(flight)
            value = self._land(flight)
            if _is_held(value):
                cast("Held", value).hold()
            return Outcome(value, joined)

    def head_arrived(self) -> None:
        """Say, from inside some work, that what it waits for has begun to come: its waiters' time no longer runs."""
        flight = _current_flight.get()
        if flight is not None and not flight.head.done():
            flight.head.set_result(None)

    def statistics(self) -> CoalescerStatistics:
        """Snapshot of state and counters."""
        return CoalescerStatistics(
            in_flight=len(self._flights),
            waiters=sum(flight.waiters for flight in self._flights.values()),
            started=self._started,
            shared=self._shared,
            failed=self._failed,
            cancelled=self._cancelled,
            timed_out=self._timed_out,
        )

    async def aclose(self) -> None:
        """Cancel what is in flight and wait until it has ended; its waiters get :class:`imgsvc.errors.Draining`."""
        self._closing = True
        for flight in list(self._flights.values()):
            self._abandon(flight)
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _patience(self, flight: _Flight) -> None:
        """Wait for the end of the work, for as long as a waiter waits."""
        await asyncio.wait(
            (flight.task, flight.head), timeout=self._timeout_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if flight.head.done():
            await asyncio.wait((flight.task,))

    def _launch(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> _Flight:
        flight = self._flights[key] = _Flight(key, asyncio.get_running_loop().create_future())
        flight.task = asyncio.create_task(_run(flight, work), name=f"flight {key}", context=self._make_context())
        # Added before any waiter's own callback, so it runs first: who wakes finds the key gone.
        flight.task.add_done_callback(lambda _: self._ended(flight))
        self._tasks.add(flight.task)
        self._started += 1
        return flight

    @contextmanager
    def _waiting(self, flight: _Flight) -> Iterator[None]:
        """Count the caller among the flight's waiters; the last to leave unfinished work ends it."""
        inside = _current_flight.get()
        if inside is not None and flight.depends_on(inside):
            raise RuntimeError(f"the work on {inside.key!r} would wait for itself by way of {flight.key!r}")
        flight.waiters += 1
        with _edge(inside, flight):
            try:
                yield
            finally:
                flight.waiters -= 1
                if not flight.waiters:
                    # Also when the task is done: nobody may join, in this turn of the loop, what is let go in it.
                    self._forget(flight)
                    _let_go(flight) if flight.task.done() else self._abandon(flight)

    def _land(self, flight: _Flight) -> Any:
        """Give what the task gave, or raise what is to be raised in this waiter."""
        if not flight.task.done():
            self._timed_out += 1
            raise OriginTimeout("The picture took too long to make.", retry_after_seconds=RETRY_AFTER_SECONDS)
        if flight.task.cancelled() or flight.abandoned:
            # It is not the waiter that was cancelled, so it must not see a CancelledError. Work that nobody here
            # cancelled was so by what it waited for, which only happens when that is being closed.
            raise Draining("The work was given up.")
        if (error := flight.task.exception()) is not None:
            raise copy_of(error, flight.traceback)
        return flight.task.result()

    def _abandon(self, flight: _Flight) -> None:
        flight.abandoned = True
        self._forget(flight)
        flight.task.cancel()

    def _forget(self, flight: _Flight) -> None:
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]

    def _ended(self, flight: _Flight) -> None:
        """Count the end and take note of its error, so that asyncio never reports one as unseen."""
        self._tasks.discard(flight.task)
        self._forget(flight)
        error = None if flight.task.cancelled() else flight.task.exception()
        if flight.abandoned or flight.task.cancelled():
            self._cancelled += 1
        elif error is not None:
            self._failed += 1
            flight.traceback = error.__traceback__
            drop_locals(error)
        if not flight.waiters:
            _let_go(flight)


def _let_go(flight: _Flight) -> None:
    """Let go what the work gave, when every waiter has taken hold of it for itself, or none is left."""
    if flight.let_go or flight.task.cancelled() or flight.task.exception() is not None:
        return
    flight.let_go = True
    if _is_held(value := flight.task.result()):
        value.let_go()


def _is_held(value: object) -> bool:
    """Whether a value is :class:`Held`; asking the protocol itself takes ten times as long."""
    return hasattr(type(value), "let_go")


async def _run(flight: _Flight, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    _current_flight.set(flight)
    return await work()


@contextmanager
def _edge(inside: _Flight | None, flight: _Flight) -> Iterator[None]:
    """Note that the work of *inside*, if the caller is work at all, waits for *flight*."""
    if inside is None:
        yield
        return
    inside.waits_for.append(flight)
    try:
        yield
    finally:
        inside.waits_for.remove(flight)
