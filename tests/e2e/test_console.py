"""The console in Chromium: what it shows by itself, of a service that works, and of one that does not."""

import re
import signal

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.support.console import NARROW, REFUSED, SILENT, opened, shown
from tests.support.origin import ScriptedOrigin
from tests.support.pictures import png
from tests.support.process import service_process
from tests.support.service import running_service
from tests.support.tools import free_ports

pytestmark = [pytest.mark.early, pytest.mark.asyncio(loop_scope="module")]

TABS = ("image", "logo", "card")
LEVELS = ("warning", "guard", "critical", "cleanup", "emergency")
TOKEN = "s3cret"
WCAG = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory):
    async with service_process(tmp_path_factory.mktemp("demo"), "--demo", IMGSVC_ADMIN_TOKEN=TOKEN) as service:
        yield service


async def unlock(page: Page, token: str) -> None:
    await page.get_by_label("Admin token").fill(token)
    await page.get_by_role("button", name="Unlock").click()


async def test_the_first_run_shows_a_picture(browser, demo):
    """In a demo the page opens with a sample, before and after, and with the instruments filled."""
    async with opened(browser, demo.base_url) as page:
        await shown(page, "image")
        paint = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")

        widths = await page.locator("#result-image img").evaluate_all("all => all.map(image => image.naturalWidth)")
        assert widths == [2000, 480]
        await expect(page.locator("#status")).to_have_text("healthy")
        await expect(page.locator("#level")).to_have_text("ok")
        chart = page.get_by_role("img", name="Resident memory")
        await expect(chart).to_be_visible()
        for level in LEVELS:
            await expect(chart.get_by_text(level)).to_be_visible()
            assert f"{level} from" in await chart.get_attribute("aria-label")
        await expect(page.get_by_role("region", name="Latency")).to_contain_text("/api/cache/images")
    print(f"first contentful paint after {paint:.0f} ms")  # noqa: T201 - a figure to look at, too noisy to assert


async def test_the_start_names_it_first(demo):
    """Among what there is to look at, the demo names the console first."""
    lines = [(await demo.process.stdout.readline()).decode().strip() for _ in range(3)]
    assert lines == ["", "To look at:", f"{demo.base_url}/   the console"]


async def test_it_follows_what_happens(browser, tmp_path):
    """Answers, tiers and refusals are counted while the page is looked at; probes and the page itself are not."""
    async with ScriptedOrigin() as origin, running_service(tmp_path, origin.port) as service:
        origin.serve("/a.png", png())
        async with opened(browser, service.base_url) as page:
            tiers = page.get_by_role("table", name="Where pictures came from")
            await expect(tiers.get_by_role("row", name="memory")).to_contain_text("0")
            for _ in range(4):
                await service.image(origin.url("/a.png"), w=5)

            await expect(tiers.get_by_role("row", name="memory")).to_have_text("memory375 %75 %")
            await expect(tiers.get_by_role("row", name="origin")).to_have_text("origin125 %25 %")
            await expect(page.locator("#latency")).not_to_contain_text("/api/health")
            await expect(page.locator("#refusals")).to_have_text("none")


async def test_a_service_that_stops_and_comes_back(browser, tmp_path):
    """Killed, it is called unreachable, and said so to who does not see it; started again, all is well."""
    port = ("--port", str(*free_ports(1)))
    async with service_process(tmp_path, *port) as service:
        watched = opened(browser, service.base_url, SILENT, REFUSED)
        page = await watched.__aenter__()
        await expect(page.locator("#status")).to_have_text("healthy")
        await service.end(signal.SIGKILL)
        await expect(page.locator("#status")).to_have_text("unreachable", timeout=60_000)
        await expect(page.get_by_role("status")).to_contain_text("The service is unreachable")
    async with service_process(tmp_path, *port):
        await expect(page.locator("#status")).to_have_text("healthy", timeout=60_000)
        await expect(page.get_by_role("status")).to_contain_text("The service is healthy")
        await expect(page.locator("#reasons")).to_be_empty()
        await watched.__aexit__(None, None, None)


async def test_recent_requests_need_the_token(browser, demo):
    """A wrong token is told so; the right one shows the list, is kept by this tab alone, and can be forgotten."""
    async with opened(browser, demo.base_url, REFUSED) as page:
        await shown(page, "image")
        await unlock(page, "wrong")
        await expect(page.get_by_role("alert")).to_contain_text("IMGSVC_ADMIN_TOKEN")
        await expect(page.locator("#requests")).to_be_hidden()

        await unlock(page, TOKEN)
        listed = page.get_by_role("table", name="The last requests")
        await expect(listed).to_contain_text("GET /api/cache/images")
        await expect(listed).to_contain_text(f"{demo.base_url}/demo/landscape.jpg")
        await expect(page.get_by_role("alert")).to_be_empty()
        assert await page.evaluate("[sessionStorage.length, localStorage.length, document.cookie]") == [1, 0, ""]
        assert TOKEN not in page.url

        await page.get_by_role("button", name="Forget token").click()
        await expect(listed).to_have_count(0)
        assert await page.evaluate("sessionStorage.length") == 0


