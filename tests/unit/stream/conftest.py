"""A bench to try spools on."""

import pytest

from tests.support.spools import bench as opened_bench


@pytest.fixture
async def bench(tmp_path):
    async with opened_bench(tmp_path / "spools") as made:
        yield made
