"""Logos over HTTP: the routes, in front of a scripted site and scripted services."""

import asyncio
import json

import pytest

from tests.integration.logo_service import CHECKED, pixels, running
from tests.support.logos import HTML, mark, page
from tests.support.origin import Canary


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
