"""The console's playground in Chromium, before a scripted internet."""

import asyncio
from urllib.parse import parse_qsl, urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Route, expect

from tests.support.console import REFUSED, opened, shown
from tests.support.logos import HTML, PNG, SVG, blank, mark, mark_svg
from tests.support.logos import page as written
from tests.support.origin import ScriptedOrigin
from tests.support.pictures import png, quarters
from tests.support.service import running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")

OFF = {"IMGSVC_LOGO_GOOGLE_URL": "", "IMGSVC_LOGO_DUCKDUCKGO_URL": ""}


@pytest_asyncio.fixture(loop_scope="module")
async def origin():
    async with ScriptedOrigin() as origin:
        origin.serve("/a.png", png(quarters(200, 100)))
        links = '<link rel="icon" href="/mark.svg">', '<link rel="icon" sizes="64x64" href="/blank.png">'
        origin.serve("/", written(*links), headers=HTML)
        origin.serve("/mark.svg", mark_svg(), headers=SVG)
        origin.serve("/blank.png", blank(), headers=PNG)
        origin.serve("/apple-touch-icon.png", mark(), headers=PNG)
        yield origin


@pytest_asyncio.fixture(loop_scope="module")
async def service(origin, tmp_path):
    async with running_service(tmp_path, origin.port, **OFF) as service:
        yield service


def result(page: Page, tab: str) -> Locator:
    return page.locator(f"#result-{tab}")


def field(page: Page, name: str) -> Locator:
    """Find what a screen reader calls so, among what is to be seen."""
    return page.get_by_role("textbox", name=name, exact=True).or_(page.get_by_role("spinbutton", name=name, exact=True))


def choice(page: Page, name: str) -> Locator:
    return page.get_by_role("combobox", name=name, exact=True)


async def address(page: Page, tab: str) -> tuple[str, dict[str, str]]:
    """Read the address that a tab has asked for."""
    parts = urlsplit(await result(page, tab).locator(".address").inner_text())
    return parts.path, dict(parse_qsl(parts.query))


async def size_of(image: Locator) -> list[int]:
    return await image.evaluate("image => [image.naturalWidth, image.naturalHeight]")


async def test_a_picture_by_its_form(browser, service, origin):
    """Without an address the page says what to do; with one, each change of the form is asked for and shown."""
    async with opened(browser, service.base_url) as page:
        await expect(result(page, "image")).to_contain_text("IMGSVC_ALLOWED_HOSTS")
        await field(page, "Picture").fill(origin.url("/a.png"))
        await field(page, "Width").fill("40")
        await page.get_by_role("button", name="Show").click()
        await shown(page, "image")
        path, parameters = await address(page, "image")
        assert (path, parameters) == ("/api/cache/images", {"url": origin.url("/a.png"), "w": "40"})
        assert await size_of(page.get_by_alt_text("The original")) == [200, 100]
        assert await size_of(page.get_by_alt_text("What the service makes of it")) == [40, 20]
        for told in ("40 × 20", "png → avif", "MISS", "decode", "seen from this page", "cache-status"):
            await expect(result(page, "image")).to_contain_text(told)

        await choice(page, "Format").select_option("webp")
        await page.get_by_role("checkbox", name="greyscale").check()
        await expect(result(page, "image")).to_contain_text("png → webp")
        await field(page, "Height").fill("16")
        await choice(page, "Fit").select_option("cover")
        await expect(result(page, "image")).to_contain_text("40 × 16")
        _, parameters = await address(page, "image")
        assert parameters == {
            "url": origin.url("/a.png"), "w": "40", "h": "16", "fit": "cover", "f": "webp", "greyscale": "1",
        }  # fmt: skip


async def test_what_the_client_takes_decides(browser, service, origin):
    """The same address answers another format to a client that takes less."""
    async with opened(browser, service.base_url) as page:
        await field(page, "Picture").fill(origin.url("/a.png"))
        for taken, answered in (("WebP", "png → webp"), ("neither", "png → png"), ("AVIF, WebP", "png → avif")):
            await choice(page, "Client takes").select_option(taken)
            await expect(result(page, "image")).to_contain_text(answered)


