"""Pictures while the store damages, delays or refuses objects."""

import asyncio

import pytest

from imgsvc.model.keys import original_key
from imgsvc.services.answers import Tier
from tests.support.blobs import meta_of
from tests.support.spine import png
from tests.support.spine_parts import HOUR, START
from tests.unit.services.test_images import BLUE

pytestmark = pytest.mark.slow


async def test_damage_heals(parts, origin, tmp_path):
    """A damaged variant is made anew and written over, a damaged original fetched."""
    origin.serve("/a.png", png())
    first = await parts.ask("/a.png")
    await parts.stored()
    for path in (tmp_path / "store").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    parts.forget_memory()

    second = await parts.ask("/a.png")
    await parts.stored()
    parts.forget_memory()
    third = await parts.ask("/a.png")

    assert (second.tier, third.tier) == (Tier.ORIGIN, Tier.STORE)
    assert first.blob.data == second.blob.data == third.blob.data
    assert origin.hits("/a.png") == 2


async def test_pending_writes_are_read(parts, origin):
    """What waits to be stored is found there, and is not yet called stored."""
    parts.store.gates["put"] = asyncio.Event()
    origin.serve("/a.png", png())
    await parts.ask("/a.png")
    parts.forget_memory()

    served = await parts.ask("/a.png")
    other = await parts.ask("/a.png", "w=20&f=png")

    assert (served.tier, served.hit, served.blob.stored) == (Tier.STORE, True, False)
    assert other.tier is Tier.STORE
    assert origin.hits("/a.png") == 1
    parts.store.gates["put"].set()
    await parts.stored()


async def test_the_first_writer_wins(parts, origin):
    """When another process has stored the same variant first, ours is answered, theirs stands, and memory lets go."""
    origin.serve("/a.png", png())
    request = parts.request("/a.png")
    parts.store.gates["put"] = asyncio.Event()
    mine = await parts.images.get(request)
    theirs = png(BLUE)
    meta = meta_of(theirs, fetched_at=int(START), lifetime_seconds=HOUR, source_sha256=mine.blob.meta.source_sha256)
    await super(type(parts.store), parts.store).put(request.key, theirs, meta)
    parts.store.gates["put"].set()
    await parts.stored()

    then = await parts.images.get(request)

    assert mine.blob.data != theirs
    assert (then.tier, then.blob.data) == (Tier.STORE, theirs)
    assert parts.persister.statistics().lost == 1


@pytest.mark.parametrize("failing", [{"get"}, {"put"}, {"get", "put"}])
async def test_a_failing_store_is_nobodys_problem(parts, origin, failing):
    """Whatever the store refuses, every answer is right."""
    origin.serve("/a.png", png())
    parts.store.failing = failing

    first = await parts.ask("/a.png")
    await parts.stored()
    parts.forget_memory()
    second = await parts.ask("/a.png")
    await parts.stored()

    assert first.blob.data == second.blob.data


async def test_a_store_that_fails_between_record_and_original(parts, origin):
    """A store that answers the first question and fails at the second costs a fetch."""
    origin.serve("/a.png", png())
    await parts.ask("/a.png")
    await parts.stored()
    await parts.store.delete(original_key(parts.source("/a.png")))

    served = await parts.ask("/a.png", "w=20&f=png")

    assert served.tier is Tier.ORIGIN
