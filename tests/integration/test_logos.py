"""Logos over HTTP: the routes, in front of a scripted site and scripted services."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
import pyvips

from tests.support.logos import HTML, PNG, SVG, World, globe, logo_environment, mark, mark_svg, page
from tests.support.origin import Canary, ScriptedOrigin
from tests.support.service import Answer, RunningService, running_service

CHECKED = (
    "ETag", "Last-Modified", "Content-Length", "Cache-Control", "Accept-Ranges", "Cache-Status", "X-Cache", "X-Source",
    "Server-Timing", "X-System-Status", "X-Request-Id", "X-Content-Type-Options", "Content-Security-Policy",
    "Cross-Origin-Resource-Policy", "Timing-Allow-Origin", "Content-Disposition",
)  # fmt: skip


@dataclass
class Running(World):
    """The world, with a real service in front of it."""

    service: RunningService

    async def get(self, path: str = "/api/logo", headers=None, method: str = "GET", **parameters) -> Answer:
        return await self.service.request(method, path, headers, **parameters)


@asynccontextmanager
async def running(tmp_path, **env: str) -> AsyncIterator[Running]:
    async with AsyncExitStack() as stack:
        site, google, duckduckgo = [await stack.enter_async_context(ScriptedOrigin()) for _ in range(3)]
        env = logo_environment(site, google, duckduckgo) | env
        service = await stack.enter_async_context(running_service(tmp_path, site.port, **env))
        yield Running(None, site, google, duckduckgo, service)


@pytest.fixture
async def world(tmp_path) -> AsyncIterator[Running]:
    async with running(tmp_path) as world:
        yield world


def pixels(answer: Answer) -> pyvips.Image:
    return pyvips.Image.new_from_buffer(answer.body, "")


def ink(answer: Answer) -> tuple[float, ...]:
    """Give the mean colour of what is fully visible."""
    image = pixels(answer)
    seen = image[3] > 250
    return tuple(round((image[band] * (seen / 255)).avg() / (seen.avg() / 255)) for band in range(3))


async def test_a_logo(world):
    """The site's own icon is answered with everything that is promised of an answer."""
    world.serve_icon()

    answer = await world.get(website="https://www.acme.test/about", size="64", format="png")

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/png"
    assert (pixels(answer).width, pixels(answer).height) == (64, 64)
    assert answer.headers["X-Logo-Source"] == "apple-touch-icon"
    assert answer.headers["X-Logo-Domain"] == "acme.test"
    assert answer.headers["X-Logo-Fallback"] == "0"
    assert answer.headers["Link"] == '<http://acme.test/icon.png>; rel="canonical"'
    assert "X-Needs-Inversion" not in answer.headers
    assert not [name for name in CHECKED if name not in answer.headers]
    assert answer.headers["X-Cache"] == "MISS"
    assert 29 * 86400 < answer.max_age <= 30 * 86400


async def test_second_time(world):
    """The same question is a hit, and its 304 and HEAD say the same."""
    world.serve_icon()
    first = await world.get(website="acme.test")

    hit = await world.get(website="acme.test")
    head = await world.get(website="acme.test", method="HEAD")
    known = await world.get(website="acme.test", headers={"If-None-Match": first.headers["ETag"]})
    part = await world.get(website="acme.test", headers={"Range": "bytes=0-9"})

    assert (hit.headers["X-Cache"], hit.headers["X-Source"], hit.body) == ("HIT", "memory", first.body)
    assert (head.status, head.body, head.headers["ETag"]) == (200, b"", first.headers["ETag"])
    assert head.headers["X-Logo-Source"] == "apple-touch-icon"
    assert known.status == 304
    assert (part.status, part.body) == (206, first.body[:10])
    assert world.site.hits("/") == 1


