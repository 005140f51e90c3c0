"""The page of ``/docs`` in a browser."""

import pytest
from axe_playwright_python.async_playwright import Axe

from tests.support.browser import chromium
from tests.support.origin import ScriptedOrigin
from tests.support.service import running_service


@pytest.fixture
async def address(tmp_path):
    async with ScriptedOrigin() as origin, running_service(tmp_path, origin.port) as service:
        yield f"{service.base_url}/docs"


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
async def test_it_needs_nothing_else(address, scheme, dark):
    """The page is the one request; nothing is refused by its policy, and its colours are those the reader prefers."""
    async with chromium() as browser:
        page = await browser.new_page(color_scheme=scheme)
        asked, complaints = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(address)

        colour = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        lightest = max(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))
        assert (asked, complaints) == ([address], [])
        assert (lightest < 128) == dark
        assert await page.get_by_role("navigation", name="Routes").count() == 1


async def test_it_fits_a_telephone(address):
    """At 360 px nothing is wider than the page; what is folded opens by keyboard."""
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": 360, "height": 800})
        await page.goto(f"{address}#getImage")

        assert await page.evaluate("document.documentElement.scrollWidth") == 360
        folded = page.locator("#getImage summary", has_text="Problems")
        codes = page.locator("#getImage").get_by_role("link", name="source-not-allowed")
        assert not await codes.is_visible()
        await folded.press("Enter")
        assert await codes.is_visible()
        await codes.click()
        assert page.url == f"{address}#problem-source-not-allowed"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_bars_people_from_it(address, scheme):
    """The rules of axe find nothing, with all that is folded open; for its script the policy is put aside."""
    async with chromium() as browser:
        context = await browser.new_context(color_scheme=scheme, bypass_csp=True)
        page = await context.new_page()
        await page.goto(address)
        await page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")

        assert (await Axe().run(page)).response["violations"] == []
