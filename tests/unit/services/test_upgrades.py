"""Better answers made behind: in turn, within limits, and never to anybody's harm."""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator
from contextvars import ContextVar

import pytest

from imgsvc.cache.coalesce import Coalescer
from imgsvc.errors import Draining
from imgsvc.services import upgrades as upgrades_module
from imgsvc.services.upgrades import MOST_WAITING, Upgrades
from tests.unit.cache.work import Work, settle


class Memory:
    """Says whether there is memory, and counts how often it was asked."""

    def __init__(self) -> None:
        self.is_there = True
        self.asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.is_there


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
async def upgrades(memory) -> AsyncIterator[Upgrades]:
    upgrades = Upgrades(memory)
    yield upgrades
    await upgrades.aclose()


def figures(upgrades: Upgrades) -> tuple[int, int, int, int, int]:
    seen = upgrades.statistics()
    return seen.running, seen.waiting, seen.done, seen.failed, seen.dropped


async def through(work: Work) -> None:
    """Let *work* end."""
    work.gate.set()
    await settle()


async def test_one_at_a_time_in_the_order_they_came(upgrades):
    """The next begins when the one before has ended, whatever came of it."""
    works = [Work(), Work(ValueError("x")), Work()]
    for n, work in enumerate(works):
        assert upgrades.begin(f"{n}", work)
    await settle()
    assert [work.runs for work in works] == [1, 0, 0]
    assert figures(upgrades) == (1, 2, 0, 0, 0)
    await through(works[0])
    assert [work.runs for work in works] == [1, 1, 0]
    for work in works[1:]:
        await through(work)

    assert [work.runs for work in works] == [1, 1, 1]
    assert figures(upgrades) == (0, 0, 2, 1, 0)


async def test_one_a_key(upgrades):
    """What waits or runs is not begun again; what has ended is, when somebody asks."""
    first, second, again = Work(), Work(), Work()
    assert upgrades.begin("a", first)
    assert not upgrades.begin("a", again)
    assert upgrades.begin("b", second)
    await settle()
    assert not upgrades.begin("a", again)
    assert not upgrades.begin("b", again)
    await through(first)
    await through(second)
    assert upgrades.begin("a", again)
    await through(again)

    assert again.runs == 1
    assert figures(upgrades) == (0, 0, 3, 0, 0)


async def test_what_is_too_much_is_dropped(upgrades):
    """One runs and so many wait; more are counted and forgotten, and may come again when there is room."""
    gate, late = Work(), Work()
    late.gate.set()
    upgrades.begin("first", gate)
    others = [Work() for _ in range(MOST_WAITING)]
    assert all(upgrades.begin(f"{n}", work) for n, work in enumerate(others))
    assert not upgrades.begin("late", late)
    assert figures(upgrades) == (1, MOST_WAITING, 0, 0, 1)
    await through(gate)
    assert upgrades.begin("late", late)
    for work in others:
        await through(work)

    assert late.runs == 1
    assert figures(upgrades) == (0, 0, MOST_WAITING + 2, 0, 1)


async def test_nothing_is_begun_while_memory_is_short(upgrades, memory):
    """Who is refused may ask again later."""
    memory.is_there = False
    work = Work()
    assert not upgrades.begin("a", work)
    memory.is_there = True
    assert upgrades.begin("a", work)
    await through(work)

    assert (work.runs, figures(upgrades)) == (1, (0, 0, 1, 0, 1))


async def test_memory_is_asked_again_when_its_turn_comes(upgrades, memory):
    """What waited while memory became short is dropped, not begun."""
    running, waiting = Work(), [Work(), Work()]
    upgrades.begin("a", running)
    for n, work in enumerate(waiting):
        upgrades.begin(f"{n}", work)
    memory.is_there = False
    await through(running)

    assert [work.runs for work in waiting] == [0, 0]
    assert figures(upgrades) == (0, 0, 1, 0, 2)


async def test_an_error_is_logged_once_a_key(upgrades, caplog):
    """What can be expected is told in a line, what cannot with its trace; the second time neither."""
    caplog.set_level(logging.INFO, "imgsvc.upgrades")
    for key, error in (("a", Draining("it ends")), ("b", ValueError("x")), ("a", Draining("it ends"))):
        work = Work(error)
        upgrades.begin(key, work)
        await through(work)

    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("INFO", "no better answer for a: it ends"),
        ("WARNING", "a better answer for b failed unforeseen"),
    ]
    assert figures(upgrades) == (0, 0, 0, 3, 0)


