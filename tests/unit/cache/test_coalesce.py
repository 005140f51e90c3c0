"""The coalescer, hazard by hazard: joining, leaving, waiting too long, nesting."""

import asyncio
import contextvars

import pytest

from imgsvc.cache.coalesce import Coalescer
from imgsvc.errors import OriginTimeout
from tests.support.looptime import loop_clock
from tests.unit.cache.work import Work, joining, settle


async def test_two_hundred_waiters_one_run(flights: Coalescer):
    """Two hundred waiters share one run and one object; all but the first joined."""
    work = Work(object())
    waiters = joining(flights, work, 200)
    await work.begun.wait()
    counted = flights.statistics()
    assert (counted.in_flight, counted.waiters, counted.started, counted.shared) == (1, 200, 1, 199)
    work.gate.set()
    outcomes = await asyncio.gather(*waiters)
    assert work.runs == 1
    assert all(o.value is work.value for o in outcomes)
    assert [o.joined for o in outcomes] == [False] + [True] * 199


async def test_map_is_empty_when_a_waiter_wakes(flights: Coalescer):
    """The first thing a waiter sees is that the key is free again."""
    work = Work()
    work.gate.set()
    await flights.join("k", work)
    assert flights.statistics().in_flight == 0
    await flights.join("k", work)
    assert work.runs == 2


async def test_keys_are_apart(flights: Coalescer):
    """Other keys are other work."""
    one, other = Work("one"), Work("other")
    waiters = joining(flights, one, key="1") + joining(flights, other, key="2")
    one.gate.set()
    other.gate.set()
    assert [o.value for o in await asyncio.gather(*waiters)] == ["one", "other"]


async def test_first_waiter_leaves(flights: Coalescer):
    """The one who began may leave; the others get the outcome of the same run."""
    work = Work()
    first, *others = joining(flights, work, 3)
    await work.begun.wait()
    first.cancel()
    await settle()
    assert first.cancelled()
    work.gate.set()
    assert [o.value for o in await asyncio.gather(*others)] == ["value"] * 2
    assert (work.runs, work.cancelled) == (1, 0)


async def test_last_waiter_leaves(flights: Coalescer):
    """When nobody waits any more the work is cancelled, and its key is free at once."""
    work = Work()
    waiters = joining(flights, work, 3)
    await work.begun.wait()
    for waiter in waiters:
        waiter.cancel()
    await asyncio.wait(waiters)
    assert flights.statistics().in_flight == 0
    await settle()
    assert (work.runs, work.cancelled) == (1, 1)
    assert flights.statistics().cancelled == 1


async def test_left_before_it_began(flights: Coalescer):
    """A waiter that leaves in the same breath leaves nothing running."""
    work = Work()
    (waiter,) = joining(flights, work)
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.wait((waiter,))
    await settle()
    assert work.runs in (0, 1)
    assert work.cancelled == work.runs


async def test_all_leave_then_newcomer(flights: Coalescer):
    """Who comes while the old work still cleans up begins anew and never sees the old one's end."""
    dying, leave = asyncio.Event(), asyncio.Event()

    async def slow_to_die():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            dying.set()
            await leave.wait()
            raise

    waiter = asyncio.create_task(flights.join("k", slow_to_die))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiter.cancel()
    await dying.wait()
    work = Work("new")
    (newcomer,) = joining(flights, work)
    await work.begun.wait()
    leave.set()
    await settle()
    assert flights.statistics().in_flight == 1
    work.gate.set()
    outcome = await newcomer
    assert (outcome.value, outcome.joined) == ("new", False)


async def test_work_that_ends_well_after_all_left(flights: Coalescer):
    """Work that will not be cancelled ends unseen; a newcomer's own is not touched."""

    async def stubborn():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "too late"

    waiter = asyncio.create_task(flights.join("k", stubborn))
    await settle()
    waiter.cancel()
    await settle()
    assert flights.statistics().cancelled == 1


