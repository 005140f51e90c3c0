"""The spine with real parts: which tier answers, what is kept, and what is not."""

import asyncio

import pytest

from imgsvc.errors import ObjectNotFound
from imgsvc.model.keys import original_key, record_key
from imgsvc.services.answers import Tier
from tests.support.blobs import meta_of
from tests.support.spine import png, spine
from tests.support.spine_parts import HOUR, START

pytestmark = pytest.mark.slow

BLUE = (20, 30, 220)
PRIVATE = {"Cache-Control": "private"}


async def test_origin_then_memory_then_store(parts, origin):
    """A picture is made once, found in memory, and in the store when memory has lost it; always the same bytes."""
    origin.serve("/a.png", png())

    made = await parts.ask("/a.png")
    remembered = await parts.ask("/a.png")
    await parts.stored()
    parts.forget_memory()
    stored = await parts.ask("/a.png")

    assert [(s.tier, s.hit) for s in (made, remembered, stored)] == [
        (Tier.ORIGIN, False), (Tier.MEMORY, True), (Tier.STORE, True)
    ]  # fmt: skip
    assert made.blob.data == remembered.blob.data == stored.blob.data
    assert (made.blob.stored, stored.blob.stored) == (False, True)
    assert origin.hits("/a.png") == 1


async def test_what_memory_has_is_known_to_be_stored_once_it_is(parts, origin):
    """When the write has ended the entry in memory says so."""
    origin.serve("/a.png", png())
    await parts.ask("/a.png")
    await parts.stored()

    assert (await parts.ask("/a.png")).blob.stored


async def test_each_look_up_counts_once(parts, origin):
    """A cold request is one miss of memory, a warm one a hit."""
    origin.serve("/a.png", png())
    await parts.ask("/a.png")
    await parts.ask("/a.png")

    statistics = parts.memory.statistics()
    assert (statistics.hits, statistics.misses) == (1, 1)


async def test_memory_does_not_answer_what_is_too_old(parts, origin):
    """An entry a day past its time is not answered before its source was asked."""
    origin.serve("/a.png", png())
    await parts.ask("/a.png")
    await parts.stored()
    parts.clock.forward(HOUR + 24 * HOUR)

    again = await parts.ask("/a.png")

    assert (again.tier, again.stale) == (Tier.STORE, False)
    assert origin.hits("/a.png") == 2


async def test_a_fresh_variant_costs_one_look_up(parts, origin):
    """Inside its own time a stored variant is answered without asking for the record."""
    origin.serve("/a.png", png())
    await parts.ask("/a.png")
    await parts.stored()
    parts.forget_memory()
    parts.store.asked.clear()

    await parts.ask("/a.png")

    assert [operation for operation, _ in parts.store.asked] == ["get"]


async def test_a_refreshed_record_refreshes_other_variants(parts, origin):
    """A variant past its own time is served when its source was asked again since, with the times of the record."""
    origin.serve("/a.png", png())
    await parts.ask("/a.png", "w=10&f=png")
    parts.clock.forward(HOUR + 1)
    await parts.ask("/a.png", "w=20&f=png")
    await parts.stored()

    served = await parts.ask("/a.png", "w=10&f=png")
    parts.forget_memory()
    stored = await parts.ask("/a.png", "w=10&f=png")

    assert (served.tier, served.hit, served.stale) == (Tier.MEMORY, True, False)
    assert (stored.tier, stored.hit, stored.stale) == (Tier.STORE, True, False)
    assert served.blob.meta.fetched_at == stored.blob.meta.fetched_at == START + HOUR + 1
    assert served.blob.meta.fresh_until == START + 2 * HOUR + 1
    assert origin.hits("/a.png") == 2


async def test_variants_of_an_older_original_are_misses(parts, origin):
    """When the source has changed, what was made from the old one is made anew once it is past its time."""
    origin.serve("/a.png", png())
    old = await parts.ask("/a.png", "w=10&f=png")
    await parts.stored()
    parts.clock.forward(HOUR + 1)
    origin.serve("/a.png", png(BLUE))
    await parts.ask("/a.png", "w=20&f=png")
    await parts.stored()

    new = await parts.ask("/a.png", "w=10&f=png")
    await parts.stored()
    parts.forget_memory()
    then = await parts.ask("/a.png", "w=10&f=png")

    assert (new.tier, new.hit) == (Tier.STORE, False)
    assert new.blob.data != old.blob.data
    assert (then.hit, then.blob.data) == (True, new.blob.data)
    assert origin.hits("/a.png") == 2


async def test_a_record_of_another_url_is_none(parts, origin):
    """Where two URLs share a key the stale one's record and original count as nothing: the source is asked."""
    origin.serve("/a.png", png())
    await parts.ask("/a.png")
    await parts.stored()
    source = parts.source("/a.png")
    stored = await parts.store.get(record_key(source))
    text = stored.data.replace(b"/a.png", b"/b.png")
    await parts.store.put(record_key(source), text, meta_of(text))
    parts.records.forget(source)
    parts.forget_memory()

    other_size = await parts.ask("/a.png", "w=20&f=png")

    assert other_size.tier is Tier.ORIGIN
    assert origin.hits("/a.png") == 2


