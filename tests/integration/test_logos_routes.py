"""Candidates, verdicts and other services' shapes over HTTP."""

import io

import aiohttp

from tests.integration.logo_service import pixels
from tests.support.logos import HTML, PNG, globe, mark, page, template


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


async def test_an_icon_of_a_template(world):
    """The icon that a framework's template came with is recognised, and is no logo of the site that kept it."""
    world.site.serve("/vite.svg", template(), headers=PNG)
    world.site.serve("/", page('<link rel="icon" href="/vite.svg">'), headers=HTML)

    url = f"{world.service.base_url}/api/validate-logo"
    async with world.service.session.post(url, json={"url": "http://acme.test/vite.svg"}) as response:
        verdict = await response.json()
    logo = await world.get(website="acme.test")

    assert (verdict["isGlobeIcon"], verdict["matched"]) == (True, "create-vite 6 vite.svg")
    assert logo.headers["X-Logo-Source"] == "monogram"


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
