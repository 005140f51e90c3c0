"""Places for sources being read."""

import asyncio

import pytest

from imgsvc.errors import QueueFull
from imgsvc.services.answers import Trace
from imgsvc.services.arrivals import Slots
from tests.unit.cache.work import settle


async def test_a_place_is_given_back_once():
    """Giving it back twice makes no second place."""
    slots = Slots(1, 1)
    slot = await slots.take(Trace())
    slot.give_back()
    slot.give_back()
    first = await slots.take(Trace())

    assert (slots.statistics().taken, slots.statistics().count) == (1, 1)
    first.give_back()


async def test_waiting_is_counted_as_queueing():
    """Who waits shows in the statistics, and its trace says how long."""
    slots, trace = Slots(1, 5), Trace()
    slot = await slots.take(Trace())
    waiter = asyncio.create_task(slots.take(trace))
    await settle()
    waiting = slots.statistics().waiting
    slot.give_back()
    (await waiter).give_back()

    assert (waiting, slots.statistics().waiting, slots.statistics().taken) == (1, 0, 0)
    assert "queue" in trace.seconds


async def test_the_queue_is_emptied_at_once():
    """When memory is short all who wait are refused; who has a place keeps it."""
    slots = Slots(1, 60)
    slot = await slots.take(Trace())
    waiters = [asyncio.create_task(slots.take(Trace())) for _ in range(3)]
    await settle()
    slots.refuse_waiting()

    for outcome in await asyncio.gather(*waiters, return_exceptions=True):
        assert isinstance(outcome, QueueFull)
        assert outcome.retry_after_seconds
    assert slots.statistics().taken == 1
    slot.give_back()


async def test_who_leaves_takes_no_place():
    """One that is cancelled while it waits leaves nothing taken."""
    slots = Slots(1, 60)
    slot = await slots.take(Trace())
    waiter = asyncio.create_task(slots.take(Trace()))
    await settle()
    waiter.cancel()
    await asyncio.wait((waiter,))
    slot.give_back()

    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert slots.statistics().taken == 0
