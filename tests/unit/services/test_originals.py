"""Originals: one fetch a source, its slot always given back, and what is written down of it."""

import asyncio
import gzip

import pytest

from imgsvc.errors import (
    ImgsvcError,
    NotAnImage,
    ObjectNotFound,
    OriginStatus,
    OriginTimeout,
    OriginUnreachable,
    QueueFull,
    SourceNotFound,
    SourceTooLarge,
    StoreUnavailable,
)  # fmt: skip
from imgsvc.model.keys import original_key, record_key
from imgsvc.model.source import Source
from imgsvc.services.answers import Tier, Trace
from imgsvc.services.records import SourceRecord
from imgsvc.services.shelf import REST_SECONDS
from tests.support.blobs import meta_of
from tests.support.spine import png, spine, until
from tests.support.spine_parts import HOUR, START

pytestmark = pytest.mark.slow

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
LOGO = "images/logos/example_com_google_a379a6f6.png"


async def test_a_fetch_is_written_down(parts, origin):
    """Original and record are stored, with what the source said and when."""
    origin.serve("/a.png", png(), headers={"ETag": '"e"', "Cache-Control": "max-age=7200"})

    original = await parts.original("/a.png")
    await parts.stored()
    source = parts.source("/a.png")
    stored = await parts.store.get(original_key(source))
    record = SourceRecord.parse((await parts.store.get(record_key(source))).data, source)

    assert (original.tier, original.spool.data, original.shareable) == (Tier.ORIGIN, png(), True)
    assert stored.data == png()
    assert (record.etag, record.cache_control) == ('"e"', "max-age=7200")
    assert (record.fetched_at, record.fresh_until) == (START, START + 2 * HOUR)
    assert (record.width, record.height, record.media_type) == (40, 30, "image/png")
    assert record.sha256 == stored.meta.sha256 == original.meta.sha256


async def test_while_fresh_it_comes_from_the_store(parts, origin):
    """Until the record's end the store answers, at the end the source is asked."""
    origin.serve("/a.png", png())
    await parts.original("/a.png")
    await parts.stored()
    parts.clock.forward(HOUR - 1)
    kept = await parts.original("/a.png")
    parts.clock.forward(1)
    fetched = await parts.original("/a.png")

    assert (kept.tier, fetched.tier) == (Tier.STORE, Tier.ORIGIN)
    assert kept.spool.data == fetched.spool.data


async def test_a_record_without_its_original_is_no_original(parts, origin):
    """When the stored bytes are not those the record speaks of, the source is asked."""
    origin.serve("/a.png", png())
    await parts.original("/a.png")
    await parts.stored()
    other = png((1, 2, 3))
    await parts.store.put(original_key(parts.source("/a.png")), other, meta_of(other))

    assert (await parts.original("/a.png")).spool.data == png()
    assert origin.hits("/a.png") == 2


async def test_a_record_that_is_none_is_a_miss(parts, origin):
    """Whatever lies where the record should be, the source is asked."""
    origin.serve("/a.png", png())
    await parts.original("/a.png")
    await parts.stored()
    key = record_key(parts.source("/a.png"))
    good = (await parts.store.get(key)).data
    for text in (b"[]", b'{"url": 1}', good.replace(b'"fresh_until":', b'"fresh_until":"x","was":'),
                 good.replace(b"1800003600", b'"1800003600"')):  # fmt: skip
        await parts.store.put(key, text, meta_of(text))
        parts.records.forget(parts.source("/a.png"))
        assert (await parts.original("/a.png")).tier is Tier.ORIGIN
        await parts.stored()

    assert origin.hits("/a.png") == 5


async def test_a_fresh_record_is_read_once(parts, origin):
    """While it is fresh a source's record costs no look-up; when it has ended the store is asked again."""
    origin.serve("/a.png", png(), headers={"Cache-Control": "max-age=3600"})
    await parts.original("/a.png")
    await parts.stored()
    source = parts.source("/a.png")
    before = parts.store.statistics().hits

    known = await parts.records.get(source)
    assert parts.store.statistics().hits == before

    parts.records.forget(source)
    assert await parts.records.get(source) == known
    assert parts.store.statistics().hits == before + 1


