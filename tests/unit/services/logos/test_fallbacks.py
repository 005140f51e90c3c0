"""What is shown where there is no logo."""

import pytest

from imgsvc.model.colours import Colour
from imgsvc.services.answers import Trace
from imgsvc.services.logos.answers import Fallback, Subject
from imgsvc.services.logos.fallbacks import LIFETIME_SECONDS, Fallbacks, name_of


@pytest.fixture
def fallbacks(world) -> Fallbacks:
    return Fallbacks(world.parts.spools, world.parts.clock)


def test_names(world):
    """A monogram is of the company's name, else of what somebody chose of the domain."""
    assert name_of(world.question("docs.acme.test")) == "acme"
    assert name_of(world.question(Subject(None, "Zorblax"))) == "Zorblax"


def test_each_is_a_picture_of_its_own(world, fallbacks):
    """Another kind, name or colour is another answer; the same is the same."""
    acme = world.question()
    asked = [
        fallbacks.request(acme, None), fallbacks.request(acme, Colour(1, 2, 3)),
        fallbacks.request(world.question("other.test"), None),
        fallbacks.request(world.question(fallback=Fallback.PLACEHOLDER), None),
        fallbacks.request(world.question(fallback=Fallback.TRANSPARENT), None),
    ]  # fmt: skip

    assert len({request.key for request in asked}) == len(asked)
    assert fallbacks.request(acme, None).key == asked[0].key
    assert all(request.source.is_generated and not request.source.has_origin for request in asked)


async def test_drawn(world, fallbacks):
    """A drawing is an SVG, good for an hour, and its bytes are accounted for until it is let go."""
    original = await fallbacks.request(world.question(), Colour(0xCC, 0, 0)).bring(Trace())

    assert b"#cc0000" in original.spool.data
    assert original.meta.fresh_until == original.meta.fetched_at + LIFETIME_SECONDS
    assert world.parts.transfers.in_use_bytes == len(original.spool.data)
    original.let_go()


async def test_never_stored(world):
    """A stand-in is answered from memory the second time, and the store has nothing of it."""
    world.site.serve("/", b"")
    first = await world.ask()
    again = await world.ask()
    await world.parts.stored()

    assert (first.served.hit, again.served.hit) == (False, True)
    assert await world.parts.keys("images/") == ["images/logos/acme.test.json"]