async def test_after_a_restart(tmp_path):
    """What was found is in the store: another process answers it without asking anybody."""
    async with running(tmp_path) as world:
        world.serve_icon()
        first = await world.get(website="acme.test")
    async with running(tmp_path) as world:
        answer = await world.get(website="acme.test")

        assert (answer.status, answer.body) == (200, first.body)
        assert answer.headers["X-Source"] == "store"
        assert answer.headers["X-Logo-Source"] == "apple-touch-icon"
        assert not world.site.requests


async def test_adapted_to_a_dark_page(world):
    """Black ink turns white on a dark page, and stays as it is on a light one."""
    world.serve_icon()

    dark = await world.get(website="acme.test", theme="dark", format="png")
    light = await world.get(website="acme.test", theme="light", format="png")

    assert ink(dark) == (255, 255, 255)
    assert (dark.headers["X-Needs-Inversion"], dark.headers["X-Logo-Inverted"]) == ("true", "1")
    assert dark.headers["X-Has-Transparency"] == "true"
    assert float(dark.headers["X-Logo-Contrast-Dark"]) < 2 < float(dark.headers["X-Logo-Contrast-Light"])
    assert float(dark.headers["X-Brightness"]) == 0
    assert ink(light) == (0, 0, 0)
    assert (light.headers["X-Needs-Inversion"], light.headers["X-Logo-Inverted"]) == ("false", "0")


async def test_a_tile_brings_its_own_ground(world):
    """An opaque tile is never adapted, dark as it may be."""
    world.serve_icon(mark(180, "#333", "#000"))

    answer = await world.get(website="acme.test", theme="dark", format="png")

    assert (answer.headers["X-Needs-Inversion"], answer.headers["X-Logo-Inverted"]) == ("false", "0")
    assert answer.headers["X-Has-Transparency"] == "false"


async def test_theme_by_the_browser(world):
    """theme=auto takes the browser's word, asks for it, and says that it decided."""
    world.serve_icon()
    asked = {"website": "acme.test", "theme": "auto", "format": "png"}

    dark = await world.get(headers={"Sec-CH-Prefers-Color-Scheme": '"dark"'}, **asked)
    unknown = await world.get(**asked)

    assert (ink(dark), ink(unknown)) == ((255, 255, 255), (0, 0, 0))
    for answer in (dark, unknown):
        assert "Sec-CH-Prefers-Color-Scheme" in answer.headers["Vary"]
        assert answer.headers["Accept-CH"] == "Sec-CH-Prefers-Color-Scheme"
        assert answer.headers["Critical-CH"] == "Sec-CH-Prefers-Color-Scheme"


LIGHT = {"theme": "light"}


async def test_an_exact_page(world):
    """Bg says what the page looks like; a logo of that very colour is adapted, and JPEG lies on it."""
    world.serve_icon(mark(180, "#0a5"))

    answer = await world.get(website="acme.test", bg="00aa55", format="png")
    flat = await world.get(website="acme.test", bg="00aa55", format="jpg")
    described = [await world.get(website="acme.test", format="json", **page) for page in ({"bg": "00aa55"}, LIGHT)]

    assert [told.headers.get("X-Needs-Inversion") for told in described] == [None, "false"]
    assert answer.headers["X-Logo-Inverted"] == "1"
    assert ink(answer) != (0, 170, 85)
    corner = pixels(flat)(0, 0)
    assert all(abs(part - wanted) < 4 for part, wanted in zip(corner, (0, 170, 85), strict=True))


async def test_a_drawing_with_a_scheme_of_its_own(world):
    """An SVG whose style knows dark pages is drawn as it says."""
    style = "<style>path{fill:#111}@media (prefers-color-scheme: dark){path{fill:#fd0}}</style>"
    svg = mark_svg().replace(b"<path", style.encode() + b"<path").replace(b' fill="#000"', b"")
    world.site.serve("/", page('<link rel="icon" href="/icon.svg" type="image/svg+xml">'), headers=HTML)
    world.site.serve("/icon.svg", svg, headers=SVG)

    dark = await world.get(website="acme.test", theme="dark", format="png")
    light = await world.get(website="acme.test", theme="light", format="png")

    assert (ink(dark), ink(light)) == ((255, 221, 0), (17, 17, 17))
    assert dark.headers["X-Logo-Inverted"] == "0"