async def test_timeout_of_one():
    """A waiter that has waited too long gets a timeout and merely leaves; who came later gets the outcome."""
    flights, work = Coalescer(timeout_seconds=30), Work()
    (first,) = joining(flights, work)
    await work.begun.wait()
    flights._timeout_seconds = 300
    (second,) = joining(flights, work)
    with loop_clock() as clock:
        await clock.forward(31)
        with pytest.raises(OriginTimeout) as caught:
            await first
    assert caught.value.retry_after_seconds > 0
    assert flights.statistics().timed_out == 1
    assert flights.statistics().waiters == 1
    work.gate.set()
    assert (await second).value == "value"
    assert (work.runs, work.cancelled) == (1, 0)


async def test_timeout_of_the_last():
    """When the last waiter's time is over the work ends too."""
    flights, work = Coalescer(timeout_seconds=0.01), Work()
    with pytest.raises(OriginTimeout):
        await flights.join("k", work)
    await settle()
    assert (work.cancelled, flights.statistics().in_flight) == (1, 0)


async def test_nested(flights: Coalescer):
    """Work may join other work: many results of one source fetch it once."""
    source = Work("source")

    async def result(n: int):
        return n, (await flights.join("source", source)).value

    waiters = [asyncio.create_task(flights.join(f"result {n}", lambda n=n: result(n))) for n in range(20)]
    await source.begun.wait()
    await settle()
    assert flights.statistics().in_flight == 21
    source.gate.set()
    assert [o.value for o in await asyncio.gather(*waiters)] == [(n, "source") for n in range(20)]
    assert source.runs == 1


async def test_nested_is_left_with_the_outer(flights: Coalescer):
    """When the outer work is given up it leaves the inner, which ends when it was the last to wait."""
    source = Work()

    async def result():
        return await flights.join("source", source)

    waiter = asyncio.create_task(flights.join("result", result))
    await source.begun.wait()
    waiter.cancel()
    await asyncio.wait((waiter,))
    await settle()
    assert source.cancelled == 1


async def test_re_entrant(flights: Coalescer):
    """Work that joins its own key would wait for ever: it is told so, and everything ends."""

    async def work():
        return await flights.join("k", work)

    with pytest.raises(RuntimeError, match="wait for itself"):
        await flights.join("k", work)


async def test_re_entrant_by_way_of_another(flights: Coalescer):
    """So is a ring of two, also when the second was begun by somebody else, and in a child task."""
    inner_begun, go_on = asyncio.Event(), asyncio.Event()

    async def inner():
        inner_begun.set()
        await go_on.wait()
        return await asyncio.gather(flights.join("outer", outer))

    async def outer():
        return await flights.join("inner", inner)

    stranger = asyncio.create_task(flights.join("inner", inner))
    await inner_begun.wait()
    waiter = asyncio.create_task(flights.join("outer", outer))
    await settle()
    go_on.set()
    for task in (stranger, waiter):
        with pytest.raises(RuntimeError, match="wait for itself"):
            await task


async def test_same_key_after_its_work(flights: Coalescer):
    """A key may be joined again from a context that its work, long done, has left behind."""
    context: list[contextvars.Context] = []

    async def work():
        context.append(contextvars.copy_context())

    await flights.join("k", work)
    await asyncio.create_task(flights.join("k", work), context=context[0])
    assert len(context) == 2


async def test_fresh_context(flights: Coalescer):
    """Nothing of the client that came first leaks into the work."""
    request_id = contextvars.ContextVar("request_id", default="none")
    request_id.set("mine")

    async def work():
        return request_id.get()

    assert (await flights.join("k", work)).value == "none"
    assert request_id.get() == "mine"


async def test_a_context_of_the_caller_s_making():
    """Whoever begins the work says what it knows of him; who joins later has no say."""
    request_id = contextvars.ContextVar("request_id", default="none")

    def carrying() -> contextvars.Context:
        context = contextvars.Context()
        context.run(request_id.set, request_id.get())
        return context

    flights = Coalescer(30, carrying)
    work = Work(None)

    async def ask(name: str) -> str:
        request_id.set(name)

        async def asked() -> str:
            await work()
            return request_id.get()

        return (await flights.join("k", asked)).value

    asking = [asyncio.create_task(ask(name)) for name in ("first", "second")]
    await work.begun.wait()
    work.gate.set()

    assert await asyncio.gather(*asking) == ["first", "first"]
    await flights.aclose()
