"""Pictures and failures that purges meet: nothing that began before a purge outlives it."""

import asyncio

import pytest

from imgsvc.errors import CorruptImage, NotAnImage, ObjectNotFound, SourceNotFound, StoreError
from imgsvc.model.source import Source
from imgsvc.services.answers import Tier
from tests.support.blobs import meta_of
from tests.support.spine import broken_png, png, until
from tests.support.spine_parts import START
from tests.unit.services.test_images import BLUE

pytestmark = pytest.mark.slow


async def test_a_failed_fetch_is_remembered_and_forgotten_by_a_purge(parts, origin):
    """Every size of a missing picture is one question to the source, until its time is over or it is purged."""
    for query in ("w=10&f=png", "w=20&f=png"):
        with pytest.raises(SourceNotFound):
            await parts.ask("/a.png", query)
    assert origin.hits("/a.png") == 1
    origin.serve("/a.png", png())

    await parts.purges.remove(parts.source("/a.png"))

    assert (await parts.ask("/a.png")).tier is Tier.ORIGIN


async def test_a_failed_fetch_is_forgotten_with_time(parts, origin):
    """After a quarter of an hour a missing picture is asked for again."""
    with pytest.raises(SourceNotFound):
        await parts.ask("/a.png")
    origin.serve("/a.png", png())
    parts.clock.forward(899)
    with pytest.raises(SourceNotFound):
        await parts.ask("/a.png")
    parts.clock.forward(1)

    assert (await parts.ask("/a.png")).tier is Tier.ORIGIN


async def test_broken_pixels_are_remembered_and_forgotten_by_a_purge(parts, origin):
    """A picture that cannot be decoded is decoded once for all sizes; a purge gives it another chance."""
    origin.serve("/a.jpg", broken_png())
    for width in (10, 20, 30):
        with pytest.raises(CorruptImage):
            await parts.ask("/a.jpg", f"w={width}&f=png")
    completed = parts.transforms.statistics().completed
    origin.serve("/a.jpg", png())

    await parts.purges.remove(parts.source("/a.jpg"))
    served = await parts.ask("/a.jpg")

    assert completed == 2  # one look, one transform
    assert origin.hits("/a.jpg") == 2
    assert served.tier is Tier.ORIGIN


async def test_what_is_no_picture_is_remembered(parts, origin):
    """Bytes that are no picture are looked at once."""
    origin.serve("/a.png", b"<!doctype html>")

    for _ in range(2):
        with pytest.raises(NotAnImage):
            await parts.ask("/a.png")

    assert origin.hits("/a.png") == 1
    await parts.stored()
    assert await parts.keys() == []


async def test_a_fetch_that_a_purge_overtakes_is_not_kept(parts, origin):
    """Work begun before a purge answers its client and leaves nothing in any tier."""
    gate = origin.gate("/a.png", png())
    asking = asyncio.create_task(parts.ask("/a.png"))
    await origin.until_hits("/a.png")

    await parts.purges.remove(parts.source("/a.png"))
    gate.set()
    served = await asking
    await parts.stored()

    assert served.tier is Tier.ORIGIN
    assert parts.memory.statistics().entries == 0
    assert await parts.keys() == []


async def test_who_comes_after_a_purge_joins_nothing_older(parts, origin):
    """A request that begins after a purge is answered with what the source says after it."""
    old_gate = origin.gate("/a.png", png())
    before = asyncio.create_task(parts.ask("/a.png"))
    await origin.until_hits("/a.png")
    await parts.purges.remove(parts.source("/a.png"))
    origin.serve("/a.png", png(BLUE))

    after = await parts.ask("/a.png")
    old_gate.set()
    old = await before
    then = await parts.ask("/a.png")

    assert origin.hits("/a.png") == 2
    assert after.blob.data != old.blob.data
    assert (then.tier, then.blob.data) == (Tier.MEMORY, after.blob.data)


async def test_a_failure_that_a_purge_overtakes_is_not_remembered(parts, origin):
    """A failure of a fetch begun before the purge says nothing about the source after it."""
    proceed = asyncio.Event()

    async def missing(exchange):
        await proceed.wait()
        await exchange.answer(b"", status=404)

    origin.script("/a.png", missing)
    asking = asyncio.create_task(parts.ask("/a.png"))
    await origin.until_hits("/a.png")
    await parts.purges.remove(parts.source("/a.png"))
    proceed.set()
    with pytest.raises(SourceNotFound):
        await asking
    origin.serve("/a.png", png())

    assert (await parts.ask("/a.png")).tier is Tier.ORIGIN


async def test_a_read_that_a_purge_overtakes_is_not_kept(parts, origin):
    """What was read from the store before a purge does not come into memory after it."""
    origin.serve("/a.png", png())
    await parts.ask("/a.png")
    await parts.stored()
    parts.forget_memory()
    gate = parts.store.gates["get"] = asyncio.Event()
    found = parts.store.statistics().hits
    asking = asyncio.create_task(parts.ask("/a.png"))
    await until(lambda: parts.store.statistics().hits > found)
    del parts.store.gates["get"]  # for whoever comes after it

    await parts.purges.remove(parts.source("/a.png"))
    gate.set()

    assert (await asking).tier is Tier.STORE
    assert parts.memory.statistics().entries == 0


async def test_what_is_read_during_a_purge_is_not_kept(parts, origin):
    """Between a purge's beginning and its end old objects may still be found, but not kept."""
    origin.serve("/a.png", png())
    await parts.ask("/a.png")
    await parts.stored()
    gate = parts.store.gates["delete"] = asyncio.Event()
    purging = asyncio.create_task(parts.purges.remove(parts.source("/a.png")))
    await until(lambda: any(operation == "delete" for operation, _ in parts.store.asked))

    during = await parts.ask("/a.png")
    gate.set()
    removed = await purging
    origin.serve("/a.png", png(BLUE))
    after = await parts.ask("/a.png")

    assert during.tier is Tier.STORE
    assert removed == 3
    assert after.tier is Tier.ORIGIN
    assert after.blob.data != during.blob.data


async def test_a_purge_that_fails_says_so_and_leaves_memory_empty(parts, origin):
    """A store that does not delete is an error of the purge; the source may be asked and kept again all the same."""
    origin.serve("/a.png", png())
    await parts.ask("/a.png")
    await parts.stored()
    parts.store.failing = {"delete"}

    with pytest.raises(StoreError):
        await parts.purges.remove(parts.source("/a.png"))

    assert parts.memory.statistics().entries == 0
    parts.store.failing = set()
    await parts.ask("/a.png")
    assert (await parts.ask("/a.png")).tier is Tier.MEMORY


async def test_a_purge_by_key_removes_the_object_and_its_variants(parts, origin):
    """A stored object that is a source goes with all made from it, even while it waits to be written."""
    key = "images/logos/example_com_google_a379a6f6.png"
    data = png()
    parts.store.gates["put"] = asyncio.Event()
    parts.persister.put(key, data, meta_of(data, media_type="image/png", fetched_at=int(START)))
    await parts.ask(f"s3://{key}", "w=10&f=png")
    parts.store.gates["put"].set()

    await parts.purges.remove(Source.stored(key))
    await parts.stored()

    assert await parts.keys() == []
    with pytest.raises(ObjectNotFound):
        await parts.ask(f"s3://{key}", "w=10&f=png")
