"""Connections that answer at once: their timers, their clients and their end."""

import asyncio
import json
import logging

import pytest

from imgsvc.services.outgoing import OutgoingStatistics
from imgsvc.web.connection import Connection
from imgsvc.web.sending import SLICE_BYTES
from tests.support.service import IMAGES
from tests.unit.web.hits.asking import alike, answered, ask, get, hitting, table_of, target_of, until, warm

pytestmark = pytest.mark.slow


async def test_a_first_request_that_is_fast(tmp_path):
    """A head that is answered at once came in time, and nobody waits for it any longer; half of the next is cut."""
    async with hitting(tmp_path, head_timeout_seconds=0.1) as (server, origin):
        request = get(target_of(origin))
        async with await server.connect() as wire:
            await warm(server, wire, request)
        await server.until_connections(0)
        async with await server.connect() as wire:
            await ask(wire, request)
            await asyncio.sleep(0.2)
            await ask(wire, request)
            assert answered(server) == 2
            assert all(each.has_asked for each in server.connections)
            await wire.send(request[:20])

            assert await wire.rest() == b""


async def test_idle_is_counted_from_the_last_answer(tmp_path):
    """A connection is kept for its time after an answer that was given at once, and closed then."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        await warm(server, wire, request)
        (connection,) = server.connections
        connection._keepalive_timeout = 0.2
        connection._next_keepalive_close_time = 0.0
        await ask(wire, request)
        connection._process_keepalive()
        assert connection._next_keepalive_close_time > connection._loop.time()
        await ask(wire, request)

        assert answered(server) == 2
        assert await wire.rest() == b""


@pytest.fixture
async def waiting(tmp_path):
    """A connection on which an answer waits that was given at once; gives server, client and number of answers."""
    env = {"IMGSVC_SEND_TIMEOUT": "0.3"}
    async with (
        hitting(tmp_path, SLICE_BYTES, **env) as (server, origin),
        await server.connect(tiny=True) as wire,
    ):
        request = get(target_of(origin))
        await warm(server, wire, request)
        (connection,) = server.connections
        count = 0
        while not connection.writing_paused:
            count += 1
            await wire.send(request)
            await until(lambda wanted=count: answered(server) == wanted)
        yield server, wire, count, request


async def test_who_does_not_read_is_dropped(waiting):
    """A client that leaves an answer lying loses the connection; the answer is in the log all the same."""
    server, *_ = waiting
    logged = len(server.log.lines)
    await server.until_connections(0)

    assert len(server.log.lines) == logged + 1


async def test_who_reads_late_gets_all(waiting):
    """What waited is sent as the client takes it, and the next answer behind it."""
    server, wire, count, request = waiting
    logged = len(server.log.lines)
    await wire.send(request)
    await asyncio.sleep(0.01)
    assert len(server.connections[0]._wire._buffer) <= SLICE_BYTES + 4096
    answers = [await read_exactly(wire) for _ in range(count + 1)]

    assert len(set(map(alike, answers))) == 1
    await until(lambda: len(server.log.lines) == logged + 2)


async def read_exactly(wire) -> bytes:
    reply = await wire.reply()
    return b"%d\r\n\r\n" % reply.status + reply.body


async def test_the_end_waits_for_who_reads(waiting):
    """A server that ends lets a client take what waits for it."""
    server, wire, count, _ = waiting
    ending = asyncio.create_task(server.runner.cleanup())
    answers = [await read_exactly(wire) for _ in range(count)]
    await ending

    assert len(set(answers)) == 1
    assert await wire.rest() == b""


async def test_the_end_does_not_wait_for_who_does_not(waiting):
    """A server that ends drops who does not read, in time."""
    server, wire, count, _ = waiting
    whole = count * SLICE_BYTES
    async with asyncio.timeout(5):
        await server.runner.cleanup()
    assert len(await wire.rest()) < whole


LARGE_BYTES = 4 << 20


@pytest.fixture
async def large(tmp_path):
    """A connection on which the slices of an answer wait that was begun at once; gives server, client and request."""
    async with hitting(tmp_path, LARGE_BYTES, head_timeout_seconds=0.1) as (server, origin):
        request = get(target_of(origin))
        async with await server.connect() as other:
            await warm(server, other, request)
        await server.until_connections(0)
        async with await server.connect(tiny=True) as wire:
            await wire.send(request)
            await until(lambda: any(each.writing_paused for each in server.connections))
            assert answered(server) == 1
            yield server, wire, request


async def test_slices(large):
    """A large answer is sent at the client's pace, a slice in the buffer; half a head behind it waits as long."""
    server, wire, request = large
    outgoing = server.opened.services.outgoing
    await wire.send(request[:20])
    await asyncio.sleep(0.3)
    (connection,) = server.connections
    assert connection._wire.get_write_buffer_size() <= SLICE_BYTES + 4096
    assert outgoing.statistics() == OutgoingStatistics(1, LARGE_BYTES)
    reply = await wire.reply()

    assert len(reply.body) == LARGE_BYTES
    await until(lambda: outgoing.statistics() == OutgoingStatistics(0, 0))
    assert json.loads(server.log.lines[-1])["bytes"] > LARGE_BYTES


