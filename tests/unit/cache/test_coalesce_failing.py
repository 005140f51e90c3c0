"""The coalescer where work fails or is ended."""

import asyncio
import gc
import traceback
import weakref

import pytest

from imgsvc.cache.coalesce import Coalescer
from imgsvc.errors import Draining, NotAnImage
from tests.unit.cache.work import Work, joining, settle

pytestmark = pytest.mark.slow


async def test_error_shared(flights: Coalescer):
    """Each waiter gets the error, in a copy of its own with cause and fields, its traceback not piled up."""
    error = NotAnImage("Text.", param="url", retry_after_seconds=7)
    error.__cause__ = ValueError("cause")
    work = Work(error)
    waiters = joining(flights, work, 50)
    await work.begun.wait()
    work.gate.set()
    outcomes = await asyncio.gather(*waiters, return_exceptions=True)
    assert {type(o) for o in outcomes} == {NotAnImage}
    assert len({id(o) for o in outcomes}) == 50
    assert {(o.detail, o.param, o.retry_after_seconds) for o in outcomes} == {("Text.", "url", 7)}
    assert all(o.__cause__ is error.__cause__ for o in outcomes)
    lengths = {len(traceback.extract_tb(o.__traceback__)) for o in outcomes}
    assert len(lengths) == 1
    assert any(frame.name == "__call__" for frame in traceback.extract_tb(outcomes[0].__traceback__))
    assert work.runs == 1
    assert flights.statistics().failed == 1


class Awkward(Exception):
    """Cannot be copied: its constructor wants more than it passes on."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


class Shrinking(Exception):
    """Turns into something else when copied."""

    def __reduce__(self) -> tuple:
        return (ValueError, ("shrunk",))


@pytest.mark.parametrize("error", [Awkward("a", "b"), Shrinking("x")], ids=["awkward", "shrinking"])
async def test_error_that_cannot_be_copied(flights: Coalescer, error: Exception):
    """Such an error is given out itself, and still its traceback does not grow with the waiters."""
    work = Work(error)
    lengths = []

    async def wait() -> None:
        with pytest.raises(type(error)) as caught:
            await flights.join("k", work)
        assert caught.value is error
        lengths.append(len(caught.traceback))

    work.gate.set()
    await asyncio.gather(*(wait() for _ in range(20)))
    assert len(set(lengths)) == 1


async def test_error_nobody_saw(flights: Coalescer):
    """Work that fails after its last waiter has left makes no noise."""

    async def fails_late():
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("unseen")

    waiter = asyncio.create_task(flights.join("k", fails_late))
    await settle()
    waiter.cancel()
    await asyncio.wait((waiter,))
    await settle()
    assert flights.statistics().cancelled == 1


async def test_work_that_cannot_begin(flights: Coalescer):
    """An error on the way to the coroutine is the work's own error."""

    def refuses():
        raise ValueError("no coroutine")

    with pytest.raises(ValueError, match="no coroutine"):
        await flights.join("k", refuses)


async def test_cancelled_by_what_it_waits_for(flights: Coalescer):
    """Work that is cancelled from inside cancels none of its waiters: they get an error."""

    async def work():
        raise asyncio.CancelledError

    waiters = [asyncio.create_task(flights.join("k", work)) for _ in range(3)]
    outcomes = await asyncio.gather(*waiters, return_exceptions=True)
    assert {type(o) for o in outcomes} == {Draining}


async def test_close(flights: Coalescer):
    """Closing ends all work and waits for it; its waiters are told, and nobody joins any more."""
    works = [Work(), Work()]
    waiters = joining(flights, works[0], 3, "1") + joining(flights, works[1], 1, "2")
    await works[1].begun.wait()
    await flights.aclose()
    assert [w.cancelled for w in works] == [1, 1]
    outcomes = await asyncio.gather(*waiters, return_exceptions=True)
    assert {type(o) for o in outcomes} == {Draining}
    with pytest.raises(Draining):
        await flights.join("3", Work())
    await flights.aclose()


async def test_close_waits_for_cleaning_up(flights: Coalescer):
    """Closing returns only when abandoned work has cleaned up too."""
    cleaned = []

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    waiter = asyncio.create_task(flights.join("k", work))
    await settle()
    waiter.cancel()
    await asyncio.sleep(0)
    await flights.aclose()
    assert cleaned == [True]


async def test_an_error_keeps_nothing_alive(flights: Coalescer):
    """What failed work had in hand is free at once, without the cyclic collector; its error says where it was."""

    class Body:
        """Something large."""

    kept: list[weakref.ref[Body]] = []

    async def work() -> None:
        body = Body()
        kept.append(weakref.ref(body))
        try:
            {}["inside"]
        except KeyError as error:
            raise NotAnImage("gone") from error

    gc.disable()
    try:
        with pytest.raises(NotAnImage) as raised:
            await flights.join("k", work)
        await settle()
        assert [body() for body in kept] == [None]
    finally:
        gc.enable()
    assert any(entry.name == "work" for entry in raised.traceback)
