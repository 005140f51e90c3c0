"""Hits on the wire: the same answers as ever, and everything else as it was."""

import asyncio
import json
import logging
import re
from dataclasses import replace

import pytest

from imgsvc.web.connection import Connection
from imgsvc.web.hits.connection import HitConnection
from imgsvc.web.sending import SLICE_BYTES
from tests.integration.test_access import signed
from tests.unit.web.hits.asking import (
    alike,
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

LIVE = get("/api/health/live")
DELETE = b"DELETE /api/health/live HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"


# The same answer.


@pytest.mark.parametrize(
    ("lines", "more"),
    [
        ((), {}),
        ((), {"method": "HEAD"}),
        (("X-Request-Id: given-1",), {}),
        (("Accept: image/avif, image/webp", "Save-Data: on", "Sec-CH-DPR: 2", "Sec-CH-Width: 40"), {}),
        (("Connection: keep-alive", "Cookie: a=b", "User-Agent: test"), {}),
        (("If-None-Match: *",), {}),
        (('If-None-Match: "other"',), {}),
        (("If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT",), {"method": "HEAD"}),
        (("If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT",), {}),
        (("Range: bytes=10-19",), {}),
        (("Range: bytes=-1",), {}),
        (("Range: bytes=5-", 'If-Range: "other"'), {}),
        (("Range: bytes=1-2, 4-5",), {}),
        (("Via: 1.1 proxy",), {}),
    ],
)
async def test_byte_for_byte(tmp_path, lines, more):
    """What is answered at once is what the slow path answers, but for name, time and age."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin), *lines, **more)
        slow = await warm(server, wire, request)
        assert answered(server) == 0
        fast = [await ask(wire, request) for _ in range(3)]

        assert answered(server) == 3
        assert [alike(each) for each in fast] == [alike(slow)] * 3
        assert [headers_of(each).keys() for each in fast] == [headers_of(slow).keys()] * 3


@pytest.mark.parametrize("beyond", [-1, 0, 1])
async def test_one_piece(tmp_path, beyond):
    """Up to 64 KiB a picture is sent at once; above, in slices, by the slow path."""
    async with hitting(tmp_path, SLICE_BYTES + beyond) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        slow = await warm(server, wire, request)

        assert alike(await ask(wire, request)) == alike(slow)
        assert answered(server) == (0 if beyond > 0 else 1)


async def test_each_has_a_name_of_its_own(tmp_path):
    """Names differ; one that was given is taken over, and one that is none is not."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        target = target_of(origin)
        await warm(server, wire, get(target))
        names = [headers_of(await ask(wire, get(target)))["X-Request-Id"] for _ in range(3)]
        given = await ask(wire, get(target, "X-Request-Id: a.b-c_1"))
        invalid = await ask(wire, get(target, "X-Request-Id: a/b"))

        assert len(set(names)) == 3
        assert headers_of(given)["X-Request-Id"] == "a.b-c_1"
        assert headers_of(invalid)["X-Request-Id"] != "a/b"
        assert answered(server) == 5


async def test_other_headers_are_another_question(tmp_path):
    """What may decide is part of the question: a new value is first answered by the slow path."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        target = target_of(origin)
        whole = await warm(server, wire, get(target))
        part = await ask(wire, get(target, "Range: bytes=0-1"))
        assert answered(server) == 0
        again = await ask(wire, get(target, "Range: bytes=0-1")), await ask(wire, get(target))

        assert answered(server) == 2
        assert part.startswith(b"HTTP/1.1 206 ")
        assert [alike(each) for each in again] == [alike(part), alike(whole)]


# What falls through.


@pytest.mark.parametrize(
    "change",
    [
        lambda request: request.replace(b"HTTP/1.1\r\n", b"HTTP/1.0\r\nConnection: keep-alive\r\n"),
        lambda request: request.replace(b"GET /", b"GET http://a/"),
        lambda request: request.replace(b"Host: a", b"Host:  a"),
        lambda request: request.replace(b"Host: a", b"Host: a\r\nAccept: */*\r\nAccept: image/webp"),
        lambda request: b"\r\n" + request,
        lambda request: request.replace(b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n"),
        lambda request: request.replace(b"\r\n\r\n", b"\r\nUpgrade: other\r\n\r\n"),
    ],
)  # fmt: skip
async def test_what_is_not_simple_goes_on(tmp_path, change):
    """Other versions and forms, odd spaces, a header twice and the like are answered by the slow path, each time."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        await warm(server, wire, request)
        answers = [await ask(wire, change(request)) for _ in range(3)]

        assert answered(server) == 0
        assert {each[9:12] for each in answers} == {b"200"}
        await ask(wire, request)
        assert answered(server) == 1


async def test_in_pieces(tmp_path):
    """A head that comes byte by byte is parsed; the whole ones before and after are not."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        slow = await warm(server, wire, request)
        first = await ask(wire, request)
        for at in range(len(request) - 1):
            await wire.send(request[at : at + 1])
            await asyncio.sleep(0)
        pieces = await ask(wire, request[-1:])
        last = await ask(wire, request)

        assert answered(server) == 2
        assert {alike(each) for each in (first, pieces, last)} == {alike(slow)}


async def test_pipelined(tmp_path):
    """Requests in one packet, and one behind a request under way, are answered in their order."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        part, whole = get(target_of(origin), "Range: bytes=0-1"), get(target_of(origin))
        await warm(server, wire, part)
        await warm(server, wire, whole)
        await wire.send(part + whole + LIVE)
        await wire.send(whole)
        data = b""
        while data.count(b"HTTP/1.1 ") < 4 or len(data.rpartition(b"\r\n\r\n")[2]) < 1000:
            data += await wire.read()

        assert [each[:3] for each in data.split(b"HTTP/1.1 ")[1:]] == [b"206", b"200", b"200", b"200"]
        before = answered(server)
        await ask(wire, whole)
        assert answered(server) == before + 1


async def test_after_a_body(tmp_path):
    """On a connection that had a request with a body everything is parsed, so that no body is taken for a request."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        slow = await warm(server, wire, request)
        await ask(wire, DELETE)
        inside = b"DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(request)
        await wire.send(inside)
        status = (await ask(wire, request))[9:12]

        assert status == b"405"
        assert alike(await ask(wire, request)) == alike(slow)
        assert answered(server) == 0


# What memory has.


async def test_what_leaves_memory_is_answered_no_more(tmp_path):
    """After a purge nothing is left here either, not even the picture's bytes."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request, memory = get(target_of(origin)), server.opened.owners["memory"]
        await warm(server, wire, request)
        await ask(wire, request)
        before = memory.statistics()
        memory.clear("purged")
        after = await ask(wire, request)

        assert headers_of(after)["X-Source"] == "store"
        assert answered(server) == 1
        assert memory.statistics().misses - before.misses <= 2
        await warm(server, wire, request)
        assert answered(server) == 2


async def test_no_bytes_are_held(tmp_path):
    """The table keeps no picture alive."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        await warm(server, wire, request)
        await ask(wire, request)
        (hit,) = [table_of(server)._hits.peek(key) for key in table_of(server)._hits]
        was_there = hit.blob() is not None
        server.opened.owners["memory"].clear("purged")

        assert (was_there, hit.blob()) == (True, None)


async def test_what_is_replaced_is_answered_as_it_is_now(tmp_path):
    """Other bytes under the same name: the answer, and whether a client has it already, follow at once."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        memory = server.opened.owners["memory"]
        whole = get(target_of(origin))
        slow = await warm(server, wire, whole)
        known = get(target_of(origin), f"If-None-Match: {headers_of(slow)['ETag']}")
        assert (await warm(server, wire, known))[9:12] == b"304"
        assert (await ask(wire, known))[9:12] == b"304"
        await ask(wire, whole)
        (blob,) = memory.blobs()
        memory.put(replace(blob, data=b"new", meta=replace(blob.meta, sha256="0" * 64)))
        answers = await ask(wire, whole), await ask(wire, known)

        assert [each[9:12] for each in answers] == [b"200", b"200"]
        assert [each.rpartition(b"\r\n\r\n")[2] for each in answers] == [b"new", b"new"]
        assert headers_of(answers[0])["ETag"] == '"' + "0" * 32 + '"'


async def test_stale_answers_have_their_source_asked(tmp_path):
    """What is past its end is answered as stale, and its source asked behind, as ever."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request, memory = get(target_of(origin)), server.opened.owners["memory"]
        await warm(server, wire, request)
        await ask(wire, request)
        before, asked = answered(server), origin.hits("/a.png")
        (blob,) = memory.blobs()
        meta = blob.meta.refreshed(blob.meta.fetched_at - 1000, blob.meta.fetched_at - 1)
        records = server.opened.services.images._records
        record = records.known(blob.source)
        records.keep(blob.source, replace(record, fetched_at=meta.fetched_at, fresh_until=meta.fresh_until))
        memory.replace(replace(blob, meta=meta))
        stale = await ask(wire, request)

        assert headers_of(stale)["X-Cache"] == "STALE"
        assert answered(server) == before + 1
        await until(lambda: origin.hits("/a.png") > asked)


async def test_signatures_end(tmp_path):
    """What a signature lets pass is answered until its end and not after, by whichever path."""
    signing = {"IMGSVC_ALLOWED_HOSTS": "", "IMGSVC_SIGNING_KEYS": "k"}
    async with hitting(tmp_path, **signing) as (server, origin), await server.connect() as wire:
        target = signed(["k"], url=origin.url("/a.png"), f="original", exp="4000000000")
        await warm(server, wire, get(target))
        fast = await ask(wire, get(target))
        assert answered(server) == 1
        server.opened.services.access._clock = lambda: 4000000000.0

        assert fast[9:12] == b"200"
        assert (await ask(wire, get(target)))[9:12] == b"410"
        assert answered(server) == 1


# What goes with an answer.


async def test_log_metrics_and_list_are_those_of_the_slow_path(tmp_path):
    """A thousand mixed requests leave the same lines, counters and list by either path, and none is lost."""

    async def told(folder, path: str):
        env = {"IMGSVC_ADMIN_TOKEN": "t" * 16, "IMGSVC_HIT_PATH": path}
        async with hitting(folder, **env) as (server, origin), await server.connect() as wire:
            target = target_of(origin)
            kinds = [
                get(target), get(target, method="HEAD"), get(target, "If-None-Match: *"),
                get(target, "Range: bytes=1-2"), LIVE, get("/nowhere"), get(target, "Range: bytes=9000-"), get(target, "X-Request-Id: a-1"),
            ]  # fmt: skip
            received = [await ask(wire, kinds[n % len(kinds)]) for n in range(1000)]
            await until(lambda: len(server.log.lines) == 1000)
            services = server.opened.services
            lines = [json.loads(line) for line in server.log.lines]
            assert [line["bytes"] for line in lines] == [len(each) for each in received]
            assert services.traffic.sent_bytes == sum(map(len, received))
            named = [line.pop("request_id") for line in lines]
            assert named == [headers_of(each)["X-Request-Id"] for each in received]
            times = [line.pop("time") for line in lines]
            assert times == sorted(times)
            assert all(line.pop("ms") >= 0 and line.pop("bytes") for line in lines)
            recent = [
                {k: v for k, v in e.items() if k not in ("time", "ms", "request_id")} for e in services.recent.entries()
            ]
            memory = server.opened.owners["memory"].statistics()
            requests = server.runner.server.requests_count
            counted = services.traffic.requests(), services.traffic.cached(), memory.hits, memory.misses, requests
            return [list(line.items()) for line in lines], recent, counted, server.connections

    (tmp_path / "on").mkdir()
    (tmp_path / "off").mkdir()
    *slow, connections = await told(tmp_path / "off", "0")
    assert not any(isinstance(each, HitConnection) for each in connections)
    *fast, connections = await told(tmp_path / "on", "1")

    for of_fast, of_slow in zip(fast, slow, strict=True):
        assert re.sub(r":[0-9]{4,5}/", "/", repr(of_fast)) == re.sub(r":[0-9]{4,5}/", "/", repr(of_slow))


# Connections.


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


async def test_a_fault_is_told_once_and_answered_by_the_slow_path(tmp_path, caplog):
    """Whatever goes wrong here is in the log, and the client has its answer."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        slow = await warm(server, wire, request)
        for key in table_of(server)._hits:
            table_of(server)._hits.peek(key).lookup = lambda: 1 // 0
        answers = [await ask(wire, request) for _ in range(3)]

        assert [alike(each) for each in answers] == [alike(slow)] * 3
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        assert answered(server) == 1


async def test_off(tmp_path):
    """With the setting at 0 connections are plain ones."""
    async with hitting(tmp_path, IMGSVC_HIT_PATH="0") as (server, origin), await server.connect() as wire:
        await warm(server, wire, get(target_of(origin)))

        assert [type(each) for each in server.connections] == [Connection]