async def test_memory_tells_sources_with_one_key_apart(parts, origin):
    """A stored object has two names, its URL and its key; what holds for one is not answered under the other."""
    origin.serve("/a.png", png())
    by_url = await parts.ask("/a.png", "f=original")
    await parts.stored()
    key = original_key(parts.source("/a.png"))

    by_key = await parts.ask(f"s3://{key}", "f=original")
    by_url_again = await parts.ask("/a.png", "f=original")

    assert by_key.blob.data == by_url.blob.data
    assert (by_key.tier, by_url_again.tier) == (Tier.STORE, Tier.STORE)
    assert "Link" in dict(by_url_again.blob.headers)
    assert "Link" not in dict(by_key.blob.headers)


async def test_a_stale_original_is_not_made_fresh_by_naming_its_key(parts, origin):
    """An object asked for by key is fresh as such; its URL still has its own time."""
    origin.serve("/a.png", png())
    await parts.ask("/a.png", "f=original")
    await parts.stored()
    parts.clock.forward(HOUR + 1)
    await parts.ask(f"s3://{original_key(parts.source('/a.png'))}", "f=original")

    again = await parts.ask("/a.png", "f=original")
    await parts.revalidated()

    assert again.stale
    assert origin.hits("/a.png") == 2


async def test_asking_by_key_does_not_share_the_fate_of_asking_by_url(parts, origin):
    """While nothing is stored yet, one who asks by URL waits for the fetch and one who asks by key gets nothing."""
    gate = origin.gate("/a.png", png())
    asking = asyncio.create_task(parts.ask("/a.png", "f=original"))
    await origin.until_hits("/a.png")

    with pytest.raises(ObjectNotFound):
        await parts.ask(f"s3://{original_key(parts.source('/a.png'))}", "f=original")
    gate.set()

    assert (await asking).tier is Tier.ORIGIN


async def test_private_answers_are_not_shared(parts, origin):
    """Of those who ask at once for a private picture each has a fetch of its own, and nothing is kept."""
    origin.serve("/a.png", png(), headers=PRIVATE)

    served = await asyncio.gather(*(parts.ask("/a.png") for _ in range(5)))

    assert origin.hits("/a.png") == 5
    assert not any(s.blob.shareable or s.collapsed for s in served)
    assert parts.memory.statistics().entries == 0
    await parts.stored()
    assert await parts.keys() == []


async def test_private_originals_are_not_shared_by_variants(parts, origin):
    """Different sizes of a private picture asked for at once are fetched each."""
    origin.serve("/a.png", png(), headers={"Cache-Control": "no-store"})

    await asyncio.gather(*(parts.ask("/a.png", f"w={n}&f=png") for n in range(10, 15)))

    assert origin.hits("/a.png") == 5


async def test_equal_questions_share_work_and_outcome(parts, origin):
    """Followers get the first one's bytes, and are told that they only waited."""
    gate = origin.gate("/a.png", png())
    asking = [asyncio.create_task(parts.ask("/a.png")) for _ in range(10)]
    await origin.until_hits("/a.png")
    await parts.waiters(11)
    gate.set()

    served = await asyncio.gather(*asking)

    assert sorted(s.collapsed for s in served) == [False] + [True] * 9
    assert len({id(s.blob) for s in served}) == 1


async def test_versions_of_the_client_are_answers_of_their_own(parts, origin):
    """With ``v`` the original's bytes are kept under a name of their own, and announced for a year."""
    origin.serve("/a.png", png())

    served = await parts.ask("/a.png", "f=original&v=7")
    await parts.stored()

    assert served.blob.immutable
    assert served.blob.data == png()
    assert len(await parts.keys()) == 3


async def test_everything_works_with_the_caches_off(tmp_path, origin):
    """Without memory, and with a store that fails, each question is a fetch and a right answer."""
    origin.serve("/a.png", png())
    async with spine(tmp_path, origin, IMGSVC_CACHE_BYTES="0") as parts:
        parts.store.failing = {"get", "put"}
        one = await parts.ask("/a.png")
        await parts.stored()
        two = await parts.ask("/a.png")
        await parts.stored()

    assert one.blob.data == two.blob.data
    assert origin.hits("/a.png") == 2


async def test_the_trace_says_what_was_done(parts, origin):
    """Each answer carries the times of what was done for it and of nothing else."""
    origin.serve("/a.png", png())

    made = await parts.ask("/a.png")
    await parts.stored()
    parts.forget_memory()
    stored = await parts.ask("/a.png")
    remembered = await parts.ask("/a.png")

    assert {"fetch", "decode", "encode"} <= set(made.trace.seconds)
    assert set(stored.trace.seconds) == {"store"}
    assert remembered.trace is None
