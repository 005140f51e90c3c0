"""Sites and pictures that are broken, hostile or out of all measure: each a clear end, nothing left behind."""

import asyncio
import gzip
import struct

import pytest

from imgsvc.errors import LogoNotFound, QueueFull
from imgsvc.services.logos.answers import Fallback
from tests.support.logos import HTML, PNG, SVG, globe, logo_world, mark, mark_svg, page

pytestmark = pytest.mark.slow

ICON = '<link rel="apple-touch-icon" href="/icon.png">'


async def test_a_page_of_a_hundred_megabytes(world):
    """A page is read no further than of use, however long it says it is."""
    world.site.serve("/icon.png", mark(), headers=PNG)
    sent_bytes = 0

    async def endless(exchange) -> None:
        nonlocal sent_bytes
        await exchange.head(headers=HTML | {"Content-Length": str(100 << 20)})
        await exchange.send(f"<html><head>{ICON}".encode())
        while True:
            await exchange.send(b"<meta name=x content=y>" * 2000)
            sent_bytes += 46_000

    world.site.script("/", endless)

    answer = await world.ask()

    assert answer.source == "apple-touch-icon"
    assert sent_bytes < 16 << 20  # what the sockets between the two hold, beside the half megabyte that is read


async def test_a_gzip_bomb_for_a_page(world):
    """A compressed page is read like another, and a bomb no further than one."""
    bomb = gzip.compress(f"<html><head>{ICON}".encode() + b" " * (300 << 20), compresslevel=1)
    world.site.serve("/", bomb, headers=HTML | {"Content-Encoding": "gzip"})
    world.site.serve("/icon.png", mark(), headers=PNG)

    assert (await world.ask()).source == "apple-touch-icon"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "nonsense"])
async def test_a_page_that_cannot_be_decoded(world, encoding):
    """A page in an encoding that nobody asked for, or broken, names nothing; the search goes on."""
    world.site.serve("/", b"this is no gzip", headers=HTML | {"Content-Encoding": encoding})
    world.site.serve("/apple-touch-icon.png", mark(), headers=PNG)
    world.serve_google(mark(128, "#06c"))

    assert (await world.ask()).source in ("well-known", "google")


async def test_a_page_that_breaks_off(world):
    """What had come of a page counts."""
    html = page(ICON, body="<p>" + "x" * 100_000)
    world.site.reset_mid_body("/", html)
    world.site.serve("/icon.png", mark(), headers=PNG)

    assert (await world.ask()).source == "apple-touch-icon"


@pytest.mark.parametrize(
    "manifest",
    [b"<html>no", b"", b"[" * 100_000, b'{"icons": "none"}', b'{"icons": [1, null, {}]}', b"{" + b" " * 400_000],
)
async def test_a_manifest_that_is_none(world, manifest):
    """A manifest that is no manifest says nothing."""
    world.site.serve("/", page('<link rel="manifest" href="/m.json">', ICON), headers=HTML)
    world.site.serve("/m.json", manifest, headers={"Content-Type": "application/json"})
    world.site.serve("/icon.png", mark(), headers=PNG)

    assert (await world.ask()).source == "apple-touch-icon"


async def test_a_manifests_icons(world):
    """The icons of a manifest are candidates, relative to where it lies."""
    world.site.serve("/", page('<link rel="manifest" href="/pwa/m.json">'), headers=HTML)
    manifest = b'{"icons": [{"src": "512.png", "sizes": "512x512", "type": "image/png"}], "theme_color": "#c00"}'
    world.site.serve("/pwa/m.json", manifest, headers={"Content-Type": "application/manifest+json"})
    world.site.serve("/pwa/512.png", mark(512), headers=PNG)

    answer = await world.ask(size_px=256)

    assert (answer.source, answer.url) == ("manifest", "http://acme.test/pwa/512.png")


async def test_two_hundred_icons(world):
    """A page with two hundred icons costs fifty fetches, the most promising first."""
    links = [f'<link rel="icon" sizes="{n}x{n}" href="/{n}.png">' for n in range(16, 216)]
    world.site.serve("/", page(*links), headers=HTML)
    for n in range(16, 216):
        world.site.serve(f"/{n}.png", mark(n), headers=PNG)

    answer = await world.ask()

    assert answer.url == "http://acme.test/215.png"
    assert sum(world.site.hits(f"/{n}.png") for n in range(16, 216)) == 50


def ico_bomb() -> bytes:
    """Give an icon whose directory promises thousands of entries and a PNG of giant sides."""
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + ihdr + bytes(4)
    entry = struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(png), 6 + 16 * 4000)
    return struct.pack("<HHH", 0, 1, 4000) + entry * 4000 + png


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (ico_bomb(), {"Content-Type": "image/x-icon"}),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), PNG),
        (mark()[:400], PNG),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg xmlns='http://www.w3.org/2000/svg'>&a;</svg>", SVG),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='1' height='100000'/>", SVG),
        (b"GIF89a" + bytes(50), {"Content-Type": "image/gif"}),
        (b"%PDF-1.7", {"Content-Type": "image/png"}),
    ],
    ids=["ico bomb", "no png", "half a png", "entities", "endless svg", "no gif", "pdf"],
)
async def test_a_hostile_picture(world, data, headers):
    """A broken or giant candidate is out, whatever it is, and another is the logo."""
    world.site.serve("/", page(ICON, '<link rel="icon" href="/good.png">'), headers=HTML)
    world.site.serve("/icon.png", data, headers=headers)
    world.site.serve("/good.png", mark(96), headers=PNG)

    answer = await world.ask(size_px=64)

    assert answer.url == "http://acme.test/good.png"
    assert (await world.reasons())["icon.png"] in ("not-an-image", "too-large", "blank")


