"""Clocks that are put back, or run ahead in another replica: nothing is out of reach because of them."""

from imgsvc.model.purge import Instructions
from imgsvc.services.answers import Tier
from tests.support.spine import ask_at, png
from tests.support.spine_parts import HOUR, START

BLUE = (0, 0, 255)


async def test_a_clock_that_was_put_back(parts, origin):
    """What was fetched at a time that is still to come is asked for again, and purges hit it."""
    origin.serve("/a.png", png(), headers={"Cache-Control": "max-age=86400"})
    await ask_at(parts, 2 * HOUR)
    origin.serve("/a.png", png(BLUE), headers={"Cache-Control": "max-age=86400"})
    within = await ask_at(parts, 2 * HOUR - 60)
    put_back = await ask_at(parts, 0)
    again = await ask_at(parts, 1)
    await parts.purges.purge(Instructions(domains=("*.test",), hard=True))
    parts.forget_memory()

    assert (within.stale, put_back.stale, again.stale) == (False, True, False)
    assert again.blob.data != put_back.blob.data
    assert origin.hits("/a.png") == 2


async def test_a_purge_hits_what_was_fetched_in_the_future(parts, origin):
    """A record of a replica whose clock runs ahead is not out of reach."""
    origin.serve("/a.png", png(), headers={"Cache-Control": "max-age=86400"})
    await ask_at(parts, 2 * HOUR)
    parts.clock.now = START
    await parts.purges.purge(Instructions(domains=("*.test",), hard=True))
    origin.serve("/a.png", png(BLUE))
    purged = await ask_at(parts, 1)

    assert (purged.tier, purged.hit) == (Tier.ORIGIN, False)
