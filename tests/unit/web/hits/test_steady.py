"""Answers while their heads hold: nothing is looked up but the picture."""

import pytest
import time_machine
from msgspec.structs import replace

from imgsvc.pressure.monitor import MAX_AGE_SECONDS
from tests.unit.web.hits.asking import (
    PICTURE,
    answered,
    ask,
    get,
    headers_of,
    hitting,
    target_of,
    until,
    warm,
)

pytestmark = pytest.mark.slow


def grow_stale(server) -> None:
    """Have the only picture, and what is known of its source, be past its end."""
    memory, records = server.opened.owners["memory"], server.opened.services.images._records
    (blob,) = memory.blobs()
    meta = blob.meta.refreshed(blob.meta.fetched_at - 1000, blob.meta.fetched_at - 1)
    record = records.known(blob.source)
    records.keep(blob.source, replace(record, fetched_at=meta.fetched_at, fresh_until=meta.fresh_until))
    memory.replace(replace(blob, meta=meta))


async def test_stale_answers_have_their_source_asked(tmp_path):
    """What is past its end is answered as stale, and its source asked behind, as ever: now, and within this second."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        await warm(server, wire, request)
        fresh = [await ask(wire, request) for _ in range(2)]
        before, asked = answered(server), origin.hits("/a.png")
        origin.stall_before_head("/a.png")
        grow_stale(server)
        stale = [await ask(wire, request) for _ in range(2)]

        assert [headers_of(each)["X-Cache"] for each in (*fresh, *stale)] == ["HIT", "HIT", "STALE", "STALE"]
        assert answered(server) == before + 1  # the first has to be understood anew: its entry was of another blob
        await until(lambda: origin.hits("/a.png") > asked)


async def test_each_answer_counts_and_has_its_turn(tmp_path):
    """Answers of one second are look-ups like any others: memory counts them, and knows which was the last."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        origin.serve("/b.png", PICTURE)
        requests = [get(target_of(origin, path)) for path in ("/a.png", "/b.png")]
        for request in requests:
            await warm(server, wire, request)
        memory = server.opened.owners["memory"]
        before = memory.statistics().hits
        for request in (*requests, *requests, *requests, requests[0]):
            await ask(wire, request)

        assert memory.statistics().hits == before + 7
        assert [blob.source.url.rpartition("/")[2] for blob in memory.blobs()] == ["b.png", "a.png"]


async def test_the_state_of_memory_is_told_at_once(tmp_path):
    """A level that a sample has found is in the next answer, also within the second that its head was made for."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request, monitor = get(target_of(origin)), server.opened.owners["monitor"]
        await warm(server, wire, request)
        calm = await ask(wire, request)
        read_rss, monitor._read_rss = monitor._read_rss, lambda: monitor.thresholds.warning_bytes + 1
        monitor.sample()
        tight = await ask(wire, request)
        monitor._read_rss = read_rss

        assert headers_of(calm)["X-System-Status"] == "HEALTHY"
        assert headers_of(tight)["X-System-Status"] == "MEMORY_WARNING"


async def test_an_old_reading_is_taken_anew(tmp_path):
    """No answer says of memory what was true more than a second ago, however young its head is."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request, monitor = get(target_of(origin)), server.opened.owners["monitor"]
        await warm(server, wire, request)
        await ask(wire, request)
        clock, monitor._clock = monitor._clock, lambda: clock() + MAX_AGE_SECONDS
        monitor.latest.young_until = 0.0
        monitor._read_rss = lambda: monitor.thresholds.warning_bytes + 1
        tight = await ask(wire, request)

        assert headers_of(tight)["X-System-Status"] == "MEMORY_WARNING"
        assert monitor.latest.young_until > 0.0


async def test_the_date_of_each_second(tmp_path):
    """A head that says the same for longer than the clock's second has the date of each."""
    with time_machine.travel(1_000_000_000.75, tick=False) as clock:
        async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
            request = get(target_of(origin))
            await warm(server, wire, request)
            dates = []
            for moment in (0.75, 0.9, 1.25, 1.25, 0.9):
                clock.move_to(1_000_000_000 + moment, tick=False)
                dates.append(headers_of(await ask(wire, request))["Date"][-6:-4])

            assert dates == ["40", "40", "41", "41", "40"]
            assert answered(server) == len(dates)
