"""An origin with a large picture, and the loop's clock in the test's hands."""

import pytest

from tests.support.looptime import loop_clock
from tests.support.origin import ScriptedOrigin
from tests.support.pictures import png
from tests.unit.web.wire_requests import LARGE_BYTES


@pytest.fixture
async def origin():
    async with ScriptedOrigin() as origin:
        origin.serve("/large.png", png() + bytes(LARGE_BYTES))
        yield origin


@pytest.fixture
async def clock():
    with loop_clock() as clock:
        yield clock
