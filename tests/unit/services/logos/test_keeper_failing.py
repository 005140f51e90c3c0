"""Logos while sites, store or memory fail, and who is waited for then."""

import asyncio

import pytest

from imgsvc.errors import QueueFull
from imgsvc.model.purge import Instructions
from imgsvc.services.limits import Allowance
from imgsvc.services.logos.keeper import FAILURE_SECONDS, LIFETIME_SECONDS
from imgsvc.services.refreshes import Refresh
from tests.support.logos import HTML, PNG, blank, globe, logo_world, mark, page
from tests.unit.services.logos.test_keeper import until_refreshed

pytestmark = pytest.mark.slow


async def test_every_generic_icon_is_only_a_candidate(world):
    """Generic and blank icons are in the record as rejected, and nowhere in the store."""
    world.site.serve("/", page('<link rel="icon" href="/a.png">', '<link rel="icon" href="/b.png">'), headers=HTML)
    world.site.serve("/a.png", globe(), headers=PNG)
    world.site.serve("/b.png", blank(), headers=PNG)

    await world.ask()
    await world.parts.stored()

    assert await world.parts.keys("images/logos/") == ["images/logos/acme.test.json"]
    reasons = await world.reasons()
    assert (reasons["a.png"], reasons["b.png"]) == ("generic-icon", "blank")


async def test_more_than_there_is_is_asked_for_once(world):
    """A size beyond all that can be found is searched for once, and then a hit."""
    world.serve_icon()
    for _ in range(4):
        await world.ask(size_px=1200)

    assert world.parts.logo_keeper.statistics().searches == 1
    assert world.parts.logos.lookup(world.question(size_px=1200)).served.hit


async def test_a_larger_size_while_the_site_hangs(hasty):
    """Where a logo is known, a search for more that does not end is not made again at each request."""
    hasty.serve_icon()
    before = await hasty.ask()
    hasty.site.stall_before_head("/")
    hasty.google.stall_before_head("/s2")

    answers = [await hasty.ask(size_px=512) for _ in range(3)]

    assert {answer.url for answer in answers} == {before.url}
    assert hasty.parts.logo_keeper.statistics().searches == 2


async def test_no_room_for_more(world):
    """Where memory is short a known logo is answered in any size, though a search might find a larger one."""
    world.serve_icon()
    await world.ask()
    allowance = Allowance(world.parts.limits, "1.2.3.4")
    for _ in range(world.parts.settings.limits.rate_limit.count):
        allowance.take("other.test")

    assert (await world.ask(size_px=512, allowance=allowance)).source == "apple-touch-icon"


async def test_no_room_for_a_refresh(world):
    """A refresh for which there was no room leaves a stale logo stale."""
    world.serve_icon()
    await world.ask()
    world.parts.clock.forward(LIFETIME_SECONDS + 1)
    world.parts.slots.take, take = refused, world.parts.slots.take
    try:
        await world.ask()
        await until_refreshed(world)
        again = await world.ask()
        await until_refreshed(world)
    finally:
        world.parts.slots.take = take

    assert again.served.stale


async def refused(_trace):
    raise QueueFull("no place")


async def test_what_began_earlier_does_not_win(world):
    """A slow word of the old source that comes after a forced refresh does not bring the old logo back."""
    world.serve_icon()
    await world.ask()
    world.parts.clock.forward(LIFETIME_SECONDS + 1)
    gate = asyncio.Event()

    async def slow(exchange) -> None:
        await gate.wait()
        exchange.keep_alive = True
        await exchange.head(304, {"ETag": '"1"'})

    world.site.script("/icon.png", slow)
    await world.ask()
    await world.site.until_hits("/icon.png", 2)
    world.parts.clock.forward(1)
    world.site.serve("/", page('<link rel="apple-touch-icon" href="/new.png">'), headers=HTML)
    world.site.serve("/new.png", mark(180, "#06c"), headers=PNG)
    assert await world.parts.logos.refresh(world.subject(), None, is_admin=True) is Refresh.DONE
    gate.set()
    await until_refreshed(world)

    assert (await world.ask()).url == "http://acme.test/new.png"


async def test_several_sizes_at_once(world):
    """Sizes that need different searches make them one after the other, not beside each other."""
    running = most = 0

    async def counted(exchange) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        await exchange.answer(page('<link rel="apple-touch-icon" href="/icon.png">'), headers=HTML)
        running -= 1

    world.serve_icon(mark(128))
    world.site.script("/", counted)
    answers = await asyncio.gather(*(world.ask(size_px=size_px) for size_px in (64, 200, 500, 1000)))

    assert {answer.source for answer in answers} == {"apple-touch-icon"}
    assert (most, world.parts.logo_keeper.statistics().searches <= 4) == (1, True)