async def test_a_remembered_record_of_a_lost_original_is_forgotten(parts, origin):
    """When another process has deleted the original, the source is asked again, not the record believed."""
    origin.serve("/a.png", png())
    await parts.original("/a.png")
    await parts.stored()
    await parts.store.delete(original_key(parts.source("/a.png")))

    assert (await parts.original("/a.png")).tier is Tier.ORIGIN
    assert origin.hits("/a.png") == 2


async def test_equal_fetches_are_one(parts, origin):
    """Any number of questions for one source at once are one fetch."""
    gate = origin.gate("/a.png", png())
    asking = [asyncio.create_task(parts.original("/a.png")) for _ in range(20)]
    await origin.until_hits("/a.png")
    await parts.waiters(20)
    gate.set()

    assert len({id(o.spool.data) for o in await asyncio.gather(*asking)}) == 1
    assert origin.hits("/a.png") == 1


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (lambda o: o.stall_before_head("/a"), OriginTimeout),
        (lambda o: o.stall_after_head("/a", sent=png()[:20]), OriginTimeout),
        (lambda o: o.reset_before_head("/a"), OriginUnreachable),
        (lambda o: o.reset_mid_body("/a", png()), OriginUnreachable),
        (lambda o: o.serve("/a", status=500), OriginStatus),
        (lambda o: o.serve("/b"), SourceNotFound),
        (lambda o: o.serve("/a", b"text"), NotAnImage),
        (lambda o: o.serve("/a", bytes(20_000)), SourceTooLarge),
        (lambda o: o.endless("/a"), SourceTooLarge),
        (lambda o: o.gzipped("/a", png()), OriginStatus),
        (lambda o: o.gzipped("/a", b"text"), OriginStatus),
        (lambda o: o.serve("/a", b"no gzip", headers={"Content-Encoding": "gzip"}), ImgsvcError),
        (lambda o: o.serve("/a", png(), headers={"Content-Encoding": "rot13"}), ImgsvcError),
    ],
)
async def test_failures_give_the_slot_back(tmp_path, origin, script, error):
    """After each kind of failure the only slot is free: the next source is fetched."""
    script(origin)
    origin.serve("/good.png", png())
    async with spine(
        tmp_path, origin, IMGSVC_FETCH_SLOTS="1", MAX_IMAGE_SIZE_BYTES="10000", IMGSVC_READ_TIMEOUT="0.3"
    ) as parts:  # fmt: skip
        with pytest.raises(error):
            await parts.original("/a")

        assert parts.free_slots == 1
        assert (await parts.original("/good.png")).spool.data == png()


async def test_cancellation_gives_the_slot_back(tmp_path, origin):
    """One who leaves while the head, the body or the slot itself is waited for leaves no slot taken."""
    origin.stall_before_head("/head")
    origin.stall_after_head("/body")
    async with spine(tmp_path, origin, IMGSVC_FETCH_SLOTS="1") as parts:
        for path in ("/head", "/body"):
            holder = asyncio.create_task(parts.original(path))
            await origin.until_hits(path)
            waiter = asyncio.create_task(parts.original("/waiting"))
            await parts.waiters(2)
            await asyncio.sleep(0)
            assert parts.free_slots == 0
            for task in (waiter, holder):
                task.cancel()
            await asyncio.gather(holder, waiter, return_exceptions=True)
            await until(lambda: parts.free_slots == 1 and not parts.flights.statistics().in_flight)
        await origin.until_open_connections(0)
        assert origin.hits("/waiting") == 0


