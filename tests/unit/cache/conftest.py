"""A coalescer that must end empty."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from imgsvc.cache.coalesce import Coalescer
from tests.unit.cache.work import settle


@pytest.fixture
async def flights() -> AsyncIterator[Coalescer]:
    """A coalescer that nobody waits for long; nothing may be left of it, nor any complaint on the loop."""
    complaints: list[dict] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    flights = Coalescer(timeout_seconds=30)
    yield flights
    counted = flights.statistics()
    assert (counted.in_flight, counted.waiters) == (0, 0)
    await settle()
    assert not [t for t in asyncio.all_tasks() if t.get_name().startswith("flight ")]
    gc.collect()
    assert complaints == []