@pytest.mark.parametrize(
    ("fallback", "source"), [("monogram", "monogram"), ("placeholder", "placeholder"), ("transparent", "transparent")]
)
async def test_fallbacks(world, fallback, source):
    """Where there is no logo something is shown in its place, for a short time, and never stored as one."""
    answer = await world.get(website="acme.test", fallback=fallback, size="64", format="png")

    assert answer.status == 200
    assert (pixels(answer).width, pixels(answer).height) == (64, 64)
    assert (answer.headers["X-Logo-Source"], answer.headers["X-Logo-Fallback"]) == (source, "1")
    assert answer.headers["X-Source"] == "generated"
    assert answer.max_age <= 3600
    is_clear = pixels(answer)[3].max() == 0
    assert is_clear is (fallback == "transparent")


async def test_not_found(world):
    """fallback=404 is a problem document that may be kept for a while."""
    answer = await world.get(website="acme.test", fallback="404")

    assert (answer.status, answer.json()["code"]) == (404, "logo-not-found")
    assert answer.headers["Cache-Control"] == "public, max-age=900"


@pytest.mark.parametrize(
    ("website", "code"),
    [
        ("127.0.0.1", "bad-domain"), ("http://[::1]/", "bad-domain"), ("2130706433", "bad-domain"),
        ("localhost", "bad-domain"), ("acme.nosuchsuffix", "bad-domain"), ("a b", "bad-domain"),
        ("http://user@acme.com/", "bad-domain"), ("", "bad-parameter"), ("-.com", "bad-domain"),
    ],
)  # fmt: skip
async def test_bad_domains(world, website, code):
    """What names no domain is told so, and nothing is asked."""
    answer = await world.get(website=website)

    assert (answer.status, answer.json()["code"]) == (400, code)
    assert not world.site.requests


@pytest.mark.parametrize(
    "parameters",
    [
        {}, {"website": "acme.test", "company": "Acme"}, {"website": "acme.test", "size": "15"},
        {"website": "acme.test", "size": "1025"}, {"website": "acme.test", "theme": "blue"},
        {"website": "acme.test", "format": "bmp"}, {"website": "acme.test", "fallback": "globe"},
        {"company": "x" * 10_000}, {"website": "acme.test", "dpr": "9"}, {"website": "acme.test", "bg": "nocolour"},
    ],
)  # fmt: skip
async def test_bad_parameters(world, parameters):
    """Each bad parameter is named."""
    answer = await world.get(**parameters)

    assert (answer.status, answer.json()["code"]) == (400, "bad-parameter")
    assert "param" in answer.json()


async def test_homographs_are_domains_of_their_own(world):
    """Punycode and what it stands for are one domain; a look-alike is another."""
    world.serve_icon()

    one = await world.get(website="bücher.test")
    same = await world.get(website="xn--bcher-kva.test")
    other = await world.get(website="аcme.test")

    assert one.headers["X-Logo-Domain"] == same.headers["X-Logo-Domain"] == "xn--bcher-kva.test"
    assert other.headers["X-Logo-Domain"] == "xn--cme-5cd.test"


async def test_companies(tmp_path):
    """The operator's table goes first; a guess counts when the site says that it is so; else a monogram."""
    table = tmp_path / "companies.txt"
    table.write_text("acme.test: Acme, Acme Widgets\n")
    async with running(tmp_path, IMGSVC_LOGO_COMPANIES=str(table)) as world:
        world.serve_icon()
        world.site.serve(
            "/", page('<link rel="apple-touch-icon" href="/icon.png">', title="Zorblax – Home"), headers=HTML
        )

        listed = await world.get(company="ACME Widgets, Inc.")
        guessed = await world.get(company="Zorblax")
        unknown = await world.get(company="Quuxly")

    assert (listed.headers["X-Logo-Domain"], listed.headers["X-Logo-Fallback"]) == ("acme.test", "0")
    assert (guessed.headers["X-Logo-Domain"], guessed.headers["X-Logo-Fallback"]) == ("zorblax.com", "0")
    assert (unknown.headers["X-Logo-Source"], unknown.headers["X-Logo-Fallback"]) == ("monogram", "1")
    assert "X-Logo-Domain" not in unknown.headers


