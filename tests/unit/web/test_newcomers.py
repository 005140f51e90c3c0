"""The end of the server, as clients see it who are connected already: those who have not asked yet may."""

import asyncio

import pytest

from imgsvc.web.newcomers import FIRST_REQUEST_SECONDS
from imgsvc.web.server import Runner
from tests.support.wire import serving

pytestmark = pytest.mark.slow

LIVE = b"GET /api/health/live HTTP/1.1\r\nHost: a\r\n\r\n"


async def ending(runner: Runner) -> asyncio.Task:
    """Begin the end, and wait until the service listens no more."""
    task = asyncio.create_task(runner.cleanup())
    while runner.sites:
        await asyncio.sleep(0)
    return task


async def test_a_client_that_has_just_connected_may_ask(tmp_path):
    """Its request comes when the service listens no more, and is answered; the connection is closed behind it."""
    async with serving(tmp_path) as server, await server.connect() as wire:
        await server.until_connections(1)
        task = await ending(server.runner)
        await wire.send(LIVE)

        assert (await wire.reply()).status == 200
        assert await wire.rest() == b""
        await task


async def test_a_client_that_never_asks_holds_nothing_up(tmp_path):
    """A connection on which nothing comes is closed after a moment."""
    async with serving(tmp_path) as server, await server.connect() as wire:
        await server.until_connections(1)
        async with asyncio.timeout(FIRST_REQUEST_SECONDS + 5):
            await (await ending(server.runner))

        assert await wire.rest() == b""


async def test_a_client_that_has_asked_is_not_waited_for(tmp_path):
    """A connection that is kept for a next request is closed at once: its client knows that it may be."""
    async with serving(tmp_path) as server, await server.connect() as wire:
        await wire.send(LIVE)
        await wire.reply()
        loop = asyncio.get_running_loop()
        began = loop.time()
        await (await ending(server.runner))

        assert loop.time() - began < FIRST_REQUEST_SECONDS
        assert await wire.rest() == b""
