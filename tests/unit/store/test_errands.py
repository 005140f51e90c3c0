"""Tasks nobody waits for."""

import asyncio

import pytest

from imgsvc.store.errands import Errands


async def test_finished_waits_for_all():
    """The end waits for what was begun, and for what that began."""
    errands, done = Errands(), []

    async def errand(left: int) -> None:
        await asyncio.sleep(0)
        if left:
            errands.start(errand(left - 1))
        done.append(left)

    errands.start(errand(3))
    await errands.finished()
    assert done == [3, 2, 1, 0]
    await errands.finished()


async def test_failures_complain_to_nobody_else():
    """What an errand raises reaches who waits for it, and is no unseen exception otherwise."""

    async def fail() -> None:
        raise ValueError

    errands = Errands()
    with pytest.raises(ValueError):
        await errands.start(fail())
    errands.start(fail())
    errands.start(asyncio.sleep(10)).cancel()
    await errands.finished()
