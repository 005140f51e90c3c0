"""What whole processes need, and what tests in a browser share."""

import signal
from collections.abc import Iterator

import pytest
import pytest_asyncio

from tests.support.browser import chromium


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let children hear SIGINT: they inherit that it is ignored, which shells do for what runs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    """One browser for a file of tests, whose loop is the module's; each test opens a context of its own."""
    async with chromium() as browser:
        yield browser
