"""Things made behind the start."""

import asyncio

import pytest

from imgsvc.errors import Draining
from imgsvc.services.later import Later


class Maker:
    """Makes a list, when it is let go; counts how often it was asked, and how often what it made was closed."""

    def __init__(self) -> None:
        self.begun = self.closed = 0
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, stack) -> list[int]:
        self.begun += 1
        stack.callback(self.close)
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return [self.begun]

    def close(self) -> None:
        self.closed += 1


async def test_all_who_ask_wait_for_one_making():
    """It is made once, for all who ask before and after."""
    make = Maker()
    later = Later(make)
    waiting = [asyncio.create_task(later.get()) for _ in range(5)]
    await asyncio.sleep(0)
    make.go.set()

    made = await asyncio.gather(*waiting)

    assert all(each is made[0] for each in made)
    assert await later.get() is later.now() is made[0]
    assert make.begun == 1


async def test_who_leaves_takes_nothing_from_those_who_stay():
    """A cancelled caller ends alone."""
    make = Maker()
    later = Later(make)
    leaving, staying = asyncio.create_task(later.get()), asyncio.create_task(later.get())
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    make.go.set()

    assert await staying == [1]
    assert leaving.cancelled()


async def test_a_failure_is_told_and_tried_again():
    """All who wait are told, and what was half made is closed; the next who asks may have more luck."""
    make = Maker()
    make.error = OSError("too many open files")
    make.go.set()
    later = Later(make)
    for failure in await asyncio.gather(later.get(), later.get(), return_exceptions=True):
        assert failure is make.error
    await later.attempt()
    assert later.now() is None
    assert later.has_failed

    make.error = None

    assert make.closed == 2
    assert await later.get() == [3]
    assert not later.has_failed
    assert make.closed == 2
    await later.aclose()
    assert make.closed == 3


async def test_the_end_waits_for_a_making_and_closes_what_it_made():
    """What is half made at the end is made and closed; what nobody asked for is not made any more."""
    make, unasked = Maker(), Later(Maker())
    later = Later(make)
    waiting = asyncio.create_task(later.get())
    await asyncio.sleep(0)
    closing = asyncio.create_task(later.aclose())
    await asyncio.sleep(0)
    assert not closing.done()
    make.go.set()
    await closing
    await unasked.aclose()

    assert await waiting == [1]
    assert make.closed == 1
    with pytest.raises(Draining):
        await unasked.get()
