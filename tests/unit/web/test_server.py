"""The server on the wire: slow, stalled, old and rude clients."""

import json
import logging
import time

import pytest
from aiohttp import web

from imgsvc.web.error_map import codes
from tests.support.large import until
from tests.support.looptime import LoopClock
from tests.support.service import IMAGES
from tests.support.wire import serving
from tests.unit.web.wire_requests import HEAD_SECONDS, LIVE, get, large

pytestmark = pytest.mark.slow


# Heads.


@pytest.mark.parametrize("sent", [b"", b"G", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow"])
async def test_a_head_that_never_ends_is_cut(tmp_path, sent):
    """Silence from the start, or in the middle of a head, ends the connection without an answer."""
    async with serving(tmp_path, head_timeout_seconds=0.05) as server, await server.connect() as wire:
        await wire.send(sent)

        assert await wire.rest() == b""
        await server.until_connections(0)


async def test_a_dripping_head_is_cut_on_time(tmp_path):
    """Bytes that go on coming do not prolong the time that a head has."""
    async with serving(tmp_path, head_timeout_seconds=0.1) as server:
        began = time.monotonic()
        async with await server.connect() as wire:
            await wire.send(b"GET / HTTP/1.1\r\nX: ")
            await wire.send_until_cut(b"x")

        assert time.monotonic() - began > 0.09


async def test_the_next_head_has_its_own_time(tmp_path, clock: LoopClock):
    """After an answer a connection may be idle for longer than a head may take; once begun, the head is bounded."""
    async with serving(tmp_path, head_timeout_seconds=HEAD_SECONDS) as server, await server.connect() as wire:
        await wire.send(LIVE)
        assert (await wire.reply()).status == 200
        await clock.forward(HEAD_SECONDS + 1)
        await wire.send(LIVE)
        assert (await wire.reply()).status == 200
        await wire.send(LIVE[:10])
        await until(lambda: server.connections[0]._head_timer is not None)
        await clock.forward(HEAD_SECONDS + 1)

        assert await wire.rest() == b""


async def test_half_a_head_behind_a_whole_one_is_cut(tmp_path, clock: LoopClock):
    """The beginning of a second request in the first one's packet has no more time than any other."""
    async with serving(tmp_path, head_timeout_seconds=HEAD_SECONDS) as server, await server.connect() as wire:
        await wire.send(LIVE + LIVE[:10])

        assert (await wire.reply()).status == 200
        await until(lambda: not server.connections[0]._request_in_progress)
        await clock.forward(HEAD_SECONDS + 1)
        assert await wire.rest() == b""


@pytest.mark.parametrize(
    "pieces",
    [
        [LIVE[:-1], LIVE[-1:]],
        [LIVE[:-3], LIVE[-3:-1], LIVE[-1:]],
        [b"DELETE /api/health/live HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"],
    ],
)
async def test_an_idle_connection_is_kept_however_its_request_came(tmp_path, clock: LoopClock, pieces):
    """A head in pieces, or a body behind it, is no beginning of another head."""
    async with serving(tmp_path, head_timeout_seconds=HEAD_SECONDS) as server, await server.connect() as wire:
        for piece in pieces:
            await wire.send(piece)
        await wire.reply()
        await clock.forward(HEAD_SECONDS + 1)
        await wire.send(LIVE)

        assert (await wire.reply()).status == 200


async def test_a_slow_answer_is_not_cut(tmp_path, clock: LoopClock):
    """The time for a head does not run while a request is being answered."""

    async def slow(_request):
        await clock.forward(HEAD_SECONDS + 1)
        return web.Response(text="done")

    async with (
        serving(tmp_path, head_timeout_seconds=HEAD_SECONDS, routes=[web.get("/slow", slow)]) as server,
        await server.connect() as wire,
    ):
        await wire.send(get("/slow"))

        assert (await wire.reply()).body == b"done"


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(30) + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
        "GET /ü HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
        get("/" + "x" * 20_000),
        get("/", "X: " + "x" * 20_000),
        get("/", *(f"X-{n}: y" for n in range(500))),
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_what_is_no_http(tmp_path, data):
    """Broken, overlong and ambiguous heads get a document with a name, and the connection ends."""
    async with serving(tmp_path) as server, await server.connect() as wire:
        await wire.send(data)
        reply = await wire.reply()
        rest = await wire.rest()

    document = json.loads(reply.body)
    assert (reply.status, document["status"], document["code"]) == (400, 400, "bad-parameter")
    assert "percent-encoded" in document["detail"]
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["x-request-id"] == document["request_id"]
    assert reply.headers["server"] == "imgsvc"
    assert rest == b""


# Shapes of requests.


async def test_one_connection_many_requests(tmp_path):
    """Answers, errors included, leave the connection open for the next request."""
    async with serving(tmp_path) as server, await server.connect() as wire:
        statuses = []
        for request in (LIVE, get("/nowhere"), get(IMAGES), LIVE):
            await wire.send(request)
            statuses.append((await wire.reply()).status)

    assert statuses == [200, 404, 400, 200]


async def test_pipelined_requests_are_answered_in_order(tmp_path):
    """Requests sent in one go are all answered, one after the other."""
    async with serving(tmp_path) as server, await server.connect() as wire:
        await wire.send(b"".join(get("/api/health/live", f"X-Request-Id: n{n}") for n in range(50)))
        names = [(await wire.reply()).headers["x-request-id"] for _ in range(50)]

    assert names == [f"n{n}" for n in range(50)]


async def test_http_1_0(tmp_path, origin):
    """An old client gets a declared length, no chunks, and the end of the connection."""
    async with serving(tmp_path, origin_port=origin.port) as server, await server.connect() as wire:
        await wire.send(large(origin).replace(b"HTTP/1.1", b"HTTP/1.0"))
        reply = await wire.reply()
        rest = await wire.rest()

    assert (reply.status, len(reply.body), rest) == (200, int(reply.headers["content-length"]), b"")
    assert "transfer-encoding" not in reply.headers


async def test_absolute_form(tmp_path, origin):
    """A target with scheme and host, as proxies send it, is the same request and the same cache entry."""
    path = f"{IMAGES}?url={origin.url('/large.png')}&w=10&f=png"
    async with serving(tmp_path, origin_port=origin.port) as server, await server.connect() as wire:
        await wire.send(get(path))
        first = await wire.reply()
        await wire.send(get(f"http://images.example{path}"))
        second = await wire.reply()
        await wire.send(get("http://images.example/api/health/live"))
        live = await wire.reply()

    assert (first.headers["x-cache"], second.headers["x-cache"], live.status) == ("MISS", "HIT", 200)
    assert json.loads(server.log.lines[-2])["path"] == IMAGES


async def test_a_body_nobody_asked_for(tmp_path):
    """A request's body is passed over, and the connection goes on."""
    async with serving(tmp_path) as server, await server.connect() as wire:
        await wire.send(get("/api/health/live", "Content-Length: 5") + b"hello" + LIVE)

        assert [(await wire.reply()).status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("expect", ["100-continue", "miracles", "magi\xef"])
async def test_expectations(tmp_path, expect):
    """``100-continue`` is answered; what nobody can fulfil is refused with a document (RFC 9110 §10.1.1)."""
    async with serving(tmp_path) as server, await server.connect() as wire:
        await wire.send(get("/api/health/live", f"Expect: {expect}"))
        reply = await wire.reply(head_only=expect == "100-continue")
        if expect == "100-continue":
            assert reply.status == 100
            assert (await wire.reply()).status == 200
        else:
            assert reply.status == 417
            assert reply.headers["content-type"] == "application/problem+json"
            document = json.loads(reply.body)
            assert document["request_id"] == reply.headers["x-request-id"]
            assert (417, document["code"]) in codes()


# Clients that do not read.


# Faults of our own.


async def test_a_fault_after_the_first_byte(tmp_path, caplog):
    """An answer that has begun is broken off: never a second one; the log has the reason, and it counts as aborted."""

    async def half(request):
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        raise ValueError("in the middle")

    async with serving(tmp_path, routes=[web.get("/half", half)]) as server, await server.connect() as wire:
        await wire.send(get("/half") + LIVE)
        data = await wire.rest()
        traffic = server.opened.services.traffic

    assert (traffic.aborted(), traffic.requests(), traffic.sent_bytes) == ({"/half": 1}, {}, len(data))
    assert data.count(b"HTTP/1.1") == 1
    assert data.endswith(b"half")
    assert "in the middle" in caplog.text


async def test_a_fault_of_the_framework(tmp_path, caplog):
    """A handler that answers nothing is 500 with a document."""

    async def nothing(_request):
        return None

    async with serving(tmp_path, routes=[web.get("/nothing", nothing)]) as server, await server.connect() as wire:
        await wire.send(get("/nothing"))
        reply = await wire.reply()

    assert reply.status == 500
    assert json.loads(reply.body)["code"] == "internal-error"
    assert "Traceback" not in reply.body.decode()
    assert any(record.levelno == logging.ERROR for record in caplog.records)
