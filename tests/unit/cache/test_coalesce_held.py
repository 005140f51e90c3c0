"""Outcomes that have to be given back, and waiters whose time no longer runs."""

import asyncio

import pytest

from imgsvc.cache.coalesce import Coalescer
from imgsvc.errors import OriginTimeout
from tests.unit.cache.work import Work, joining, settle

pytestmark = pytest.mark.slow


class Resource:
    """Something that is open as long as anybody holds it."""

    def __init__(self) -> None:
        self.holds = 1

    def hold(self) -> None:
        assert self.holds, "held by nobody any more"
        self.holds += 1

    def let_go(self) -> None:
        self.holds -= 1
        assert self.holds >= 0


async def test_each_waiter_gets_it_held(flights: Coalescer):
    """Every waiter has a hold of its own, and the flight none when the last has landed."""
    resource = Resource()
    work = Work(resource)
    waiters = joining(flights, work, 5)
    await work.begun.wait()
    work.gate.set()
    outcomes = await asyncio.gather(*waiters)

    assert resource.holds == 5
    for outcome in outcomes:
        outcome.value.let_go()
    assert resource.holds == 0


async def test_who_left_holds_nothing(flights: Coalescer):
    """A waiter that was cancelled before the end has nothing to give back."""
    resource = Resource()
    work = Work(resource)
    first, second = joining(flights, work, 2)
    await work.begun.wait()
    first.cancel()
    work.gate.set()
    (await second).value.let_go()
    await settle()

    assert resource.holds == 0


@pytest.mark.parametrize("steps", range(8))
async def test_what_nobody_takes_is_given_back(flights: Coalescer, steps: int):
    """At whatever moment around the end its only waiter is cancelled, the outcome is let go once."""
    resource = Resource()
    work = Work(resource)
    (waiter,) = joining(flights, work)
    await work.begun.wait()
    work.gate.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.wait((waiter,))
    await settle()
    if not waiter.cancelled():
        waiter.result().value.let_go()

    assert resource.holds == 0
    assert flights.statistics().in_flight == 0


async def test_nobody_joins_what_is_let_go(flights: Coalescer):
    """Who comes in the same turn in which the last waiter leaves a finished flight begins anew."""
    made: list[Resource] = []
    gate = asyncio.Event()

    async def work() -> Resource:
        await gate.wait()
        made.append(Resource())
        return made[-1]

    waiter = asyncio.create_task(flights.join("k", work))
    await settle()
    gate.set()
    flight = next(iter(flights._flights.values()))
    flight.task.add_done_callback(lambda _: waiter.cancel())
    while not flight.task.done():
        await asyncio.sleep(0)
    waiter.cancel()
    newcomer = await flights.join("k", work)
    await asyncio.wait((waiter,))
    await settle()
    if not waiter.cancelled():
        waiter.result().value.let_go()
    newcomer.value.let_go()

    assert [resource.holds for resource in made] == [0] * len(made)


async def test_time_runs_until_the_head_has_arrived():
    """Work that says that its source has begun to send is waited for; work that does not is not."""
    flights = Coalescer(0.02)
    gate = asyncio.Event()

    async def work(*, head: bool) -> str:
        if head:
            flights.head_arrived()
        await gate.wait()
        return "done"

    patient = asyncio.create_task(flights.join("head", lambda: work(head=True)))
    with pytest.raises(OriginTimeout):
        await flights.join("none", lambda: work(head=False))
    gate.set()

    assert (await patient).value == "done"
    await flights.aclose()


async def test_a_head_outside_of_any_work_means_nothing(flights: Coalescer):
    """Called by nobody's work it does nothing."""
    flights.head_arrived()

    assert flights.statistics().in_flight == 0
