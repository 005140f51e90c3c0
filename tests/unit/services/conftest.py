"""The spine in front of the scripted origin."""

from collections.abc import AsyncIterator

import pytest

from tests.support.origin import ScriptedOrigin
from tests.support.spine import Spine, spine


@pytest.fixture
async def origin() -> AsyncIterator[ScriptedOrigin]:
    async with ScriptedOrigin() as origin:
        yield origin


@pytest.fixture
async def parts(tmp_path, origin) -> AsyncIterator[Spine]:
    async with spine(tmp_path, origin) as parts:
        yield parts
