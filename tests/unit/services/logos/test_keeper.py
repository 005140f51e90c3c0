"""What is known of logos: kept, refreshed, given up, shared."""

import asyncio

import pytest

from imgsvc.errors import RateLimited
from imgsvc.model.purge import Instructions
from imgsvc.services.limits import Allowance
from imgsvc.services.logos.keeper import FAILURE_SECONDS, LIFETIME_SECONDS
from imgsvc.services.refreshes import Refresh
from tests.support.logos import HTML, mark, page

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
