"""Work a few pieces at a time."""

import asyncio

import pytest

from imgsvc.errors import StoreError
from imgsvc.services.at_once import AT_ONCE, at_once


async def test_order_and_bound():
    """What comes is in the order of the items, however they end, and never more than eight are under way."""
    under_way, most = 0, 0

    async def work(item: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(item % 3):
            await asyncio.sleep(0)
        under_way -= 1
        return item * 2

    assert await at_once(range(50), work) == list(range(0, 100, 2))
    assert most == AT_ONCE
    assert await at_once([], work) == []


async def test_a_failure_ends_it():
    """The first error comes as it is, and what had not begun never does."""
    begun = []

    async def work(item: int) -> None:
        begun.append(item)
        if item == 3:
            raise StoreError("gone")
        await asyncio.Event().wait()

    with pytest.raises(StoreError, match="gone"):
        await at_once(range(50), work)
    assert len(begun) <= AT_ONCE


async def test_whoever_waits_may_leave():
    """Cancelled, it leaves nothing running."""
    before = asyncio.all_tasks()
    waiting = asyncio.create_task(at_once(range(3), lambda _: asyncio.Event().wait()))
    await asyncio.sleep(0)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert asyncio.all_tasks() == before
