"""What is known of logos: kept, refreshed, given up, shared."""

import asyncio

import pytest

from imgsvc.errors import QueueFull, RateLimited
from imgsvc.model.purge import Instructions
from imgsvc.services.limits import Allowance
from imgsvc.services.logos.keeper import FAILURE_SECONDS, LIFETIME_SECONDS
from imgsvc.services.refreshes import Refresh
from tests.support.logos import HTML, PNG, blank, globe, logo_world, mark, page

pytestmark = pytest.mark.slow

DAY = 86400


async def until_refreshed(world) -> None:
    await world.parts.logo_keeper.idle()
    await world.parts.stored()


async def test_golden_keys(world):
    """Logo and record lie where the specification says; the record is JSON for people."""
    world.site.serve("/", page(), headers=HTML)
    world.serve_google(mark(128))

    await world.ask("example.com")
    await world.parts.stored()

    keys = await world.parts.keys("images/logos/")
    assert keys == ["images/logos/example.com.json", "images/logos/example_com_google_a379a6f6.png"]
    record = (await world.parts.store.get("images/logos/example.com.json")).data
    assert b'"domain":"example.com"' in record
    assert b'"rejected":"unreachable"' in record


async def test_equal_questions_are_one_search(world):
    """Fifty who ask at once, for several sizes, cost one search."""
    world.serve_icon()
    gate = world.site.gate("/icon.png", mark())
    asked = [asyncio.create_task(world.ask(size_px=16 + n % 5 * 20)) for n in range(50)]
    await world.site.until_hits("/icon.png")
    gate.set()
    await asyncio.gather(*asked)

    assert (world.site.hits("/"), world.site.hits("/icon.png")) == (1, 1)
    assert world.parts.logo_keeper.statistics().searches == 1


async def test_the_store_knows_it(world):
    """What was found is answered from the store when memory has forgotten it, without a fetch."""
    world.serve_icon()
    await world.ask()
    await world.parts.stored()
    world.parts.forget_memory()
    world.parts.logo_keeper.forget(world.subject().domain)

    answer = await world.ask(size_px=64)

    assert answer.served.tier.value == "store"
    assert world.site.hits("/") == 1


async def test_a_hit_waits_for_nothing(world):
    """A plain call gives what memory has."""
    world.serve_icon()
    first = await world.ask()

    hit = world.parts.logos.lookup(world.question())

    assert hit is not None
    assert hit.served.hit
    assert hit.served.blob.data == first.served.blob.data


async def test_a_store_that_fails_costs_nothing(world):
    """Without a store the logo is answered all the same, in every size, from one search."""
    world.parts.store.failing |= {"get", "put"}
    world.serve_icon()

    answers = [await world.ask(size_px=size_px) for size_px in (32, 64, 128)]

    assert [answer.source for answer in answers] == ["apple-touch-icon"] * 3
    assert world.site.hits("/") == 1


async def test_a_logo_lost_from_the_store_is_searched_again(world):
    """A record whose picture is gone is worth nothing."""
    world.serve_icon()
    answer = await world.ask()
    await world.parts.stored()
    await world.parts.store.delete(answer.served.blob.source.object_key)
    world.parts.forget_memory()

    again = await world.ask(size_px=64)

    assert again.source == "apple-touch-icon"
    assert world.site.hits("/") == 2


async def test_refreshed_behind_a_stale_answer(world):
    """After thirty days the old logo is answered at once; its source says that it holds, and that is all."""
    world.serve_icon()
    await world.ask()
    world.parts.clock.forward(LIFETIME_SECONDS + 1)

    stale = await world.ask()
    await until_refreshed(world)
    fresh = await world.ask()

    assert (stale.served.stale, stale.served.hit, fresh.served.stale) == (True, True, False)
    assert fresh.fresh_until == world.parts.clock.now + LIFETIME_SECONDS
    assert world.site.hits("/") == 1
    assert world.site.requests[-1].headers["If-None-Match"] == '"1"'
    assert world.parts.logo_keeper.statistics().validated == 1


async def test_another_logo_after_thirty_days(world):
    """A source that has another picture by now has the search made anew; then the new one is answered."""
    world.serve_icon()
    before = await world.ask()
    world.serve_icon(mark(180, "#06c"), etag='"2"')
    world.parts.clock.forward(LIFETIME_SECONDS + 1)

    stale = await world.ask()
    await until_refreshed(world)
    after = await world.ask()

    assert stale.served.blob.data == before.served.blob.data
    assert after.served.blob.data != before.served.blob.data
    assert world.site.hits("/") == 2


