"""Answers while their heads hold: nothing is looked up but the picture."""

import time

import pytest
import time_machine
from msgspec.structs import replace

from imgsvc.model.freshness import STALE_WHILE_REVALIDATE_SECONDS
from imgsvc.pressure.monitor import MAX_AGE_SECONDS
from tests.unit.web.hits.asking import (
    PICTURE,
    answered,
    ask,
    get,
    headers_of,
    hitting,
    table_of,
    target_of,
    until,
    warm,
)

pytestmark = pytest.mark.slow


def grow_stale(server, seconds: float = 1.0) -> None:
    """Have the only picture, and what is known of its source, be so long past its end."""
    memory, records = server.opened.owners["memory"], server.opened.services.images._records
    (blob,) = memory.blobs()
    end = time.time() - seconds
    meta = blob.meta.refreshed(end - 1000, end)
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


def without_lookup(server):
    """Have a look-up of the only entry fail; gives the entry, and the look-up."""
    (hit,) = table_of(server)._hits.values()
    lookup = hit.lookup

    def fail():
        pytest.fail("it was looked up")

    hit.lookup = fail
    return hit, lookup


async def test_seconds_pass(tmp_path):
    """A fresh answer says how old it is by now, and for how long it is fresh, and is not looked up for that."""
    with time_machine.travel(1_000_000_000.75, tick=False) as clock:
        async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
            request = get(target_of(origin))
            await warm(server, wire, request)
            await ask(wire, request)
            without_lookup(server)
            said = []
            for seconds in (0.5, 1.0, 1.5, 60.2, 14_399.9):
                clock.move_to(1_000_000_000.75 + seconds, tick=False)
                headers = headers_of(await ask(wire, request))
                said.append((headers["Age"], headers["Cache-Status"].rpartition("=")[2], headers["X-Cache"]))

            assert said == [
                ("0", "14400", "HIT"), ("1", "14399", "HIT"), ("1", "14399", "HIT"), ("60", "14340", "HIT"),
                ("14399", "1", "HIT"),
            ]  # fmt: skip


async def test_it_is_fresh_to_its_end(tmp_path):
    """At the moment of its end a picture is stale, however young its head is; and a clock that is put back is seen."""
    with time_machine.travel(1_000_000_000.75, tick=False) as clock:
        async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
            request = get(target_of(origin))
            await warm(server, wire, request)
            words = []
            for seconds in (0, 14_399.99, 14_400, 14_399.5):
                clock.move_to(1_000_000_000.75 + seconds, tick=False)
                origin.stall_before_head("/a.png")
                headers = headers_of(await ask(wire, request))
                words.append((headers["X-Cache"], headers["Age"]))

            assert words == [("HIT", "0"), ("HIT", "14399"), ("STALE", "14400"), ("HIT", "14399")]


async def test_stale_answers_of_one_second(tmp_path):
    """A stale picture is not looked up for each, but at once when anything was learnt of its source."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request, records = get(target_of(origin)), server.opened.services.images._records
        await warm(server, wire, request)
        origin.stall_before_head("/a.png")
        (blob,) = server.opened.owners["memory"].blobs()
        fresh = records.known(blob.source)
        with time_machine.travel(time.time(), tick=False):
            grow_stale(server)
            words = [headers_of(await ask(wire, request))["X-Cache"] for _ in range(2)]
            hit, lookup = without_lookup(server)
            words.append(headers_of(await ask(wire, request))["X-Cache"])
            hit.lookup = lookup
            records.keep(blob.source, fresh)
            words.append(headers_of(await ask(wire, request))["X-Cache"])

        assert words == ["STALE", "STALE", "STALE", "HIT"]


async def test_what_may_be_given_no_longer(tmp_path):
    """The end of the time for which a stale answer may be given is its head's end too, within the second."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        await warm(server, wire, request)
        origin.stall_before_head("/a.png")
        with time_machine.travel(int(time.time()) + 0.25, tick=False) as clock:
            grow_stale(server, STALE_WHILE_REVALIDATE_SECONDS - 0.5)
            words = [headers_of(await ask(wire, request))["X-Cache"] for _ in range(3)]
            before = answered(server)
            clock.shift(0.6)
            origin.serve("/a.png", PICTURE)
            words.append(headers_of(await ask(wire, request))["X-Cache"])

        assert words == ["STALE", "STALE", "STALE", "HIT"]
        assert answered(server) == before


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