async def test_who_has_succeeded_since_is_complained_of_again(upgrades, caplog):
    """A failure after a success is news."""
    caplog.set_level(logging.INFO, "imgsvc.upgrades")
    for value in (Draining("x"), "value", Draining("x")):
        work = Work(value)
        upgrades.begin("a", work)
        await through(work)

    assert len(caplog.records) == 2


async def test_what_was_complained_of_is_not_remembered_without_end(upgrades, caplog, monkeypatch):
    """Beyond so many keys all are forgotten, and logged once more."""
    caplog.set_level(logging.INFO, "imgsvc.upgrades")
    monkeypatch.setattr(upgrades_module, "MOST_BLAMED", 2)
    for key in "abca":
        work = Work(Draining("x"))
        upgrades.begin(key, work)
        await through(work)

    assert len(caplog.records) == 4
    assert len(upgrades._blamed) <= 2


async def test_work_that_cannot_even_begin_is_a_failure(upgrades):
    """A fault in whoever makes the work is no reason to stop."""

    def broken():
        raise ValueError("x")

    after = Work()
    upgrades.begin("a", broken)
    upgrades.begin("b", after)
    await through(after)

    assert figures(upgrades) == (0, 0, 1, 1, 0)


async def test_work_that_is_cancelled_by_others_is_a_failure(upgrades):
    """What it waited for was given up; the next has its turn."""

    async def given_up() -> None:
        raise asyncio.CancelledError

    after = Work()
    upgrades.begin("a", given_up)
    upgrades.begin("b", after)
    await through(after)

    assert figures(upgrades) == (0, 0, 1, 1, 0)


async def test_pictures_in_hand_are_let_go_with_the_error(upgrades):
    """An error refers to its frames and they to it: what lies in them must not wait for the collector."""
    frames = []

    async def failing() -> None:
        picture = bytearray(10)
        frames.append(inspect.currentframe())
        raise ValueError(picture)

    upgrades.begin("a", failing)
    await settle()

    assert "picture" not in frames[0].f_locals


async def test_work_begun_in_a_flight_may_join_flights(upgrades):
    """It is no part of the flight it was thought of in, so it may even wait for that one."""
    flights, context = Coalescer(5), ContextVar("context", default="none")
    seen = []

    async def better() -> None:
        seen.append((context.get(), (await flights.join("a", Work())).value))

    async def good() -> str:
        context.set("flight")
        upgrades.begin("a", better)
        await settle()
        return "good"

    await flights.join("a", good)
    await settle()
    await flights.aclose()

    assert seen == [("none", "good")]
    assert figures(upgrades) == (0, 0, 1, 0, 0)


async def test_the_end_cancels_what_runs_and_forgets_what_waits(memory):
    """Afterwards nothing is taken any more; closing twice does no harm."""
    upgrades, running, waiting = Upgrades(memory), Work(), Work()
    upgrades.begin("a", running)
    upgrades.begin("b", waiting)
    await settle()
    await upgrades.aclose()
    await upgrades.aclose()

    assert (running.cancelled, waiting.runs) == (1, 0)
    assert not upgrades.begin("c", waiting)
    assert figures(upgrades) == (0, 0, 0, 0, 0)


async def test_the_end_before_the_first_step(memory):
    """Work that was taken in this very turn never begins."""
    upgrades, work = Upgrades(memory), Work()
    upgrades.begin("a", work)
    await upgrades.aclose()

    assert (work.runs, figures(upgrades)) == (0, (0, 0, 0, 0, 0))


async def test_an_error_at_the_end_is_seen(memory, caplog):
    """Work that fails while it is cancelled is logged like any other."""
    caplog.set_level(logging.INFO, "imgsvc.upgrades")
    begun = asyncio.Event()

    async def stubborn() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise Draining("it ends") from None

    upgrades = Upgrades(memory)
    upgrades.begin("a", stubborn)
    await begun.wait()
    await upgrades.aclose()

    assert [r.getMessage() for r in caplog.records] == ["no better answer for a: it ends"]
    assert figures(upgrades) == (0, 0, 0, 1, 0)
