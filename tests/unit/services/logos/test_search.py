"""One search: who is asked, in which order, and how it ends."""

import asyncio
import struct
import zlib

import pytest

from imgsvc.errors import MemoryPressure, QueueFull
from imgsvc.model.look import Theme
from imgsvc.pressure.levels import Level
from tests.support.logos import HTML, PNG, SVG, blank, blown_up, globe, logo_world, mark, mark_svg, page
from tests.support.origin import ScriptedOrigin

pytestmark = pytest.mark.slow


def links_of(links: list[str]) -> set[str]:
    return {link.partition('href="/')[2].partition('"')[0] for link in links}


async def test_the_site_goes_first(world):
    """A site's own icon suffices: neither well-known paths nor services are asked."""
    world.serve_icon()

    answer = await world.ask()

    assert (answer.source, answer.domain, answer.is_fallback) == ("apple-touch-icon", "acme.test", False)
    assert answer.url == "http://acme.test/icon.png"
    assert not world.site.hits("/favicon.ico")
    assert not world.google.requests


async def test_well_known_paths_are_next(world):
    """Where the page names nothing, what lies by custom is asked for, and suffices."""
    world.site.serve("/", page(), headers=HTML)
    world.site.serve("/apple-touch-icon.png", mark(180), headers=PNG)

    answer = await world.ask()

    assert answer.source == "well-known"
    assert not world.google.requests


async def test_a_host_without_a_picture_leaves_it_to_the_domain(world):
    """A page below the domain that has no icon, nor one by custom, does not keep the domain's own from being found."""
    bare, home = page("<title>API</title>"), page('<link rel="icon" href="/icon.png">')

    async def behave(exchange):
        is_home = exchange.request.headers["Host"] == "acme.test"
        await exchange.answer(home if is_home else bare, headers=HTML)

    world.site.script("/", behave)
    world.site.serve("/icon.png", mark(180), headers=PNG)

    answer = await world.ask("api.acme.test")

    assert (answer.source, answer.domain, answer.url) == ("link-icon", "api.acme.test", "http://acme.test/icon.png")
    assert [request.headers["Host"] for request in world.site.requests if request.target == "/favicon.ico"] == [
        "api.acme.test"
    ]
    assert not world.google.requests


async def test_a_dealer_has_no_say(world):
    """A domain that leads to whoever sells it has not the dealer's logo, but what a service remembers."""
    offer = page('<link rel="icon" href="/icon.png">', title="Acme.test is for sale | Dealer")
    world.site.redirect("/", "http://dealer.test/lander?d=acme.test")
    world.site.serve("/lander", offer, headers=HTML)
    world.site.serve("/icon.png", mark(180), headers=PNG)
    world.serve_google(mark(128, "#06c"))

    answer = await world.ask()

    assert (answer.source, world.site.hits("/icon.png")) == ("google", 0)


async def test_services_are_last_and_in_order(world):
    """Google is asked for its two sizes, then DuckDuckGo; a 404 with a globe in its body is a miss."""
    world.site.serve("/", page(), headers=HTML)
    world.serve_google(globe(), status=404)
    world.duckduckgo.serve("/acme.test.ico", mark(48, "#c00"), headers=PNG)

    answer = await world.ask()

    assert answer.source == "duckduckgo"
    assert [request.target for request in world.google.requests] == [
        "/s2?domain=acme.test&sz=256", "/s2?domain=acme.test&sz=128",
    ]  # fmt: skip


async def test_generic_icons_are_rejected(world):
    """A globe is no logo, whoever answers it; the search goes on and ends with a monogram."""
    world.site.serve("/", page('<link rel="icon" href="/globe.png">'), headers=HTML)
    world.site.serve("/globe.png", globe(), headers=PNG)
    world.serve_google(globe(64))
    world.duckduckgo.serve("/acme.test.ico", globe(32), headers=PNG)

    answer = await world.ask()

    assert (answer.source, answer.is_fallback) == ("monogram", True)
    reasons = await world.reasons()
    assert reasons["globe.png"] == "generic-icon"
    assert [key async for key in world.parts.store.list("images/logos/")] in (
        [], ["images/logos/acme.test.json"],
    )  # fmt: skip


