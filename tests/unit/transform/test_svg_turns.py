"""How long one drawing may take while another waits, and what is remembered of those that take too long."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from imgsvc.errors import ImageTooLarge, TransformTimeout
from imgsvc.transform.svg_task import SvgTask
from imgsvc.transform.svg_turns import (
    PATIENCE_SECONDS,
    PUT_OFF_SECONDS,
    REMEMBERED,
    TOO_SLOW_SECONDS,
    SlowDrawings,
    Turns,
)
from tests.support.looptime import loop_clock


class Drawn:
    """Somebody who draws for ever, with a hundred seconds for it."""

    def __init__(self, turns, digest=b"slow"):
        self.turns, self.digest, self.started = turns, digest, asyncio.Event()
        self.task = asyncio.create_task(self._draw())

    async def _draw(self):
        with self.turns.present(self.digest):
            async with asyncio.timeout(100) as self.limit:
                with self.turns.drawing(self.digest, self.limit):
                    self.started.set()
                    await asyncio.Event().wait()


@asynccontextmanager
async def drawing(turns):
    """Have somebody draw until the block ends; gives who does, and the loop's clock."""
    with loop_clock() as clock:
        drawn = Drawn(turns)
        await drawn.started.wait()
        try:
            yield drawn, clock
        finally:
            drawn.task.cancel()
            await asyncio.wait([drawn.task])


async def test_who_draws_alone_has_all_the_time():
    """Nobody waits, so the end stays where it was, until the time is over."""
    async with drawing(Turns()) as (drawn, clock):
        await clock.forward(99)
        assert not drawn.task.done()
        await clock.forward(2)
        with pytest.raises(TimeoutError):
            await drawn.task


async def test_who_waits_is_given_the_turn_after_a_moment():
    """Another document that waits ends a drawing, but not before it had its least time."""
    turns = Turns()
    async with drawing(turns) as (drawn, clock):
        with turns.present(b"other"):
            await clock.forward(PATIENCE_SECONDS - 1)
            assert not drawn.task.done()
            await clock.forward(2)
            with pytest.raises(TimeoutError):
                await drawn.task


async def test_who_waits_for_a_long_drawing_is_given_the_turn_at_once():
    """One that had more than its least time already ends with the first who comes."""
    turns = Turns()
    async with drawing(turns) as (drawn, clock):
        await clock.forward(PATIENCE_SECONDS + 1)
        assert not drawn.task.done()
        with turns.present(b"other"), pytest.raises(TimeoutError):
            await drawn.task


async def test_the_same_document_does_not_hurry_itself():
    """Whoever waits for the same at another size would fare no better."""
    turns = Turns()
    async with drawing(turns) as (drawn, clock):
        with turns.present(b"slow"):
            await clock.forward(PATIENCE_SECONDS + 1)
            assert not drawn.task.done()


async def test_who_leaves_gives_the_time_back():
    """Where those who waited have gone, a drawing has all its time again."""
    turns = Turns()
    async with drawing(turns) as (drawn, clock):
        with turns.present(b"other"):
            await clock.forward(1)
        await clock.forward(PATIENCE_SECONDS)
        assert not drawn.task.done()


class Now:
    seconds = 1000.0

    def __call__(self):
        return self.seconds


def task(width_px=1000, digest=b"d"):
    return SvgTask(digest, b"", width_px, 1000)


@pytest.mark.parametrize(
    ("was_alone", "kind", "lifetime_seconds"),
    [(True, ImageTooLarge, TOO_SLOW_SECONDS), (False, TransformTimeout, PUT_OFF_SECONDS)],
)
def test_what_took_too_long_is_refused_for_a_while(was_alone, kind, lifetime_seconds):
    """The error says how long it still holds, and is of the source where that had all the time, else of the load."""
    now = Now()
    slow = SlowDrawings(now)
    raised = slow.keep(task(), was_alone=was_alone)
    assert (type(raised), raised.retry_after_seconds) == (kind, lifetime_seconds)
    now.seconds += 3.5
    recalled = slow.recall(task())
    assert (type(recalled), recalled.retry_after_seconds) == (kind, lifetime_seconds - 3)
    assert slow.recall(task(digest=b"other")) is None
    now.seconds += lifetime_seconds - 3.5
    assert slow.recall(task()) is None


def test_a_clearly_smaller_size_may_be_tried():
    """What took too long at a size is refused at about that size and above, and not at a quarter of it."""
    slow = SlowDrawings(Now())
    slow.keep(task(1000), was_alone=True)
    assert [slow.recall(task(width)) is None for width in (2000, 1000, 999, 251, 250, 1)] == [False] * 4 + [True] * 2


def test_being_put_off_does_not_shorten_a_verdict():
    """A smaller size that was given up for others says nothing about the larger one that had all the time."""
    now = Now()
    slow = SlowDrawings(now)
    slow.keep(task(1000), was_alone=True)
    slow.keep(task(100), was_alone=False)
    now.seconds += PUT_OFF_SECONDS
    assert slow.recall(task(100)) is None
    assert isinstance(slow.recall(task(1000)), ImageTooLarge)


def test_no_more_is_remembered_than_there_is_room_for():
    """The document that nobody has asked for longest makes room."""
    slow = SlowDrawings(Now())
    for number in range(REMEMBERED + 1):
        slow.keep(task(digest=b"%d" % number), was_alone=True)
    assert [slow.recall(task(digest=digest)) is None for digest in (b"0", b"1", b"%d" % REMEMBERED)] == [
        True,
        False,
        False,
    ]
