"""The spine with real parts: which tier answers, what is kept, and what is not."""

import asyncio

import pytest

from imgsvc.errors import CorruptImage, NotAnImage, ObjectNotFound, SourceNotFound, StoreError
from imgsvc.model.keys import original_key, record_key
from imgsvc.model.source import Source
from imgsvc.services.answers import Tier
from tests.support.blobs import meta_of
from tests.support.spine import HOUR, START, broken_png, png, spine, until

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