async def test_idle_is_counted_from_the_end_of_a_large_answer(large):
    """A client that took its time over one is kept as long as any other, though nobody asked meanwhile."""
    server, wire, _ = large
    (connection,) = server.connections
    table_of(server).moment -= 2 * connection._keepalive_timeout
    connection._next_keepalive_close_time = 0.0
    await wire.reply()
    await until(lambda: connection._unsent is None)
    connection._process_keepalive()

    assert connection._next_keepalive_close_time > connection._loop.time() + connection._keepalive_timeout - 1
    assert not connection._force_close


async def test_two_large_answers_in_their_order(large):
    """A request that comes while slices are left is answered behind the last of them."""
    _, wire, request = large
    await wire.send(request)
    replies = [await wire.reply() for _ in range(2)]

    assert [len(reply.body) for reply in replies] == [LARGE_BYTES] * 2
    assert replies[0].body == replies[1].body


async def test_who_leaves_in_the_middle(large):
    """A large answer that was broken off counts as such, is in no log, and nothing of it is held."""
    server, wire, _ = large
    lines, traffic = len(server.log.lines), server.opened.services.traffic
    before = traffic.sent_bytes
    await wire.__aexit__()
    await server.until_connections(0)

    assert traffic.aborted() == {IMAGES: 1}
    assert 0 < traffic.sent_bytes - before < LARGE_BYTES
    assert len(server.log.lines) == lines
    assert server.opened.services.outgoing.statistics() == OutgoingStatistics(0, 0)


async def test_a_connection_that_is_closing_answers_no_more(tmp_path):
    """Once the server has begun to end, nothing is answered at once."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        await warm(server, wire, request)
        (connection,) = server.connections
        connection.close()
        connection.data_received(request)

        assert connection._hits.statistics().answered == 0


# Faults, and the switch.


def break_look_up(hit):
    hit.lookup, hit.steady_until = lambda: 1 // 0, 0.0


def break_head(hit):
    hit.form.lead = None


@pytest.mark.parametrize("break_it", [break_look_up, break_head])
async def test_a_fault_is_told_once_and_answered_by_the_slow_path(tmp_path, caplog, break_it):
    """Whatever goes wrong here is in the log, and the client has its answer."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        slow = await warm(server, wire, request)
        await ask(wire, request)
        before = answered(server)
        for hit in table_of(server)._hits.values():
            break_it(hit)
        answers = [await ask(wire, request) for _ in range(3)]

        assert [alike(each) for each in answers] == [alike(slow)] * 3
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        # The second is understood anew. One that was found, and could not be put together, counts as well.
        assert answered(server) == before + (1 if break_it is break_look_up else 2)


async def test_off(tmp_path):
    """With the setting at 0 connections are plain ones."""
    async with hitting(tmp_path, IMGSVC_HIT_PATH="0") as (server, origin), await server.connect() as wire:
        await warm(server, wire, get(target_of(origin)))

        assert [type(each) for each in server.connections] == [Connection]
