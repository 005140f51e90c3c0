"""What tests in a browser share."""

import pytest_asyncio

from tests.support.browser import chromium


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser():
    """One browser for a file of tests, whose loop is the module's; each test opens a context of its own."""
    async with chromium() as browser:
        yield browser