async def test_neither_memory_nor_store(tmp_path):
    """With both switched off the answer is right, and one search is enough for it."""
    async with logo_world(tmp_path, IMGSVC_CACHE_BYTES="0") as world:
        world.parts.store.failing |= {"get", "put"}
        world.serve_icon()

        answer = await world.ask()

    assert answer.source == "apple-touch-icon"
    assert world.site.hits("/") == 1


async def test_a_soft_purge_of_a_site_that_is_down(hasty):
    """A refresh that has failed is not tried again at each request."""
    hasty.serve_icon()
    await hasty.ask()
    hasty.site.stall_before_head("/")
    hasty.site.stall_before_head("/icon.png")
    hasty.parts.clock.forward(100)
    await hasty.parts.purges.purge(Instructions(domains=("acme.test",)))
    for _ in range(4):
        await hasty.ask()
        await until_refreshed(hasty)

    assert hasty.parts.logo_keeper.statistics().searches == 2


async def test_refused_connections_are_an_answer(world):
    """A subdomain all of whose hosts refuse has no logo for a day, though its breaker opens on the way."""
    await world.site.__aexit__()
    world.google.serve("/s2", b"", status=404)

    answer = await world.ask("docs.acme.test")

    assert answer.fresh_until == world.parts.clock.now + FAILURE_SECONDS


async def test_the_sources_own_date(world):
    """Last-Modified is the picture's, where its source says so."""
    date = "Tue, 01 Dec 2020 10:00:00 GMT"
    world.serve_icon()
    world.site.conditional("/icon.png", mark(), etag='"1"', last_modified=date, headers=PNG)

    answer = await world.ask()

    assert dict(answer.served.blob.headers)["Last-Modified"] == date


async def test_short_of_memory_at_the_worst(world):
    """At EMERGENCY what is remembered of logos is flushed, and read from the store again."""
    world.serve_icon()
    await world.ask()
    await world.parts.stored()
    world.parts.rss.bytes = 2 * world.parts.settings.memory.budget_bytes
    world.parts.clock.forward(20)
    world.parts.monitor.sample()

    assert world.parts.logo_keeper.known(world.subject().domain, 128) is None
    world.parts.rss.bytes = 100 << 20
    for _ in range(9):
        world.parts.clock.forward(10)
        world.parts.monitor.sample()
    assert (await world.ask()).source == "apple-touch-icon"
    assert world.site.hits("/") == 1


@pytest.mark.parametrize("status", [403, 500, 503, 200])
async def test_a_site_that_fails_keeps_its_logo(world, status):
    """Blocked, failing or parked: what the site shows now in its icon's place does not end the logo that was good."""
    world.serve_icon()
    before = await world.ask()
    for path in ("/", "/icon.png"):
        world.site.serve(path, b"<html>parked</html>", status=status, headers=HTML)
    world.serve_google(mark(256, "#06c"))
    world.parts.clock.forward(LIFETIME_SECONDS + 1)

    await world.ask()
    await until_refreshed(world)
    after = await world.ask()
    forced = await world.parts.logos.refresh(world.subject(), None, is_admin=True)

    assert (after.source, after.served.blob.data) == (before.source, before.served.blob.data)
    assert after.fresh_until == world.parts.clock.now + FAILURE_SECONDS
    assert forced is Refresh.FAILED


@pytest.mark.parametrize("status", [404, 410])
async def test_a_logo_that_is_gone_is_gone(world, status):
    """A source that says so ends its logo; what else there is takes its place."""
    world.serve_icon()
    await world.ask()
    world.site.serve("/", page(), headers=HTML)
    world.site.serve("/icon.png", b"", status=status)
    world.serve_google(mark(256, "#06c"))
    world.parts.clock.forward(LIFETIME_SECONDS + 1)

    await world.ask()
    await until_refreshed(world)

    assert (await world.ask()).source == "google"


async def test_a_logo_that_fails_beside_others(world):
    """An icon that is still named but fails is not replaced by a lesser one; one that is named no more is."""
    links = ['<link rel="apple-touch-icon" href="/icon.png">', '<link rel="icon" href="/small.png">']
    world.serve_icon()
    world.site.serve("/", page(*links), headers=HTML)
    world.site.serve("/small.png", mark(32), headers=PNG)
    await world.ask()
    world.site.serve("/icon.png", b"", status=503)
    world.parts.clock.forward(LIFETIME_SECONDS + 1)

    await world.ask()
    await until_refreshed(world)
    kept = await world.ask()
    world.site.serve("/", page(links[1]), headers=HTML)
    await world.parts.logos.refresh(world.subject(), None, is_admin=True)
    replaced = await world.ask()

    assert kept.url == "http://acme.test/icon.png"
    assert replaced.url == "http://acme.test/small.png"
