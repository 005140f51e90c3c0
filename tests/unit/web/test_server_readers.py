"""Clients that read slowly, stall or leave."""

import asyncio
import logging
import tracemalloc

import pytest
from aiohttp import web

from imgsvc.web.sending import SLICE_BYTES
from tests.support.large import until
from tests.support.looptime import LoopClock
from tests.support.wire import Wire, serving
from tests.unit.web.wire_requests import (
    LARGE_BYTES,
    LIVE,
    MIB,
    SEND_SECONDS,
    large,
    until_stalled,
    warm,
)

pytestmark = pytest.mark.slow


async def test_a_stalled_reader_is_dropped(tmp_path, origin, clock: LoopClock):
    """Who takes no byte for the send time-out loses the connection; what waited for it is free."""
    async with serving(tmp_path, origin_port=origin.port, IMGSVC_SEND_TIMEOUT=str(SEND_SECONDS)) as server:
        await warm(server, large(origin))
        async with await server.connect(tiny=True) as wire:
            await wire.send(large(origin))
            await until_stalled(server)
            while server.connections:  # until the system has taken all that it takes of what nobody reads
                await clock.forward(SEND_SECONDS + 1)

            assert len(await wire.rest()) < LARGE_BYTES


async def test_a_reader_that_leaves_small_answers_lying_is_dropped(tmp_path):
    """The time-out holds for answers of any size: asking on and on without reading ends too."""
    async with serving(tmp_path, IMGSVC_SEND_TIMEOUT="0.1") as server, await server.connect(tiny=True) as wire:
        await wire.send_until_cut(LIVE * 100)
        await server.until_connections(0)


async def test_a_slow_reader_is_served(tmp_path, origin, clock: LoopClock):
    """Who goes on taking bytes is given them all, however many time-outs that takes."""
    async with serving(tmp_path, origin_port=origin.port, IMGSVC_SEND_TIMEOUT=str(SEND_SECONDS)) as server:
        body = await warm(server, large(origin))
        async with await server.connect(tiny=True) as wire:
            await wire.send(large(origin))
            taken, rests = 0, 0
            while taken < len(body):
                await until(lambda: all(c.writing_paused or not c._request_in_progress for c in server.connections))
                while taken < (rests + 1) * MIB // 2 and taken < len(body):
                    piece = await wire.read(MIB // 8)
                    assert piece
                    taken += len(piece)
                await clock.forward(SEND_SECONDS * 0.6)
                rests += 1

            assert rests > 4


async def test_stalled_readers_cost_slices(tmp_path, origin):
    """Sixty readers that stall in a 4 MiB hit cost a slice each, not the picture."""
    async with serving(tmp_path, origin_port=origin.port) as server:
        await warm(server, large(origin))
        await server.until_connections(0)
        wires: list[Wire] = []
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(60):
            wires.append(await server.connect(tiny=True))
            await wires[-1].send(large(origin))
        await until_stalled(server, 60)
        buffered = [connection._wire.get_write_buffer_size() for connection in server.connections]
        held = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        for wire in wires:
            await wire.__aexit__()
        await server.until_connections(0)

    assert max(buffered) <= SLICE_BYTES + 4096
    assert held < 60 * 4 * SLICE_BYTES


async def test_a_leaving_client_is_no_error(tmp_path, origin, caplog):
    """Who hangs up in the middle of an answer leaves no error in the log, no connection and no broken service."""
    caplog.set_level(logging.INFO)
    async with serving(tmp_path, origin_port=origin.port) as server:
        await warm(server, large(origin))
        for read_bytes in (0, 1, 100_000):
            wire = await server.connect(tiny=True)
            await wire.send(large(origin))
            if read_bytes:
                await wire.read(read_bytes)
            await wire.__aexit__()
        await server.until_connections(0)
        assert len(await warm(server, large(origin))) > LARGE_BYTES

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_the_end_does_not_wait_for_stalled_readers(tmp_path, origin):
    """A server that is closed drops those who do not read."""
    async with serving(tmp_path, origin_port=origin.port) as server:
        await warm(server, large(origin))
        wire = await server.connect(tiny=True)
        await wire.send(large(origin))
        await until_stalled(server)
        async with asyncio.timeout(60):
            await server.runner.cleanup()
        await wire.__aexit__()
        await asyncio.sleep(0.01)


ENDLESS = b"GET /endless HTTP/1.0\r\nHost: a\r\n\r\n"


async def endless(request: web.Request) -> web.StreamResponse:
    """Answer without a length, whose only end for a client of HTTP/1.0 is that of the connection."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(bytes(SLICE_BYTES))
        await request.writer.drain()
        await asyncio.sleep(0.001)


async def read_to_an_orderly_end(wire: Wire) -> None:
    """Read until the answer looks whole, or the connection is reset."""
    while await wire.read():
        pass


async def test_a_stalled_answer_without_length_does_not_look_whole(tmp_path):
    """Who stalls, is dropped and then reads what the system still has learns by a reset that more was to come."""
    async with (
        serving(tmp_path, routes=[web.get("/endless", endless)], IMGSVC_SEND_TIMEOUT="0.1") as server,
        await server.connect(tiny=True) as wire,
    ):
        await wire.send(ENDLESS)
        await until_stalled(server)
        await server.until_connections(0)
        with pytest.raises(ConnectionResetError):
            await read_to_an_orderly_end(wire)


async def test_an_answer_without_length_that_the_end_cuts_does_not_look_whole(tmp_path):
    """A client that reads along when the time of the server's end is over is told so by a reset."""
    async with serving(tmp_path, routes=[web.get("/endless", endless)]) as server, await server.connect() as wire:
        await wire.send(ENDLESS)
        reading = asyncio.create_task(read_to_an_orderly_end(wire))
        await server.until_connections(1)
        async with asyncio.timeout(60):
            await server.runner.cleanup()
        with pytest.raises(ConnectionResetError):
            await reading
