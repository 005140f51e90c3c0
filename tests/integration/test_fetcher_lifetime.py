"""Time-outs, cancellation and closing: whatever ends a fetch, nothing is left."""

import asyncio

import pytest

from imgsvc.errors import (
    Draining,
    ImgsvcError,
    OriginTimeout,
    OriginUnreachable,
)
from tests.support.fetching import BODY, Names, fetch, fetching, near, read_all


async def test_slow_name_server():
    """A look-up that never ends is given up after the connect time-out."""

    class Never(Names):
        async def lookup(self, host):
            return await asyncio.Event().wait()

    async with fetching(names=Never(), IMGSVC_CONNECT_TIMEOUT=0.05) as fetcher:
        with pytest.raises(OriginTimeout):
            await fetcher.open("http://slow.test/a")


@pytest.mark.parametrize("how", ["stall_before_head", "stall_after_head"])
async def test_read_timeout(origin, how):
    """A source that says nothing for too long is given up, before its head or in its body, and hung up on."""
    getattr(origin, how)("/a")
    async with fetching(**near(origin), IMGSVC_READ_TIMEOUT=0.05) as fetcher:
        with pytest.raises(OriginTimeout):
            await fetch(fetcher, origin.url("/a"))
        await origin.until_open_connections()

        assert fetcher.statistics().outcomes == {"OriginTimeout": 1}


async def test_whole_timeout_spans_the_body(origin):
    """A source that drips is given up when the whole time is over, however alive it is."""
    origin.drip("/a", BODY, every_seconds=0.01)
    async with fetching(**near(origin), IMGSVC_FETCH_TIMEOUT=0.2) as fetcher:
        fetched = await fetcher.open(origin.url("/a"))
        with pytest.raises(OriginTimeout):
            await read_all(fetched.body)
        await origin.until_open_connections()


async def test_whole_timeout_spans_the_hops(origin):
    """Redirects that take their time count together."""
    origin.redirect("/a", "/b")
    origin.stall_before_head("/b")
    async with fetching(**near(origin), IMGSVC_FETCH_TIMEOUT=0.1) as fetcher:
        with pytest.raises(OriginTimeout):
            await fetcher.open(origin.url("/a"))
        await origin.until_open_connections()


async def test_closing_early(origin):
    """Closing a body early, even twice, drops the connection; reading on then is an error and no clean end."""
    origin.endless("/a")
    async with fetching(**near(origin)) as fetcher:
        fetched = await fetcher.open(origin.url("/a"))
        async for _ in fetched.body:
            break
        await fetched.body.aclose()
        await fetched.body.aclose()
        await origin.until_open_connections()

        assert fetcher.statistics().outcomes == {"abandoned": 1}
        with pytest.raises(OriginUnreachable):
            await read_all(fetched.body)


async def test_reading_in_another_task(origin):
    """A body may be read and closed in another task than the one that opened it."""
    origin.serve("/a", BODY)
    async with fetching(**near(origin)) as fetcher:
        fetched = await asyncio.create_task(fetcher.open(origin.url("/a")))

        assert await asyncio.create_task(read_all(fetched.body)) == BODY


@pytest.mark.parametrize("how", ["stall_before_head", "stall_after_head"])
async def test_cancellation(origin, how):
    """A cancelled fetch hangs up at once, wherever it was."""
    getattr(origin, how)("/a")
    async with fetching(**near(origin)) as fetcher:
        task = asyncio.create_task(fetch(fetcher, origin.url("/a")))
        await origin.until_hits("/a")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await origin.until_open_connections()

        assert fetcher.statistics().outcomes == {"cancelled": 1}


async def test_closing_the_fetcher(origin):
    """Closing ends running fetches with an error, waiting ones too; later ones are told why."""
    origin.stall_before_head("/a")
    async with fetching(**near(origin), IMGSVC_CONNECTIONS_PER_HOST=1) as fetcher:
        running = [asyncio.create_task(fetch(fetcher, origin.url("/a"))) for _ in range(2)]
        await origin.until_hits("/a")
        await fetcher.aclose()
        await fetcher.aclose()
        endings = await asyncio.gather(*running, return_exceptions=True)

        assert all(isinstance(e, ImgsvcError) for e in endings)
        with pytest.raises(Draining):
            await fetcher.open(origin.url("/a"))
        await origin.until_open_connections()


async def test_many_at_once_share_few_connections(origin):
    """No more connections to one host are opened than allowed; the others wait their turn."""
    gate = origin.gate("/a", BODY)
    async with fetching(**near(origin), IMGSVC_CONNECTIONS_PER_HOST=2) as fetcher:
        tasks = [asyncio.create_task(fetch(fetcher, origin.url("/a"))) for _ in range(6)]
        await origin.until_hits("/a", 2)

        assert origin.open_connections == 2
        gate.set()
        assert await asyncio.gather(*tasks) == [BODY] * 6
    assert origin.connections == 2


async def test_a_connection_that_rested(origin):
    """A body whose end had to wait for its reader leaves no timer that ends the next request on its connection."""
    gate = asyncio.Event()

    async def behave(exchange) -> None:
        await exchange.head(headers={"Content-Length": str(len(BODY))})
        await gate.wait()
        exchange.keep_alive = True
        await exchange.send(BODY)

    origin.script("/large", behave)
    origin.serve("/small", BODY)
    async with fetching(**near(origin), IMGSVC_READ_TIMEOUT=0.3) as fetcher:
        fetched = await fetcher.open(origin.url("/large"))
        gate.set()
        await asyncio.sleep(0.1)  # for all of it to come, more than is read ahead
        assert await read_all(fetched.body) == BODY
        await asyncio.sleep(0.5)  # longer than a read may take

        assert await fetch(fetcher, origin.url("/small")) == BODY
    assert origin.connections == 1