async def test_a_drawing_with_scripts(world):
    """Scripts, handlers and references to elsewhere are gone from what is kept of a drawing."""
    evil = mark_svg().replace(
        b"<path",
        b'<script>alert(1)</script><image href="http://evil.test/x.png"/><path onload="alert(2)"',
    )
    world.site.serve("/", page('<link rel="icon" href="/logo.svg">'), headers=HTML)
    world.site.serve("/logo.svg", evil, headers=SVG)

    answer = await world.ask()
    await world.parts.stored()

    kept = (await world.parts.store.get("images/logos/acme_test_link-icon_86b31839.svg")).data
    assert answer.source == "link-icon"
    assert not [word for word in (b"script", b"onload", b"evil") if word in kept]


async def test_a_page_that_sends_its_reader_on(world):
    """A page that only leads elsewhere is followed once; one that leads to itself is not."""
    world.site.serve("/", page('<meta http-equiv="refresh" content="0; url=/home">'), headers=HTML)
    world.site.serve("/home", page(ICON, '<meta http-equiv="refresh" content="0; url=/">'), headers=HTML)
    world.site.serve("/icon.png", mark(), headers=PNG)

    assert (await world.ask()).source == "apple-touch-icon"
    assert (world.site.hits("/"), world.site.hits("/home")) == (1, 1)


async def test_redirects_to_another_host(world):
    """A site that lives at another name is followed there, as are its icons."""
    world.site.serve("/", status=301, headers={"Location": "http://www.elsewhere.test/start"})
    world.site.serve("/start", page(ICON), headers=HTML)
    world.site.serve("/icon.png", status=302, headers={"Location": "http://cdn.test/i.png"})
    world.site.serve("/i.png", mark(), headers=PNG)

    answer = await world.ask()

    assert answer.source == "apple-touch-icon"
    assert answer.served.blob.meta.width == 128


async def test_a_page_that_is_not_there(world):
    """A root that answers 404 still has a favicon by custom."""
    world.site.serve("/favicon.ico", mark(64), headers=PNG)

    assert (await world.ask(size_px=64)).source == "well-known"


async def test_the_registrable_domains_page(world):
    """Where a host has no page, the domain it lies in has."""

    async def by_host(exchange) -> None:
        is_docs = exchange.request.headers["Host"].startswith("docs.")
        await exchange.answer(b"" if is_docs else page(ICON), status=404 if is_docs else 200, headers=HTML)

    world.site.script("/", by_host)
    world.site.serve("/icon.png", mark(), headers=PNG)

    answer = await world.ask("docs.acme.test")

    assert (answer.source, answer.domain) == ("apple-touch-icon", "docs.acme.test")
    assert answer.url == "http://acme.test/icon.png"


async def test_templates_of_the_operators_own(tmp_path):
    """A service with a token is asked in its turn; its token is in no record and no explanation."""
    template = "http://google.test/own/sesame/{domain}?token=sesame&size={size}"
    env = {"IMGSVC_LOGO_PROVIDERS": f"{template},duckduckgo"}
    async with logo_world(tmp_path, **env) as world:
        world.site.serve("/", page(), headers=HTML)
        world.google.serve("/own/sesame/acme.test", mark(128), headers=PNG)

        answer = await world.ask()
        await world.parts.stored()
        told = str(await world.explained())
        record = (await world.parts.store.get("images/logos/acme.test.json")).data

    assert (answer.source, answer.url) == ("service", "http://google.test/")
    assert "token=sesame" in world.google.requests[0].target
    assert "sesame" not in told
    assert b"sesame" not in record


async def test_services_can_be_off(tmp_path):
    """An empty template is a service that is not asked."""
    async with logo_world(tmp_path, IMGSVC_LOGO_GOOGLE_URL="", IMGSVC_LOGO_DUCKDUCKGO_URL="") as world:
        world.site.serve("/", page(), headers=HTML)

        with pytest.raises(LogoNotFound) as caught:
            await world.ask(fallback=Fallback.NOT_FOUND)

        assert caught.value.retry_after_seconds == 86400
        assert not world.google.requests


async def test_too_many_sources_at_once(tmp_path):
    """A search for which there is no place is refused, and none of it is remembered as a search."""
    async with logo_world(tmp_path, slot_timeout_seconds=0.1, IMGSVC_FETCH_SLOTS="1") as world:
        world.serve_icon()
        gate = world.site.gate("/held.png", mark())
        held = asyncio.create_task(world.parts.original("/held.png"))
        await world.site.until_hits("/held.png")
        with pytest.raises(QueueFull):
            await world.ask()
        gate.set()
        await held

        assert (await world.ask()).source == "apple-touch-icon"


async def test_a_globe_by_any_service_is_a_monogram(world):
    """Whatever answers a globe, in whatever size, the end is a monogram."""
    world.site.serve("/favicon.ico", globe(32), headers=PNG)
    world.serve_google(globe(16))
    world.duckduckgo.serve("/acme.test.ico", globe(64), headers=PNG)

    answer = await world.ask()

    assert answer.source == "monogram"
