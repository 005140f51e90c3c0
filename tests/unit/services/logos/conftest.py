"""The services in front of a scripted site and scripted services."""

from collections.abc import AsyncIterator

import pytest

from tests.support.logos import World, logo_world


@pytest.fixture
async def hasty(tmp_path) -> AsyncIterator[World]:
    """Give a world in which nobody waits for long."""
    async with logo_world(tmp_path, IMGSVC_LOGO_DEADLINE="1", IMGSVC_READ_TIMEOUT="0.5") as world:
        yield world


@pytest.fixture
async def world(tmp_path) -> AsyncIterator[World]:
    async with logo_world(tmp_path) as world:
        yield world
