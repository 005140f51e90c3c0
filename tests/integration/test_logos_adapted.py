"""Logos over HTTP, adapted to the page they are shown on."""

from tests.integration.logo_service import ink, pixels
from tests.support.logos import HTML, PNG, SVG, mark, mark_svg, page

LIGHT = {"theme": "light"}


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


async def test_a_white_logo_as_jpeg(world):
    """It is made to read on the white that JPEG lays it on, where it would be a white picture."""
    world.serve_icon(mark(180, "#fff"))

    answer = await world.get(website="acme.test", format="jpg")
    as_it_is = await world.get(website="acme.test", format="jpg", theme="none")

    assert (answer.headers["X-Logo-Inverted"], as_it_is.headers.get("X-Logo-Inverted")) == ("1", None)
    assert [pixels(each).min() for each in (answer, as_it_is)] == [0, 255]


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


async def test_a_drawing_with_variables(world):
    """An SVG whose style gives dark pages another value of a variable is drawn in it, and is not adapted."""
    values = "svg{--a:#123456}@media (prefers-color-scheme: dark){svg{--a:#fedcba}}"
    svg = mark_svg().replace(b"<path", f"<style>{values}path{{fill:var(--a)}}</style><path".encode())
    world.site.serve("/", page('<link rel="icon" href="/icon.svg" type="image/svg+xml">'), headers=HTML)
    world.site.serve("/icon.svg", svg.replace(b' fill="#000"', b""), headers=SVG)

    pages = ({"theme": "dark"}, {"theme": "light"}, {})
    shown = [await world.get(website="acme.test", format="png", **asked) for asked in pages]

    assert [ink(answer) for answer in shown] == [(0xFE, 0xDC, 0xBA), (0x12, 0x34, 0x56), (0x12, 0x34, 0x56)]
    assert [answer.headers.get("X-Logo-Inverted") for answer in shown] == ["0", "0", None]


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
