"""Drawing SVG in this process, which only tests do."""

import pytest
import pyvips


@pytest.fixture(autouse=True)
def _svg_may_be_drawn() -> None:
    """Let libvips draw SVG, whichever test before has set it up as the service does; that blocks it once more."""
    pyvips.operation_block_set("VipsForeignLoadSvg", False)