async def test_markup_and_address_to_copy(browser, service, origin):
    """What is copied is the whole address, and markup with the size that was measured."""
    async with opened(browser, service.base_url, permissions=["clipboard-read", "clipboard-write"]) as page:
        await field(page, "Picture").fill(origin.url("/a.png"))
        await field(page, "Width").fill("40")
        await expect(page.get_by_role("status")).to_contain_text("Shown: 40 × 20")  # the last that is said of itself
        await page.get_by_role("button", name="Copy URL").click()
        await expect(page.get_by_role("status")).to_have_text("Copied.")
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith(f"{service.base_url}/api/cache/images?url=http")

        await page.get_by_text("Markup:").click()
        await expect(page.locator("pre").first).to_contain_text('width="40" height="20" alt="">')
        await expect(page.locator("pre").last).to_contain_text(f'<Image src="{origin.url("/a.png")}" width={{40}}')


async def test_a_refused_host(browser, service):
    """A problem document is readable, names the setting that would fix it, and marks the field."""
    async with opened(browser, service.base_url, REFUSED) as page:
        await field(page, "Picture").fill("https://nowhere.example/a.png?<b>x</b>")
        await page.get_by_role("button", name="Show").click()
        for told in ("403 source-not-allowed", "IMGSVC_ALLOWED_HOSTS=nowhere.example", "imgsvc sign", "Request"):
            await expect(result(page, "image")).to_contain_text(told)
        await expect(field(page, "Picture")).to_have_attribute("aria-invalid", "true")
        await expect(page.get_by_role("status")).to_contain_text("Forbidden")
        await expect(result(page, "image").locator("b b")).to_have_count(0)


async def test_a_service_that_redirects(browser, origin, tmp_path):
    """Where stored pictures are the CDN's to answer, the page says so and asks no CDN."""
    cdn = {"IMGSVC_DELIVERY": "redirect", "IMGSVC_CDN_BASE_URL": f"http://127.0.0.1:{origin.port}/cdn"}
    async with running_service(tmp_path, origin.port, **OFF, **cdn) as service:
        await service.image(origin.url("/a.png"), f="webp")
        await service.settled()
        async with opened(browser, service.base_url) as page:
            await choice(page, "Format").select_option("webp")
            await field(page, "Picture").fill(origin.url("/a.png"))
            await page.get_by_role("button", name="Show").click()
            await expect(result(page, "image")).to_contain_text("IMGSVC_DELIVERY=redirect")
    assert {request.path for request in origin.requests} == {"/a.png"}


async def test_a_logo_on_light_and_dark(browser, service):
    """A logo is shown on both pages with its verdict on each, and with all that was found and why it was not taken."""
    async with opened(browser, service.base_url, at="/#logo") as page:
        await field(page, "Name or address").fill("acme.test")
        await field(page, "Size").fill("96")
        await shown(page, "logo")
        light, dark = [page.get_by_role("figure", name=f"{theme} page") for theme in ("Light", "Dark")]
        await expect(light).to_contain_text("reads as it is")
        await expect(dark).to_contain_text("adapted")
        for figure in (light, dark):
            await expect(figure.get_by_role("img")).to_have_count(2)
            for told in ("Needs inversion", "Contrast as it is", "Brightness", "Transparency"):
                await expect(figure).to_contain_text(told)
        assert await address(page, "logo") == ("/api/logo", {"website": "acme.test", "size": "96", "theme": "auto"})

        found = page.get_by_role("table", name="Candidates")
        await expect(found.get_by_role("row", name="blank.png")).to_contain_text("blank")
        await expect(found.get_by_text("chosen", exact=True)).to_have_count(1)
        assert min(await found.locator("img").evaluate_all("all => all.map(image => image.naturalWidth)")) > 0


async def test_a_picture_as_logo_and_a_page_of_ones_own(browser, service, origin):
    """Any picture can be tried as a logo, and on a third page of any colour."""
    async with opened(browser, service.base_url, at="/#logo") as page:
        await choice(page, "Logo of a").select_option("picture")
        await field(page, "Name or address").fill(origin.url("/apple-touch-icon.png"))
        await field(page, "Own page colour").fill("ffd166")
        await page.get_by_role("button", name="Show").click()
        own = page.get_by_role("figure", name="On ffd166")
        await expect(own).to_contain_text("Verdict")
        assert await own.locator(".page").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(255, 209, 102)"
        assert (await address(page, "logo"))[0] == "/api/logo/invert"


