"""A real Next.js site with the service beside it and nginx before it, read in a real browser."""

import asyncio
import io
import json
import signal
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import pytest
import pytest_asyncio
from PIL import Image, ImageChops, ImageStat

from tests.support.browser import chromium
from tests.support.logos import HTML, PNG, mark
from tests.support.nextjs import BuiltSite, RunningSite, build_site, npm_run, running_site
from tests.support.process import ROOT
from tests.support.tools import require_tool

# The first test waits for the build; site and browser live on one loop from test to test.
pytestmark = [pytest.mark.early, pytest.mark.timeout(420), pytest.mark.asyncio(loop_scope="module")]

HERO = "A landscape as wide as the page"
OWN = "Hills from this site's own folder"
SIGNED = "A signed landscape"
LOGO, THEMED, ON_DARK = "A logo", "A logo in two versions", "A logo on a dark ground"
BLURRED = "A landscape that was blurred first"
WEBP = "data:image/webp;base64,"
LANDSCAPE = (ROOT / "imgsvc/demo/pictures/landscape.jpg").read_bytes()  # 2000 × 1250 px
PAGE = b'<!doctype html><title>Acme</title><link rel="icon" href="/mark.png" sizes="180x180">'


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> BuiltSite:
    """The site, installed and built once."""
    require_tool("nginx", "/usr/sbin/nginx")
    require_tool("chromium", "chromium-browser", "google-chrome")
    return build_site(tmp_path_factory.mktemp("site"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(built, tmp_path_factory) -> AsyncIterator[RunningSite]:
    """The site for all tests, each with readers of its own; pictures and logo are those of the scripted origin."""
    env = {
        "EXAMPLE_PICTURES_URL": "http://img.test",
        "EXAMPLE_SIGNED_PICTURES_URL": "http://private.example",
        "EXAMPLE_LOGO_DOMAIN": "acme.test",
    }
    folder = tmp_path_factory.mktemp("running")
    async with chromium() as browser, running_site(built, browser, folder, **env) as site:
        site.origin.serve("/landscape.jpg", LANDSCAPE)
        site.origin.serve("/", PAGE, headers=HTML)
        site.origin.serve("/mark.png", mark(180), headers=PNG)
        yield site


def ratio(picture: Image.Image) -> float:
    return picture.width / picture.height


def likeness(one: Image.Image, other: Image.Image) -> float:
    """Give how far two pictures differ where they are seen small: the mean difference of their pixels, 0-255."""
    small = [picture.convert("L").resize((8, 5), Image.Resampling.BOX) for picture in (one, other)]
    return ImageStat.Stat(ImageChops.difference(*small)).mean[0]


async def drawn(visit, alt: str) -> tuple[Image.Image, str]:
    """Give the picture that the browser got, and what its server called it."""
    answer = await visit.answer(alt)
    return Image.open(io.BytesIO(await answer.body())), answer.headers["content-type"]


def asked(source: str, name: str) -> str | None:
    return dict(parse_qsl(urlsplit(source).query)).get(name)


async def test_the_lock_names_no_registry():
    """What is installed is named by version and hash; from where is the installer's business."""
    packages = json.loads((ROOT / "deploy/nextjs/package-lock.json").read_text())["packages"]

    installed = [p for path, p in packages.items() if path.startswith("node_modules/") and not p.get("link")]
    assert installed
    assert all("integrity" in package for package in installed)
    assert {package["resolved"] for package in packages.values() if "resolved" in package} == {"imgsvc-next", "example"}


async def test_the_package_passes_its_own_tests(built):
    """Types and behaviour of loader, elements and signatures hold under Node itself."""
    said = await asyncio.to_thread(npm_run, built, require_tool("npm"), "test")

    assert "# fail 0" in said
    assert "# pass 0" not in said


async def test_pictures_appear_in_the_right_size_and_format(running, tmp_path):
    """From another server, from the site's own folder and signed: as wide as asked, as AVIF or WebP."""
    async with running.visit(800) as visit:
        assert await visit.open(running.base_url) == 200
        hero, own, signed = [await visit.shown(alt) for alt in (HERO, OWN, SIGNED)]
        pictures = {alt: await drawn(visit, alt) for alt in (HERO, OWN, SIGNED)}
        await visit.page.screenshot(path=tmp_path / "pictures.png", full_page=True)

    assert (hero["natural"], own["width"], signed["width"]) == (800, 320, 320)
    assert {alt: picture.width for alt, (picture, _) in pictures.items()} == {HERO: 828, OWN: 384, SIGNED: 640}
    for picture, media_type in pictures.values():
        assert media_type in {"image/avif", "image/webp"}
        assert picture.get_format_mimetype() == media_type
        assert abs(ratio(picture) - 1.6) < 0.01
    assert [urlsplit(shown["source"]).path for shown in (hero, own)] == ["/api/cache/images", "/_next/image"]


async def test_the_browser_chooses_by_srcset(running):
    """Another window or another density is another width, and the bytes have it."""
    chosen, density_of_logo = {}, {}
    for width, density in ((600, 1), (600, 2), (1300, 1), (1300, 2)):
        async with running.visit(width, device_scale_factor=density) as visit:
            await visit.open(running.base_url)
            picture, _ = await drawn(visit, HERO)
            chosen[width, density] = picture.width
            density_of_logo[density] = asked((await visit.shown(LOGO))["source"], "dpr")

    assert chosen == {(600, 1): 640, (600, 2): 1200, (1300, 1): 1080, (1300, 2): 1920}
    assert density_of_logo == {1: None, 2: "2"}


async def test_logos_swap_with_the_colour_scheme(running, tmp_path):
    """A reader who changes to dark sees the other version of the same element; black ink becomes light."""
    async with running.visit(color_scheme="light") as visit:
        await visit.open(running.base_url)
        ink, inverted = {}, {}
        for scheme in ("light", "dark"):
            await visit.page.emulate_media(color_scheme=scheme)
            await visit.until_source_has(THEMED, f"theme={scheme}")
            picture, _ = await drawn(visit, THEMED)
            ink[scheme] = picture.convert("LA").getpixel((picture.width * 3 // 10, picture.height // 2))
            inverted[scheme] = (await visit.answer(THEMED)).headers["x-logo-inverted"]
            await visit.page.screenshot(path=tmp_path / f"{scheme}.png", full_page=True)
        plain, on_dark = await drawn(visit, LOGO), await visit.answer(ON_DARK)

    assert ink["light"][0] < 30
    assert ink["dark"][0] > 220
    assert (ink["light"][1], ink["dark"][1]) == (255, 255)
    assert inverted == {"light": "0", "dark": "1"}
    assert on_dark.headers["x-logo-inverted"] == "1"
    assert max(plain[0].size) == 64


async def test_a_placeholder_shows_until_the_picture_is_there(running, tmp_path):
    """What Next.js remembers of a picture stands there, blurred, while its server is slow; then the picture does."""
    source = "http://img.test/landscape.jpg?blurred"
    await running.until_page_has("/blur", WEBP)  # the first page does not wait for a cold one
    await running.forget(source)
    before = running.origin.hits("/landscape.jpg")
    gate = running.origin.gate("/landscape.jpg", LANDSCAPE)
    async with running.visit(600) as visit:
        await visit.open(f"{running.base_url}/blur", wait_until="commit")
        await running.origin.until_hits("/landscape.jpg", before + 1)
        element = visit.page.get_by_alt_text(BLURRED)
        held = await element.evaluate("i => [i.style.backgroundImage, i.complete, i.naturalWidth]")
        seen = Image.open(io.BytesIO(await element.screenshot(path=tmp_path / "blurred.png")))
        gate.set()
        await visit.shown(BLURRED)
        await visit.page.wait_for_function("() => !document.images[0].style.backgroundImage")
        await element.screenshot(path=tmp_path / "sharp.png")

    assert held[0].startswith('url("data:image/svg+xml')
    assert WEBP in held[0]
    assert held[1:] == [False, 0]
    assert likeness(seen, Image.open(io.BytesIO(LANDSCAPE))) < 30


async def test_a_page_outlives_the_service_and_gets_its_pictures_back(running, tmp_path):
    """Without the service the page answers, with texts where pictures were; with it back, so are they."""
    await running.service.end(signal.SIGKILL)
    running.empty_proxy()  # else nginx goes on with what it has
    async with running.visit(600) as visit:
        assert await visit.open(running.base_url) == 200
        for alt in (HERO, OWN, SIGNED, LOGO, THEMED):
            missing = await visit.missing(alt)
            assert (missing["natural"], missing["colour"]) == (0, "rgb(0, 0, 0)")
            assert missing["width"] > 0
        await visit.page.screenshot(path=tmp_path / "without.png", full_page=True)
        assert await visit.open(f"{running.base_url}/blur") == 200
        assert (await visit.missing(BLURRED))["natural"] == 0
        await running.start_service()
        assert await visit.open(running.base_url) == 200
        for alt in (HERO, OWN, SIGNED, LOGO, THEMED):
            assert (await visit.shown(alt))["natural"] > 0


async def test_no_script_and_no_proxy_is_needed(running):
    """With scripts switched off, and asked without nginx, the site shows the same: it forwards by itself."""
    await running.until_page_has("/blur", WEBP)
    for base_url in (running.base_url, running.own_url):
        async with running.visit(800, java_script_enabled=False, color_scheme="dark") as visit:
            await visit.open(base_url)
            shown = {alt: await visit.shown(alt) for alt in (HERO, OWN, SIGNED, LOGO, THEMED)}
            assert "theme=dark" in shown[THEMED]["source"]
            assert (await drawn(visit, HERO))[0].width == 828
            assert (await visit.open(f"{base_url}/blur")) == 200
            assert WEBP in (await visit.shown(BLURRED))["background"]


async def test_a_share_picture_and_the_default_loaders_urls(running):
    """The page names its card, absolute; and nginx answers what Next.js' own loader would ask for."""
    async with running.visit() as visit:
        await visit.open(running.base_url)
        card = await visit.page.locator('meta[property="og:image"]').get_attribute("content")
        request = visit.page.request
        shared = await request.get(card.replace("http://localhost:3000", running.base_url))
        body = await shared.body()
        plain = await request.get(
            f"{running.base_url}/_next/image?url=http%3A%2F%2Fimg.test%2Flandscape.jpg&w=640&q=75"
        )

    assert Image.open(io.BytesIO(body)).size == (1200, 630)
    assert plain.headers["x-nextjs-cache"] in {"MISS", "HIT"}
    assert plain.headers["content-type"] == "image/jpeg"  # nothing else was named in Accept
