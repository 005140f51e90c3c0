"""Claims on sources, where no Redis is shared; with one they are shown by the tests of replicas."""

from typing import TYPE_CHECKING

from imgsvc.services.answers import Tier
from tests.support.spine import png

if TYPE_CHECKING:
    from imgsvc.services.original import Original


async def test_alone_every_claim_is_granted(parts):
    """With nobody to share with nothing is waited for, twice at once either."""
    source = parts.source("/a.png")
    async with parts.claims.claimed(source) as one, parts.claims.claimed(source) as other:
        assert (one.is_ours, other.is_ours) == (True, True)


async def test_what_may_not_be_shared_is_remembered(parts, origin):
    """A source that forbids sharing is not claimed again: nobody could bring it to another."""
    origin.serve("/a.png", png(), headers={"Cache-Control": "no-store"})
    source = parts.source("/a.png")
    before = parts.leases.statistics().claimed
    for _ in range(3):
        original: Original = await parts.named(source)
        assert (original.tier, original.shareable) == (Tier.ORIGIN, False)

    assert parts.leases.statistics().claimed == before + 1


async def test_what_may_be_shared_again_is_claimed_again(parts, origin):
    """A source that comes to allow sharing is one like any other from then on."""
    source = parts.source("/a.png")
    for directive in ("no-store", "max-age=7200", "max-age=7200"):
        origin.serve("/a.png", png(), headers={"Cache-Control": directive})
        await parts.named(source)
        await parts.purges.remove(source)

    assert parts.leases.statistics().claimed == 2