async def test_without_a_token_set_the_page_says_so(browser, tmp_path):
    """Where the service keeps no requests, the answer says which setting would make it."""
    async with running_service(tmp_path, 1) as service, opened(browser, service.base_url, REFUSED) as page:
        await unlock(page, TOKEN)
        await expect(page.get_by_role("alert")).to_contain_text("IMGSVC_ADMIN_TOKEN to be set")


async def test_the_policy_holds(browser, demo):
    """What somebody got into the page could neither run, nor look different, nor tell another host."""
    injected = """async () => {
        const blocked = new Set();
        document.addEventListener('securitypolicyviolation', event => blocked.add(event.effectiveDirective));
        const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        const image = document.createElement('img');
        image.src = 'http://127.0.0.2:1/a.png';
        const frame = document.createElement('iframe');
        frame.src = location.href;
        const style = document.createElement('style');
        style.textContent = 'body { display: none }';
        document.body.append(script, image, frame, style);
        await fetch('http://127.0.0.2:1/').catch(() => null);
        for (let n = 0; n < 200 && blocked.size < 5; n += 1) await new Promise(resolve => setTimeout(resolve, 20));
        return [window.ran ?? false, [...blocked].sort()];
    }"""
    page = await browser.new_page()
    await page.goto(demo.base_url)
    expected = ["connect-src", "frame-src", "img-src", "script-src-elem", "style-src-elem"]
    assert await page.evaluate(injected) == [False, expected]
    await page.close()


async def test_both_colour_schemes(browser, demo):
    """The page is dark for who likes it dark, and light otherwise."""
    seen = {}
    for scheme in ("light", "dark"):
        async with opened(browser, demo.base_url, color_scheme=scheme) as page:
            colours = "[document.body, document.querySelector('.panel')].map(e => getComputedStyle(e).backgroundColor)"
            seen[scheme] = [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in await page.evaluate(colours)]
    assert min(seen["light"]) > 600
    assert max(seen["dark"]) < 150


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_bars_anybody(browser, tmp_path, scheme):
    """Axe finds no fault with the page, nor with what each tab, a problem and the list of requests put into it."""
    async with (
        service_process(tmp_path, "--demo", IMGSVC_ADMIN_TOKEN=TOKEN) as service,
        opened(browser, service.base_url, REFUSED, color_scheme=scheme) as page,
    ):
        await shown(page, "image")
        assert await faults(page) == []
        await unlock(page, TOKEN)
        await expect(page.get_by_role("table", name="The last requests")).to_be_visible()
        assert await faults(page, "#requests") == []
        for tab in ("logo", "card"):
            await page.get_by_role("tab", name=tab).click()
            await shown(page, tab)
            assert await faults(page, "#playground") == [], tab
        await page.get_by_role("tab", name="image").click()
        await page.get_by_role("spinbutton", name="Width").fill("0")
        await expect(page.locator("#result-image")).to_contain_text("bad-parameter")
        assert await faults(page, "#playground") == [], "problem"


async def faults(page: Page, part: str | None = None) -> list[str]:
    found = await Axe().run(page, context=part, options=WCAG)
    return [f"{each['id']}: {node['html']}" for each in found.response["violations"] for node in each["nodes"]]


async def test_a_narrow_page(browser, demo):
    """At 360 px nothing is cut off: the page itself never scrolls sideways."""
    async with opened(browser, demo.base_url, viewport=NARROW) as page:
        for tab in TABS:
            await page.get_by_role("tab", name=tab).click()
            await shown(page, tab)
            assert await page.evaluate("document.documentElement.scrollWidth") == NARROW["width"], tab


async def test_a_page_nobody_looks_at_asks_nothing(browser, demo):
    """Hidden, the page stops asking; seen again, it asks at once."""
    page = await browser.new_page()
    await page.clock.install()
    await page.goto(demo.base_url)
    await expect(page.locator("#status")).to_have_text("healthy")
    await page.evaluate("Object.defineProperty(document, 'hidden', { get: () => !window.looked })")
    changed = "document.dispatchEvent(new Event('visibilitychange'))"
    await page.evaluate(changed)
    await page.wait_for_load_state("networkidle")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    await page.clock.fast_forward(60_000)
    assert asked == []

    async with page.expect_request("**/api/health/metrics"):
        await page.evaluate(f"window.looked = true; {changed}")
    await page.close()
