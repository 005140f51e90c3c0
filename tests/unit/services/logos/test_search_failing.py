"""A search whose places are cut off, dead, slow or silent."""

import asyncio

import pytest

from tests.support.logos import HTML, PNG, logo_world, mark, page

pytestmark = pytest.mark.slow


async def test_cut_off(world):
    """Where nobody can be reached at all it may be us: nothing is learnt of the domain, and soon it is tried again."""
    for origin in (world.site, world.google, world.duckduckgo):
        await origin.__aexit__()

    answer = await world.ask()

    assert answer.source == "monogram"
    assert answer.fresh_until == world.parts.clock.now + 60


async def test_a_dead_place_elsewhere_is_not_the_sites_fault(world):
    """An icon that redirects to a host that does not connect leaves the site's other icons in the race."""
    links = ('<link rel="apple-touch-icon" href="/moved.png">', '<link rel="icon" href="/good.png">')
    world.site.serve("/", page(*links), headers=HTML)
    world.site.serve("/moved.png", status=302, headers={"Location": "https://dead.invalid/x.png"})
    world.site.serve("/good.png", mark(), headers=PNG)

    answer = await world.ask()

    assert answer.url == "http://acme.test/good.png"


async def test_an_address_that_cannot_be_asked(world):
    """A candidate with a giant address, in characters that need escaping, costs only itself."""
    links = ('<link rel="icon" href="/' + "é" * 1500 + '.png">', '<link rel="icon" href="/good.png">')
    world.site.serve("/", page(*links), headers=HTML)
    world.site.serve("/good.png", mark(), headers=PNG)

    assert (await world.ask()).url == "http://acme.test/good.png"


async def test_an_unforeseen_fault_in_one_candidate(world, monkeypatch):
    """Whatever goes wrong in looking at one candidate, another is the logo."""
    links = ('<link rel="apple-touch-icon" href="/odd.png">', '<link rel="icon" href="/good.png">')
    world.site.serve("/", page(*links), headers=HTML)
    world.site.serve("/odd.png", mark(300), headers=PNG)
    world.site.serve("/good.png", mark(), headers=PNG)
    inspect = world.parts.inspector.inspect

    async def odd(data, encoding):
        if data == mark(300):
            raise ValueError("never seen before")
        return await inspect(data, encoding)

    monkeypatch.setattr(world.parts.inspector, "inspect", odd)

    assert (await world.ask()).url == "http://acme.test/good.png"


async def test_a_site_that_answers_late_cuts_services_off(tmp_path):
    """A service that was begun and not needed has not been asked: who wants more later has it asked."""
    async with logo_world(tmp_path, IMGSVC_LOGO_DEADLINE="2") as world:
        gate = world.site.gate("/", page('<link rel="apple-touch-icon" href="/icon.png">'))
        world.site.serve("/icon.png", mark(130), headers=PNG)
        asking = world.google.gate("/s2", mark(256, "#06c"))
        asked = asyncio.create_task(world.ask())
        await world.google.until_hits("/s2")
        gate.set()

        assert (await asked).source == "apple-touch-icon"
        assert "unreachable" not in (await world.reasons()).values()
        asking.set()
        await world.ask(size_px=256)
        assert world.site.hits("/") == 2


async def test_the_next_service_does_not_wait_for_a_silent_one(hasty):
    """With the site and the first service silent the second is asked in time."""
    hasty.site.stall_before_head("/")
    hasty.google.stall_before_head("/s2")
    hasty.duckduckgo.serve("/acme.test.ico", mark(128, "#06c"), headers=PNG)

    assert (await hasty.ask()).source == "duckduckgo"


async def test_a_page_that_leads_where_nobody_may_go(world):
    """A page that redirects to a private address is none, but the site's customary paths are asked."""
    world.site.serve("/", status=302, headers={"Location": "http://169.254.169.254/"})
    world.site.serve("/apple-touch-icon.png", mark(), headers=PNG)

    assert (await world.ask()).source == "well-known"


async def test_one_slow_icon_does_not_hold_the_others_up(world):
    """When one candidate suffices, one that only drips is waited for a moment and told of as not reached."""
    links = ('<link rel="icon" href="/drip.png">', '<link rel="apple-touch-icon" href="/good.png">')
    world.site.serve("/", page(*links), headers=HTML)
    world.site.drip("/drip.png", mark(), every_seconds=0.5)
    world.site.serve("/good.png", mark(), headers=PNG)
    began = asyncio.get_running_loop().time()

    answer = await world.ask()

    assert answer.url == "http://acme.test/good.png"
    assert asyncio.get_running_loop().time() - began < 3
    assert (await world.reasons())["drip.png"] == "unreachable"


async def test_services_that_fail_know_nothing(world):
    """A site without an icon and services that are down: that is not to have found nothing for a day."""
    world.site.serve("/", page(), headers=HTML)
    world.serve_google(b"", status=503)
    world.duckduckgo.serve("/acme.test.ico", b"", status=503)

    answer = await world.ask()

    assert answer.fresh_until == world.parts.clock.now + 60