async def test_a_site_that_is_down_keeps_its_logo(hasty):
    """When nothing can be reached the last good logo holds for another day."""
    hasty.serve_icon()
    before = await hasty.ask()
    hasty.site.stall_before_head("/icon.png")
    hasty.site.stall_before_head("/")
    hasty.parts.clock.forward(LIFETIME_SECONDS + 1)

    await hasty.ask()
    await until_refreshed(hasty)
    after = await hasty.ask()

    assert (after.source, after.served.blob.data) == (before.source, before.served.blob.data)
    assert after.fresh_until == hasty.parts.clock.now + FAILURE_SECONDS


async def test_nothing_found_is_remembered_for_a_day(world):
    """A domain without a logo is not searched again within 24 hours, and is after them."""
    world.site.serve("/", page(), headers=HTML)
    for _ in range(3):
        assert (await world.ask()).is_fallback
    assert world.site.hits("/") == 1

    world.parts.clock.forward(DAY + 1)
    world.serve_icon()

    assert (await world.ask()).source == "apple-touch-icon"


async def test_a_search_that_did_not_end_is_made_again_ever_later(hasty):
    """Hanging services: after a minute, then two, the search is made anew; nothing of it is stored."""
    hasty.site.reset_before_head("/")
    hasty.google.stall_before_head("/s2")
    ends = []
    for _ in range(2):
        answer = await hasty.ask()
        ends.append(answer.fresh_until - hasty.parts.clock.now)
        hasty.parts.clock.forward(ends[-1] + 1)

    assert ends == [60, 120]
    assert await hasty.parts.keys("images/logos/") == []


async def test_forced_refreshes(world):
    """Anybody may have a logo searched anew once an hour, the operator always."""
    world.serve_icon()
    subject, logos = world.subject(), world.parts.logos
    await world.ask()

    early = await logos.refresh(subject, None, is_admin=False)
    admin = await logos.refresh(subject, None, is_admin=True)
    world.parts.clock.forward(world.parts.settings.cache.refresh_cooldown_seconds + 1)
    late = await logos.refresh(subject, None, is_admin=False)

    assert (early, admin, late) == (Refresh.IGNORED, Refresh.DONE, Refresh.DONE)
    assert world.site.hits("/") == 3


async def test_a_larger_size_may_need_another_search(world):
    """What filled 128 px need not fill 512; what the services know is asked for then, once."""
    world.serve_icon(mark(128))
    world.serve_google(mark(256, "#06c"))
    assert (await world.ask(size_px=128)).source == "apple-touch-icon"
    assert not world.google.requests

    large = [await world.ask(size_px=512) for _ in range(2)]

    assert [answer.source for answer in large] == ["google"] * 2
    assert large[0].served.blob.meta.width == 256
    assert world.site.hits("/") == 2


async def test_a_purge_of_its_domain(world):
    """A hard purge of the domain has its logo searched anew."""
    world.serve_icon()
    await world.ask()
    await world.parts.stored()
    world.parts.clock.forward(10)

    await world.parts.purges.purge(Instructions(domains=("acme.test",), hard=True))
    await world.ask()

    assert world.site.hits("/") == 2


async def test_the_allowance_counts_searches(tmp_path, world):
    """A search takes one of the client's fetches, a hit none; one too many is refused and leaves no trace."""
    world.serve_icon()
    allowance = Allowance(world.parts.limits, "1.2.3.4")
    limit = world.parts.settings.limits.rate_limit.count
    for _ in range(3):
        await world.ask(allowance=allowance)
    assert world.parts.limits.statistics().allowed == 1
    for _ in range(limit - 1):
        allowance.take("other.test")

    with pytest.raises(RateLimited):
        await world.ask("second.test", allowance=allowance)
    assert (await world.ask(allowance=allowance)).source == "apple-touch-icon"


async def test_a_client_that_leaves(world):
    """A search nobody waits for any more is given up; nothing stays behind."""
    world.site.stall_before_head("/")
    asked = asyncio.create_task(world.ask())
    await world.site.until_hits("/")

    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)

    await world.site.until_open_connections(0)


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