async def test_invert_answers_the_verdict(world):
    """The invert route gives the adapted logo, and by HEAD the verdict."""
    world.serve_icon()

    answer = await world.get("/api/logo/invert", domain="acme.test", theme="dark", format="png")
    head = await world.get("/api/logo/invert", method="HEAD", domain="acme.test", theme="dark")

    assert ink(answer) == (255, 255, 255)
    assert answer.headers["X-Logo-Inverted"] == "1"
    assert (head.status, head.body, head.headers["X-Needs-Inversion"]) == (200, b"", "true")


async def test_invert_any_allowed_picture(world):
    """A picture on an allowed host is adapted too; one on another host is refused."""
    world.site.serve("/wordmark.png", mark(300), headers=PNG)

    answer = await world.get("/api/logo/invert", url="http://acme.test/wordmark.png", theme="dark", format="png")
    refused = await world.get("/api/logo/invert", url="http://acme.example/wordmark.png", theme="dark")

    assert ink(answer) == (255, 255, 255)
    assert (pixels(answer).width, answer.headers["X-Logo-Inverted"]) == (300, "1")
    assert (refused.status, refused.json()["code"]) == (403, "source-not-allowed")


async def test_candidates(world):
    """Every candidate is told of, with why it is out or how many points it has; asking again fetches nothing."""
    world.site.serve(
        "/",
        page('<link rel="icon" href="/a.png" sizes="180x180">', '<link rel="icon" href="/globe.png">'),
        headers=HTML,
    )
    world.site.serve("/a.png", mark(180), headers=PNG)
    world.site.serve("/globe.png", globe(), headers=PNG)

    first = await world.get("/api/logo/candidates", website="acme.test")
    again = await world.get("/api/logo/candidates", website="acme.test")

    told = first.json()
    assert (told["domain"], told["chosen"]) == ("acme.test", "http://acme.test/a.png")
    by_url = {each["url"].rpartition("/")[2]: each for each in told["candidates"]}
    assert (by_url["a.png"]["declared_size"], by_url["a.png"]["width"], by_url["a.png"]["rejected"]) == (180, 180, None)
    assert by_url["a.png"]["chosen"] is True
    assert by_url["a.png"]["score"] > 0
    assert (by_url["globe.png"]["rejected"], by_url["globe.png"]["score"]) == ("generic-icon", None)
    assert again.json() == told
    assert world.site.hits("/") == 1


async def test_validate(world):
    """A globe is recognised, sent or named; a logo is not."""
    session, url = world.service.session, f"{world.service.base_url}/api/validate-logo"
    world.site.serve("/globe.png", globe(64), headers=PNG)

    async def sent(data: bytes) -> dict:
        form = aiohttp.FormData()
        form.add_field("image", io.BytesIO(data), filename="a.png", content_type="image/png")
        async with session.post(url, data=form) as response:
            assert response.status == 200
            return await response.json()

    is_globe, is_logo = await sent(globe(48)), await sent(mark(64, "#c00"))
    async with session.post(url, json={"url": "http://acme.test/globe.png"}) as response:
        named = await response.json()
    async with session.post(url, data={"url": "http://acme.test/globe.png"}) as response:
        form = await response.json()
    async with session.post(url, data=b"nothing", headers={"Content-Type": "application/json"}) as response:
        bad = response.status, (await response.json())["code"]

    assert is_globe["isGlobeIcon"] is True
    assert 0 < is_globe["confidence"] <= 1
    assert 0.9 < is_globe["similarity"] <= 1
    assert is_logo == {"isGlobeIcon": False}
    assert named["isGlobeIcon"] is form["isGlobeIcon"] is True
    assert bad == (400, "bad-parameter")


