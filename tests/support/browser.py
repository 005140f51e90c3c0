"""A real browser: headless Chromium, as the system has it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

from tests.support.tools import require_tool

_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
"""No sandbox, for tests may run as root; and nothing is asked of the internet."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start Chromium and end it; where there is none, the test is skipped."""
    path = require_tool("chromium", "chromium-browser", "google-chrome")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()