async def test_waiting_for_a_slot_is_bounded(tmp_path, origin):
    """Who finds no slot in time is refused, which is not the source's fault and not remembered."""
    gate = origin.gate("/slow.png", png())
    origin.serve("/a.png", png())
    async with spine(tmp_path, origin, slot_timeout_seconds=0.02, IMGSVC_FETCH_SLOTS="1") as parts:
        holding = asyncio.create_task(parts.original("/slow.png"))
        await origin.until_hits("/slow.png")
        with pytest.raises(QueueFull) as refused:
            await parts.original("/a.png")
        gate.set()
        await holding

        assert refused.value.retry_after_seconds
        assert (await parts.original("/a.png")).tier is Tier.ORIGIN


async def test_a_slot_is_waited_for(tmp_path, origin):
    """With one slot all sources are fetched, one after the other; waiting counts as queueing."""
    gate = origin.gate("/slow.png", png())
    origin.serve("/a.png", png())
    trace = Trace()
    async with spine(tmp_path, origin, IMGSVC_FETCH_SLOTS="1") as parts:
        first = asyncio.create_task(parts.original("/slow.png"))
        await origin.until_hits("/slow.png")
        second = asyncio.create_task(parts.originals.get(parts.source("/a.png"), trace))
        await parts.waiters(2)
        assert origin.hits("/a.png") == 0
        gate.set()
        await asyncio.gather(first, second)
        second.result().let_go()

    assert {"queue", "fetch"} <= set(trace.seconds)
    assert origin.hits("/a.png") == 1


async def test_a_compressed_svg_is_inflated(parts, origin):
    """SVG is text, and may come compressed."""
    origin.serve("/a.svg", gzip.compress(SVG), headers={"Content-Encoding": "gzip", "Content-Type": "image/svg+xml"})

    original = await parts.original("/a.svg")

    assert original.meta.media_type == "image/svg+xml"
    assert b"<rect" in original.spool.data


async def test_private_originals_are_not_kept(parts, origin):
    """What a source forbids to share reaches the one who asked."""
    origin.serve("/a.png", png(), headers={"Cache-Control": "private, max-age=9999"})

    original = await parts.original("/a.png")
    await parts.stored()

    assert not original.shareable
    assert await parts.keys() == []


async def test_an_object_of_our_own_is_a_source(parts):
    """A stored picture named by its key is read from the store and counts as fresh."""
    await parts.store.put(LOGO, png(), meta_of(png(), media_type="image/png"))

    original = await parts.named(Source.stored(LOGO))

    assert (original.tier, original.spool.data) == (Tier.STORE, png())
    assert (original.meta.fetched_at, original.meta.fresh_until) == (START, START + HOUR)


async def test_a_store_that_fails_does_not_say_what_it_has(parts):
    """An object that is there is not called missing while nobody can look; afterwards it is given."""
    await parts.store.put(LOGO, png(), meta_of(png(), media_type="image/png"))
    parts.store.failing = {"get"}
    with pytest.raises(StoreUnavailable) as failure:
        await parts.named(Source.stored(LOGO))
    assert failure.value.retry_after_seconds == REST_SECONDS
    parts.store.failing = set()

    assert (await parts.named(Source.stored(LOGO))).spool.data == png()


@pytest.mark.parametrize("data", [None, b"{}", b"<!doctype html>"])
async def test_what_is_no_picture_does_not_exist(parts, data):
    """A key without an object and one with something else give the same answer, and that is not remembered."""
    if data is not None:
        await parts.store.put(LOGO, data, meta_of(data))
    with pytest.raises(ObjectNotFound):
        await parts.named(Source.stored(LOGO))
    await parts.store.put(LOGO, png(), meta_of(png()))

    assert (await parts.named(Source.stored(LOGO))).spool.data == png()


async def test_a_store_that_fails_is_a_miss_at_every_step(parts, origin):
    """Whichever read fails, the source is asked."""
    origin.serve("/a.png", png())
    await parts.original("/a.png")
    await parts.stored()
    real = parts.store.open

    async def fails_for_originals(key, buffers):
        parts.store.failing = {"get"} if key.endswith("original") else set()
        return await real(key, buffers)

    parts.store.open = fails_for_originals

    assert (await parts.original("/a.png")).tier is Tier.ORIGIN
    assert parts.shelf.read_failed
