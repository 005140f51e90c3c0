"""The console where others answer: markup in every text, a proxy's pages, tokens of any letters."""

import json

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.support.console import REFUSED, opened, shown
from tests.support.process import service_process

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN = "s3crét-ключ"
MARKUP = '</script><img src=x onerror="window.ran=1"><svg onload=window.ran=1>"\'`${1}'
SVG = "<svg xmlns='http://www.w3.org/2000/svg' onload='parent.ran=1'><script>parent.ran=1</script></svg>"
REQUEST = {
    **dict.fromkeys(("method", "route", "tier", "cache", "request_id"), MARKUP),
    "time": 1.7e9, "status": 200, "ms": 1, "bytes": 2, "source": f"javascript:window.ran=1//{MARKUP}",
}  # fmt: skip
CANDIDATE = {
    **dict.fromkeys(("source", "scheme", "declared_size", "format", "rejected"), MARKUP), "purpose": [MARKUP],
    "url": f"javascript:window.ran=1//{MARKUP}", "width": 1, "height": 1, "score": 1.0, "points": {MARKUP: 1},
    "chosen": False,
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory):
    async with service_process(tmp_path_factory.mktemp("hostile"), "--demo", IMGSVC_ADMIN_TOKEN=TOKEN) as service:
        yield service


async def unlock(page: Page, token: str = TOKEN) -> None:
    await page.get_by_label("Admin token").fill(token)
    await page.get_by_role("button", name="Unlock").click()


async def answers(page: Page, path: str, body: object, status: int = 200, **headers: str) -> None:
    """Have something between the page and the service answer in its place; text as HTML, all else as JSON."""
    kind, text = ("text/html", body) if isinstance(body, str) else ("application/json", json.dumps(body))

    async def fulfil(route: Route) -> None:
        await route.fulfill(status=status, headers={"Content-Type": kind} | headers, body=text)

    await page.route(path, fulfil)


async def ask_for_a_logo(page: Page, name: str) -> None:
    await page.get_by_role("tab", name="Logo").click()
    form = page.locator("#form-logo")
    await form.locator("[name=_whose]").select_option("website")
    await form.locator("[name=_name]").fill(name)
    await form.evaluate("form => form.requestSubmit()")


async def test_a_token_of_any_letters(browser, service):
    """What the service takes as UTF-8 the page sends as UTF-8."""
    async with opened(browser, service.base_url) as page:
        await shown(page, "image")
        await unlock(page)
        await expect(page.get_by_role("table", name="The last requests")).to_contain_text("/api/cache/images")


async def test_markup_is_text(browser, service):
    """Whatever others have written is shown as they wrote it: nothing of it runs, and the policy is not needed."""
    async with opened(browser, service.base_url) as page:
        await shown(page, "image")
        told = {"Content-Type": "image/svg+xml", "X-Logo-Source": MARKUP, "Link": "<javascript:window.ran=1>"}
        await answers(page, "**/api/logo?*", SVG, **told)
        await answers(page, "**/api/cache/images?*", SVG, **told)
        await answers(page, "**/api/logo/candidates?*", {"candidates": [CANDIDATE], "chosen": MARKUP})
        await answers(page, "**/api/health/requests", {"requests": [REQUEST]})
        await unlock(page)
        await ask_for_a_logo(page, MARKUP)

        await expect(page.get_by_role("table", name="The last requests")).to_contain_text(MARKUP)
        await expect(page.get_by_role("table", name="Candidates for the logo")).to_contain_text(MARKUP)
        assert await page.evaluate("window.ran ?? null") is None
        assert await page.locator("a:not([href^='http']):not([href^='/']):not([href^='#'])").count() == 0


@pytest.mark.parametrize("status", [200, 502])
async def test_a_proxys_page_is_no_answer(browser, service, status):
    """HTML in the place of JSON is told as such; it costs nobody the token, which works when the service is back."""
    async with opened(browser, service.base_url, REFUSED) as page:
        await shown(page, "image")
        await unlock(page)
        listed = page.get_by_role("table", name="The last requests")
        await expect(listed).to_be_visible()
        await answers(page, "**/api/**", "<h1>Bad gateway</h1>", status)
        await ask_for_a_logo(page, "a.test")
        await expect(page.locator("#status")).to_have_text("unreachable")
        await expect(page.locator("#result-logo .problem").last).to_contain_text("answer")

        await page.unroute_all(behavior="wait")
        await expect(page.locator("#status")).to_have_text("healthy")
        await expect(listed).to_be_visible()
        assert await page.evaluate("sessionStorage.length") == 1


async def test_a_503_for_the_list_alone_keeps_the_token(browser, service):
    """A service that has no memory for a moment has not refused the token."""
    async with opened(browser, service.base_url, REFUSED) as page:
        await shown(page, "image")
        await unlock(page)
        await expect(page.get_by_role("table", name="The last requests")).to_be_visible()
        async with page.expect_response(lambda response: response.status == 503):
            await answers(page, "**/api/health/requests", {"title": "Busy", "detail": "No memory."}, 503)
        await page.unroute_all(behavior="wait")
        async with page.expect_response("**/api/health/requests") as answered:
            pass
        assert (await answered.value).ok
        assert await page.evaluate("sessionStorage.length") == 1
