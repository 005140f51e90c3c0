"""Logos that a hard purge hit leave the store."""

import pytest

from imgsvc.model.purge import Mark
from imgsvc.services.logos.sweeping import LogoSweep
from imgsvc.services.mark_index import MarkIndex


@pytest.mark.parametrize(
    ("kind", "value", "is_hit"),
    [
        ("domain", "acme.test", True), ("domain", "*.test", True), ("tag", "logo:acme.test", True),
        ("prefix", "https://acme.test/", True), ("domain", "other.test", False), ("tag", "logo:other.test", False),
    ],
)  # fmt: skip
async def test_what_is_hit(world, kind, value, is_hit):
    """Record, picture and all made of it go, by domain or word; what no mark names stays, and so does what is newer."""
    world.serve_icon()
    await world.ask()
    await world.parts.stored()
    sweep = LogoSweep(world.parts.store, world.parts.purges._remove)

    older = await sweep(MarkIndex([Mark(kind, value, hard=True, time=world.parts.clock.now - 10)]))
    newer = await sweep(MarkIndex([Mark(kind, value, hard=True, time=world.parts.clock.now + 10)]))

    keys = await world.parts.keys("images/")
    assert older == 0
    assert (newer, keys == []) == ((3, True) if is_hit else (0, False))