async def test_a_site_without_a_logo(browser, service):
    """What stands in for a logo is called that."""
    async with opened(browser, service.base_url, at="/#logo") as page:
        await choice(page, "Logo of a").select_option("company")
        await field(page, "Name or address").fill("Nobody and Sons")
        await page.get_by_role("button", name="Show").click()
        await expect(result(page, "logo")).to_contain_text("no logo was found")
        await expect(result(page, "logo")).to_contain_text("No candidate was found.")


async def test_a_card(browser, service):
    """A card is drawn at once, follows the form, and tells its size for the page that names it."""
    async with opened(browser, service.base_url) as page:
        await page.get_by_role("tab", name="Card").click()
        await shown(page, "card")
        await expect(result(page, "card")).to_contain_text("1200 × 630")
        await choice(page, "Kind").select_option("person")
        await field(page, "Title").fill("Ada Lovelace")
        await field(page, "Subtitle").fill("Mathematician")
        await choice(page, "For").select_option("linkedin")
        await expect(result(page, "card")).to_contain_text("1200 × 627")
        path, parameters = await address(page, "card")
        assert (path, parameters) == (
            "/api/og-image",
            {"title": "Ada Lovelace", "subtitle": "Mathematician", "kind": "person", "for": "linkedin"},
        )
        await page.get_by_text("Markup:").click()
        await expect(page.locator("pre").last).to_contain_text('<meta property="og:image:height" content="627">')


async def test_with_the_keyboard_alone(browser, service, origin):
    """From the top: skip to the playground, through the tabs by arrows, into the form, and a picture by Enter."""
    async with opened(browser, service.base_url) as page:
        press = page.keyboard.press

        async def focused() -> str:
            return await page.evaluate("document.activeElement.id || document.activeElement.name")

        await press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Skip to the playground"
        await press("Enter")
        assert await focused() == "playground"
        await press("Tab")
        for key, tab in (
            ("ArrowRight", "logo"),
            ("End", "card"),
            ("ArrowRight", "image"),
            ("ArrowLeft", "card"),
            ("Home", "image"),
        ):
            await press(key)
            assert await focused() == f"tab-{tab}"
            await expect(page.locator(f"#tab-{tab}")).to_have_attribute("aria-selected", "true")
            await expect(page.get_by_role("tabpanel")).to_have_count(1)
        await press("Tab")
        assert await focused() == "url"
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert await page.evaluate(outline) == "solid"
        await page.keyboard.type(origin.url("/a.png"))
        await press("Enter")
        await shown(page, "image")
        await expect(page.get_by_role("status")).to_contain_text("Shown: 200 × 100")
        await press("Tab")
        assert await focused() == "w"


async def test_a_field_that_is_left_as_it_was_asked(browser, service, origin):
    """Leaving a number that was shown while it was written asks for nothing again, and outdoes no word that follows."""
    async with opened(browser, service.base_url, permissions=["clipboard-read", "clipboard-write"]) as page:
        await field(page, "Picture").fill(origin.url("/a.png"))
        await field(page, "Width").fill("40")
        await expect(page.get_by_role("status")).to_contain_text("Shown: 40 × 20")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.keyboard.press("Tab")
        await page.get_by_role("button", name="Copy URL").click()
        await expect(page.get_by_role("status")).to_have_text("Copied.")

        assert [url for url in asked if "/api/cache/images?" in url] == []


async def test_what_comes_for_a_tab_that_was_left_is_not_said(browser, service, origin):
    """A card that comes when pictures are shown again is there for who returns, and nobody is told of it."""
    let_go = asyncio.Event()

    async def hold(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    async with opened(browser, service.base_url) as page:
        await page.route("**/api/og-image?*", hold)
        await page.get_by_role("tab", name="card").click()
        await page.get_by_role("tab", name="image").click()
        await field(page, "Picture").fill(origin.url("/a.png"))
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("Shown: 200 × 100")
        let_go.set()
        await expect(result(page, "card").locator("figure")).to_have_count(1)
        await expect(result(page, "card")).not_to_have_attribute("aria-busy", "true")

        assert (await page.get_by_role("status").inner_text()).startswith("Shown: 200 × 100")
