"""The console in a real browser, with an eye on everything it complains of and everybody it asks."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page, Request, expect

REFUSED = "Failed to load resource: the server responded with a status of"
"""What Chromium writes of answers that are errors; a test that asks for one tolerates it."""
SILENT = "Failed to load resource: net::ERR_"
"""What it writes where nobody answers."""

WIDE = {"width": 1360, "height": 900}
NARROW = {"width": 360, "height": 740}


expect.set_options(timeout=60_000)  # ms; on a machine with other work a second is soon gone


class Complaints:
    """What a page complained of, violations of its policy included, and whom it asked."""

    def __init__(self, page: Page, tolerated: Sequence[str]) -> None:
        self.heard: list[str] = []
        self.origins: set[str] = set()
        self._tolerated = tuple(tolerated)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.heard.append(str(error)))
        page.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(self._tolerated):
            self.heard.append(message.text)

    def _see(self, request: Request) -> None:
        # Where a redirect leads is told even if the page does not follow; followed, its policy would complain.
        if request.redirected_from is None and not request.url.startswith(("blob:", "data:")):
            parts = urlsplit(request.url)
            self.origins.add(f"{parts.scheme}://{parts.netloc}")


@asynccontextmanager
async def opened(browser: Browser, base_url: str, *tolerated: str, at: str = "/", **options) -> AsyncIterator[Page]:
    """Open the console; in the end it has complained of nothing but what begins so, and asked its service alone."""
    context = await browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce"} | options)
    try:
        page = await context.new_page()
        complaints = Complaints(page, tolerated)
        await page.goto(base_url + at)
        # It is put together after its first paint; a key or a click before that would be for nobody.
        await expect(page.locator("[role=tab][tabindex='0']")).to_have_count(1)
        yield page
        assert complaints.heard == []
        assert complaints.origins == {base_url}
    finally:
        await context.close()


async def shown(page: Page, panel: str) -> None:
    """Wait until a tab of the playground has shown what its form says."""
    result = page.locator(f"#result-{panel}")
    await expect(result).not_to_have_attribute("aria-busy", "true")
    await expect(result.locator("img").first).to_be_visible()