async def test_other_services_shapes(world):
    """Who used Clearbit, Google or besticon asks as before."""
    world.serve_icon()

    clearbit = await world.get("/logo/acme.test", size="64", format="png")
    google = await world.get("/s2/favicons", domain="acme.test", sz="32")
    besticon = await world.get("/icon", url="http://acme.test", size="16..48..500")
    bad = await world.get("/logo/localhost")

    assert [pixels(answer).width for answer in (clearbit, google, besticon)] == [64, 32, 48]
    assert {answer.headers["X-Logo-Source"] for answer in (clearbit, google, besticon)} == {"apple-touch-icon"}
    assert (bad.status, bad.json()["code"]) == (400, "bad-domain")
    assert world.site.hits("/") == 1


async def test_forced_refresh(tmp_path):
    """Without the operator's token a refresh is made once an hour; with it always."""
    async with running(tmp_path, IMGSVC_ADMIN_TOKEN="secret") as world:
        world.serve_icon()
        await world.get(website="acme.test")

        ignored = await world.get(website="acme.test", forceRefresh="true")
        done = await world.get(website="acme.test", forceRefresh="true", headers={"Authorization": "Bearer secret"})

        assert (ignored.headers["X-Refresh"], done.headers["X-Refresh"]) == ("ignored", "done")
        assert world.site.hits("/") == 2


async def test_rate_limit(tmp_path):
    """A client may have so many domains searched, then only what is known."""
    async with running(tmp_path, IMGSVC_RATE_LIMIT="2/60") as world:
        world.serve_icon()
        statuses = [(await world.get(website=f"{n}.acme{n}.test")).status for n in range(3)]
        known = await world.get(website="0.acme0.test")

    assert statuses == [200, 200, 429]
    assert known.status == 200


async def test_no_private_address(world):
    """A site that leads to a private address, by its page or by a redirect, is never followed there."""
    async with Canary() as canary:
        private = f"http://127.0.0.1:{canary.port}"
        links = [f'<link rel="icon" href="{private}/a.png">', '<link rel="apple-touch-icon" href="/away.png">']
        world.site.serve("/", page(*links, f'<link rel="manifest" href="{private}/m.json">'), headers=HTML)
        world.site.serve("/away.png", status=302, headers={"Location": f"{private}/b.png"})

        answer = await world.get(website="acme.test")
        told = (await world.get("/api/logo/candidates", website="acme.test")).json()

        assert canary.connections == 0
    assert answer.headers["X-Logo-Source"] == "monogram"
    reasons = {each["url"].rpartition("/")[2]: each["rejected"] for each in told["candidates"]}
    assert (reasons["a.png"], reasons["away.png"]) == ("forbidden", "forbidden")


async def test_equal_requests(world):
    """Two hundred equal requests are one search."""
    world.serve_icon()
    gate = world.site.gate("/icon.png", mark())
    asked = [asyncio.create_task(world.get(website="acme.test")) for _ in range(200)]
    await world.site.until_hits("/icon.png")
    gate.set()
    answers = await asyncio.gather(*asked)

    assert {answer.status for answer in answers} == {200}
    assert (world.site.hits("/"), world.site.hits("/icon.png")) == (1, 1)


async def test_a_dead_site_and_hits(world):
    """A logo that is known is answered whatever has become of its site."""
    world.serve_icon()
    await world.get(website="acme.test")
    world.site.reset_before_head("/")
    world.site.reset_before_head("/icon.png")

    again = await world.get(website="acme.test", size="32")

    assert (again.status, again.headers["X-Logo-Source"]) == (200, "apple-touch-icon")


async def test_metrics_count_sources(world):
    """Answers are counted by what they were found by."""
    world.serve_icon()
    for _ in range(2):
        await world.get(website="acme.test")
    figures = json.loads((await world.get("/api/health/metrics")).body)

    assert figures["logo_sources"] == {"apple-touch-icon": 2}