async def test_each_reason(world):
    """Each kind of bad candidate is out for its own reason, and none of them ends the search."""
    icons = {
        "small.png": mark(12),
        "blank.png": blank(),
        "text.png": b"<html>no picture</html>",
        "blown.png": blown_up(),
        "large.png": b"\x89PNG\r\n\x1a\n" + bytes(6 << 20),
        "good.png": mark(96, "#06c"),
    }
    links = [f'<link rel="icon" href="/{name}">' for name in [*icons, "gone.png", "away.png"]]
    world.site.serve("/", page(*links), headers=HTML)
    for name, data in icons.items():
        world.site.serve(f"/{name}", data, headers=PNG)
    world.site.serve("/away.png", status=302, headers={"Location": "http://127.0.0.1:9/icon.png"})

    answer = await world.ask(size_px=64)

    assert answer.url == "http://acme.test/good.png"
    reasons = await world.reasons()
    assert {name: reasons[name] for name in links_of(links)} == {
        "small.png": "too-small", "blank.png": "blank", "text.png": "not-an-image", "blown.png": "upscaled",
        "large.png": "too-large", "good.png": None, "gone.png": "unreachable", "away.png": "forbidden",
    }  # fmt: skip


async def test_a_hanging_site_leaves_time_for_services(hasty):
    """A site that takes the connection and says nothing: the service's icon is there within the deadline."""
    hasty.site.stall_before_head("/")
    hasty.serve_google(mark(128, "#06c"))

    answer = await hasty.ask()

    assert answer.source == "google"
    assert hasty.parts.clock.now < answer.fresh_until <= hasty.parts.clock.now + 86400


async def test_everything_hangs(hasty):
    """Without any answer a monogram comes at the deadline, and the search is made again soon."""
    hasty.site.stall_before_head("/")
    hasty.google.stall_before_head("/s2")
    hasty.duckduckgo.stall_before_head("/acme.test.ico")

    answer = await hasty.ask()

    assert answer.source == "monogram"
    assert answer.fresh_until == hasty.parts.clock.now + 60


async def test_hosts_that_do_not_connect_are_asked_once(world):
    """What the page names on a dead host is out without another attempt."""
    links = [f'<link rel="icon" href="https://dead.invalid/{n}.png">' for n in range(9)]
    world.site.serve("/", page(*links), headers=HTML)

    await world.ask()

    reasons = await world.reasons()
    assert [reasons[f"{n}.png"] for n in range(9)] == ["unreachable"] * 9


async def test_four_at_once(world):
    """Never more than four fetches of one domain run at the same time."""
    links = [f'<link rel="icon" href="/{n}.png">' for n in range(12)]
    world.site.serve("/", page(*links), headers=HTML)
    gates = [world.site.gate(f"/{n}.png", mark(64)) for n in range(12)]
    asked = asyncio.create_task(world.ask())

    for done in range(0, 12, 4):
        async with asyncio.timeout(60):
            while sum(world.site.hits(f"/{n}.png") for n in range(12)) < done + 4:
                await asyncio.sleep(0)
        assert sum(world.site.hits(f"/{n}.png") for n in range(12)) == done + 4
        for n, gate in enumerate(gates):
            if world.site.hits(f"/{n}.png"):
                gate.set()
    await asked


async def test_a_scheme_of_its_own(world):
    """A variant that the site declares for dark pages is the logo there, and nowhere else."""
    links = (
        '<link rel="icon" href="/light.png" sizes="128x128">',
        '<link rel="icon" href="/dark.png" sizes="128x128" media="(prefers-color-scheme: dark)">',
    )
    world.site.serve("/", page(*links), headers=HTML)
    world.site.serve("/light.png", mark(128, "#111"), headers=PNG)
    world.site.serve("/dark.png", mark(128, "#fd0"), headers=PNG)
    assert (await world.ask()).url == "http://acme.test/light.png"
    assert (await world.ask(theme=Theme.LIGHT)).url == "http://acme.test/light.png"
    assert (await world.ask(theme=Theme.DARK)).url == "http://acme.test/dark.png"


