"""Admission by bytes: turns, refusals, cancellation, and work that runs alone."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.errors import ImageTooLarge, MemoryPressure, QueueFull
from tests.unit.pressure.conftest import Room, settle

NOTHING_REFUSED = {"queue-full": 0, "queue-timeout": 0, "too-large": 0, "memory": 0, "flushed": 0}


async def test_what_fits_goes_in(room):
    """As long as the sum stays within the capacity nobody waits; a permit is given back once, however often."""
    first = await room.gate.admit(60)
    second = await room.gate.admit(40)
    assert room.figures == (100, 2, 0)
    first.release()
    first.release()
    assert room.figures == (40, 1, 0)
    second.release()
    counted = room.gate.statistics()
    assert (counted.capacity_bytes, counted.peak_bytes, counted.admitted_total) == (100, 100, 2)
    assert counted.refused == NOTHING_REFUSED


async def test_first_come_first_served(room):
    """A small piece behind a large one waits for its turn, though it would fit."""
    held, large, small, last = await room.ask(60, 50, 10, 51)
    assert [task.done() for task in (held, large, small, last)] == [True, False, False, False]
    held.result().release()
    await settle()
    assert [task.done() for task in (large, small, last)] == [True, True, False]
    small.result().release()
    await settle()
    assert room.figures == (50, 1, 1)


async def test_who_comes_later_does_not_overtake(room):
    """While somebody waits, newcomers wait behind."""
    await room.ask(60, 50)
    (late,) = await room.ask(1)
    assert not late.done()


async def test_a_full_queue(rooms):
    """One too many is refused at once, with a hint when to come back."""
    room = rooms(queue_limit=2)
    await room.ask(100, 1, 1)
    with pytest.raises(QueueFull) as refused:
        await room.gate.admit(1)
    assert refused.value.retry_after_seconds > 0
    assert room.gate.statistics().refused == NOTHING_REFUSED | {"queue-full": 1}


async def test_no_queue(rooms):
    """With no room to wait, what fits still goes in."""
    room = rooms(queue_limit=0)
    await room.ask(100)
    with pytest.raises(QueueFull):
        await room.gate.admit(1)


async def test_the_deadline(rooms):
    """Who has waited too long is told so, and those behind get what fits."""
    room = rooms(deadline_seconds=0.05)
    held, large = await room.ask(60, 50)
    with pytest.raises(QueueFull) as refused:
        await large
    assert refused.value.retry_after_seconds > 0
    assert room.gate.statistics().refused == NOTHING_REFUSED | {"queue-timeout": 1}
    (small,) = await room.ask(40)
    assert small.done()
    held.result().release()


async def test_behind_one_that_gave_up(room):
    """When a large one leaves the queue, the small ones behind it go in at once."""
    _, large, small = await room.ask(60, 50, 40)
    large.cancel()
    await settle()
    assert small.done()
    assert room.figures == (100, 2, 0)


async def test_cancelled_in_the_last_moment(room):
    """A permit given in the same turn of the loop in which its waiter was cancelled goes to the next."""
    held, cancelled, next_one = await room.ask(100, 100, 100)
    held.result().release()
    cancelled.cancel()
    await settle()
    assert cancelled.cancelled()
    assert next_one.done()

    next_one.result().release()
    held, cancelled, next_one = await room.ask(100, 100, 100)
    cancelled.cancel()
    held.result().release()
    await settle()
    assert (cancelled.cancelled(), next_one.done()) == (True, True)


async def test_refusing_all_that_wait(room):
    """Nobody in the queue is let in on that occasion; what runs goes on, and newcomers are welcome."""
    held, *waiting = await room.ask(60, 200, 10, 10)
    assert room.gate.refuse_waiting() == 3
    await settle()
    for task in waiting:
        assert isinstance(task.exception(), MemoryPressure)
        assert task.exception().retry_after_seconds > 0
    assert room.figures == (60, 1, 0)
    assert room.gate.statistics().refused == NOTHING_REFUSED | {"flushed": 3}
    assert room.gate.refuse_waiting() == 0
    (late,) = await room.ask(40)
    assert late.done()
    held.result().release()


async def test_refused_and_cancelled(room):
    """One that is refused and cancelled at once is cancelled, without a complaint about an error nobody read."""
    _, waiting, cancelled = await room.ask(100, 1, 1)
    cancelled.cancel()
    assert room.gate.refuse_waiting() == 1
    waiting.cancel()
    await settle()
    assert (waiting.cancelled(), cancelled.cancelled()) == (True, True)


async def test_alone(room):
    """An estimate above the capacity waits for an empty gate, makes room, and keeps everybody else out."""
    held, alone, small = await room.ask(10, 150, 1)
    assert (alone.done(), room.asked) == (False, [])
    room.hold.clear()
    held.result().release()
    await settle()
    assert room.asked == [(150, 150)]
    assert room.figures == (150, 1, 1)
    room.hold.set()
    await settle()
    assert (alone.done(), small.done()) == (True, False)
    alone.result().release()
    await settle()
    assert small.done()
    assert room.gate.statistics().peak_bytes == 150


async def test_too_large_even_alone(room):
    """What could not be run alone is refused at once, by name of the setting, without a place in the queue."""
    await room.ask(100)
    room.largest_bytes = 150
    assert [room.gate.could_admit(size_bytes) for size_bytes in (150, 151)] == [True, False]
    with pytest.raises(ImageTooLarge, match="IMAGE_RAM_BUDGET_BYTES") as refused:
        await room.gate.admit(151)
    assert refused.value.param == "url"
    room.largest_bytes = -5
    assert [room.gate.could_admit(size_bytes) for size_bytes in (100, 101)] == [True, False]
    with pytest.raises(ImageTooLarge, match="leaves 0 MiB"):
        await room.gate.admit(101)
    assert room.gate.statistics().refused == NOTHING_REFUSED | {"too-large": 2}
    assert room.figures == (100, 1, 0)


async def test_no_room_could_be_made(room):
    """Work that should run alone is refused when memory is not there after all, and the next is let in."""
    room.has_room = False
    held, alone, small = await room.ask(100, 150, 1)
    held.result().release()
    await settle()
    assert isinstance(alone.exception(), MemoryPressure)
    assert alone.exception().retry_after_seconds == 5
    assert small.done()
    assert room.gate.statistics().refused == NOTHING_REFUSED | {"memory": 1}


@pytest.mark.parametrize("end", ["cancelled", "failed"])
async def test_making_room_ends_otherwise(room, end):
    """A cancelled or failing eviction gives the gate back."""
    room.hold.clear()
    alone, small = await room.ask(150, 1)
    room.has_room = RuntimeError("broken")
    if end == "cancelled":
        alone.cancel()
    room.hold.set()
    await settle()
    assert alone.cancelled() or str(alone.exception()) == "broken"
    assert small.done()


async def test_a_permit_outlives_its_task(room):
    """Whoever holds the permit gives it back, however long the task that waited for it is gone."""
    (task,) = await room.ask(100)
    permit = task.result()
    room.tasks.clear()
    del task
    await settle()
    permit.release()
    assert room.figures == (0, 0, 0)


async def test_the_longest_wait(room):
    """It is measured on the clock, from the question to the permit."""
    held, _ = await room.ask(100, 1)
    room.now = 2.5
    held.result().release()
    assert room.gate.statistics().longest_wait_seconds == 2.5


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 140)),
        st.tuples(st.sampled_from(["release", "cancel"]), st.integers(0, 30)),
        st.tuples(st.sampled_from(["settle", "flush"]), st.just(0)),
    ),
    max_size=40,
)


@given(STEPS)
@settings(max_examples=100, deadline=None)
def test_any_sequence(steps):
    """Whatever happens: within the capacity or alone, in order of arrival, all counted, and in the end empty."""
    asyncio.run(play(steps))


async def play(steps) -> None:
    game = Game()
    for step, number in steps:
        await getattr(game, step)(number)
        in_use, admitted, waiting = game.room.figures
        assert in_use <= 100 or admitted == 1
        assert waiting <= 5
    await game.end()
    assert game.order == sorted(game.order)
    assert not game.overtaken
    assert game.room.figures == (0, 0, 0)


class Game:
    """
    Tasks at a gate, and the order in which those that waited got their permits.

    Who need not wait sees its permit at once, others a turn of the loop after it was given: only among those that
    waited does the order in which they see them say anything.
    """

    def __init__(self) -> None:
        self.room = Room(queue_limit=5)
        self.tasks: list[asyncio.Task] = []
        self.order: list[int] = []
        self.overtaken: list[int] = []
        self.newest = -1

    async def ask(self, size: int) -> None:
        self.newest = len(self.tasks)
        self.tasks.append(asyncio.create_task(self._admit(self.newest, size)))
        await asyncio.sleep(0)
        self.newest = -1

    async def release(self, number: int) -> None:
        for task in self.tasks[number : number + 1]:
            if task.done() and not task.cancelled() and not task.exception():
                task.result().release()

    async def cancel(self, number: int) -> None:
        for task in self.tasks[number : number + 1]:
            task.cancel()

    async def settle(self, _: int) -> None:
        await settle()

    async def flush(self, _: int) -> None:
        self.room.gate.refuse_waiting()

    async def end(self) -> None:
        """Give everything back, in the order of the questions, so that all that wait get their turn."""
        for number in range(len(self.tasks)):
            await settle()
            await self.release(number)

    async def _admit(self, number: int, size: int):
        _, _, waiting = self.room.figures
        permit = await self.room.gate.admit(size)
        if self.newest != number:
            self.order.append(number)
        elif waiting:
            self.overtaken.append(number)
        return permit


async def test_a_place_left_and_a_newcomer_in_one_turn():
    """Whoever waits behind one that is cancelled has its permit before somebody who comes in the same turn."""
    await play([("ask", 0), ("ask", 101), ("ask", 0), ("cancel", 1), ("ask", 0)])