async def test_the_size_asked_for_decides(world):
    """A small icon made for its size is the logo at that size, a drawing at all others."""
    links = ('<link rel="icon" href="/16.png" sizes="16x16">', '<link rel="icon" href="/logo.svg">')
    world.site.serve("/", page(*links), headers=HTML)
    world.site.serve("/16.png", mark(16), headers=PNG)
    world.site.serve("/logo.svg", mark_svg(), headers=SVG)

    answer = await world.ask(size_px=512)

    assert answer.url == "http://acme.test/logo.svg"
    assert answer.served.blob.meta.width == 512


async def test_a_raster_is_never_enlarged(world):
    """A picture smaller than asked comes as it is."""
    world.serve_icon(mark(180))

    answer = await world.ask(size_px=512)

    assert answer.served.blob.meta.width == 180


async def test_short_of_memory(world):
    """A search that could not be made is no search: the refusal is the answer, and nothing is remembered."""
    world.serve_icon()
    world.parts.rss.bytes = world.parts.settings.memory.budget_bytes
    world.parts.monitor.sample()
    assert world.parts.monitor.level >= Level.CRITICAL

    with pytest.raises(MemoryPressure):
        await world.ask()
    world.parts.rss.bytes = 100 << 20
    world.parts.clock.forward(10)
    world.parts.monitor.sample()

    assert (await world.ask()).source == "apple-touch-icon"


async def test_no_room_is_no_end(tmp_path):
    """All places taken until the deadline: the search is refused, not answered with a monogram."""
    async with logo_world(tmp_path, IMGSVC_FETCH_SLOTS="1", IMGSVC_LOGO_DEADLINE="0.5") as world:
        gate = world.site.gate("/held.png", mark())
        held = asyncio.create_task(world.parts.original("/held.png"))
        await world.site.until_hits("/held.png")

        with pytest.raises(QueueFull):
            await world.ask()
        gate.set()
        await held


async def test_what_is_held_is_counted_and_bounded(world):
    """The pictures of a search are accounted for while it lasts, and are no more than eight megabytes."""
    sizes = (16, 32, 64, 128, 256, 512, 1000)
    links = [f'<link rel="icon" sizes="{n}x{n}" href="/{n}.png">' for n in sizes]
    world.site.serve("/", page(*links), headers=HTML)
    for n in sizes:
        world.site.serve(f"/{n}.png", padded(mark(n), 4 << 20), headers=PNG)
    most = 0
    take = world.parts.transfers.take

    def taken(size_bytes):
        nonlocal most
        granted = take(size_bytes)
        most = max(most, world.parts.transfers.in_use_bytes)
        return granted

    world.parts.transfers.take = taken

    await world.ask()
    await world.parts.stored()

    kept = [key for key in await world.parts.keys("images/logos/") if key.endswith(".png")]
    assert 1 <= len(kept) <= 2
    assert most > 8 << 20
    assert world.parts.transfers.in_use_bytes == 0


async def test_a_trusted_origin_is_no_strangers_business(tmp_path):
    """A page cannot have pictures fetched from a host that only the operator trusts; its own site can."""
    async with ScriptedOrigin() as private:
        private.serve("/secret.png", mark(), headers=PNG)
        named = f"media.internal:{private.port}=127.0.0.0/8"
        async with logo_world(tmp_path, IMGSVC_TRUSTED_ORIGINS=named, IMGSVC_ALLOWED_HOSTS="a.test") as world:
            world.serve_icon()
            link = f'<link rel="apple-touch-icon" href="http://media.internal:{private.port}/secret.png">'
            world.site.serve("/", page(link), headers=HTML)

            assert (await world.ask()).source == "monogram"
            assert (await world.reasons())["secret.png"] == "forbidden"
        assert private.hits("/secret.png") == 0


def padded(png: bytes, size_bytes: int) -> bytes:
    """Make a PNG as large as that by a chunk that means nothing."""
    data = bytes(size_bytes)
    chunk = struct.pack(">I", len(data)) + b"prVt" + data + struct.pack(">I", zlib.crc32(b"prVt" + data))
    return png[:33] + chunk + png[33:]
