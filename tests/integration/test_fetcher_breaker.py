"""What the breaker learns from real requests, and what it spares a source that fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from imgsvc.errors import CircuitOpen, ImgsvcError, OriginTimeout, SourceTooLarge
from imgsvc.origin.answer import Validators
from imgsvc.origin.breaker import FAILURES_TO_OPEN, Breaker
from imgsvc.origin.fetcher import Fetcher
from imgsvc.origin.own import LoopGuard
from imgsvc.origin.policy import SourcePolicy
from imgsvc.settings import AccessSettings, OriginSettings
from tests.support.environ import texts
from tests.support.fetching import BODY, Names, fetch, near
from tests.support.origin import Canary


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock) -> Breaker:
    return Breaker(clock=clock)


@asynccontextmanager
async def fetching(breaker: Breaker, names: Names | None = None, **env: object) -> AsyncIterator[Fetcher]:
    """Give a fetcher that tells *breaker*."""
    settings = OriginSettings.from_env(texts({"IMGSVC_READ_TIMEOUT": 2, "IMGSVC_FETCH_TIMEOUT": 5} | env))
    access = AccessSettings.from_env({"IMGSVC_ALLOWED_HOSTS": "*"})
    fetcher = Fetcher(settings, SourcePolicy(access, settings, LoopGuard()), breaker=breaker, names=names)
    try:
        yield fetcher
    finally:
        await fetcher.aclose()


async def fail(fetcher: Fetcher, url: str, times: int = FAILURES_TO_OPEN) -> None:
    """Fetch what cannot be had."""
    for _ in range(times):
        with pytest.raises(ImgsvcError):
            await fetch(fetcher, url)


@pytest.mark.parametrize(
    "script",
    [
        lambda o: o.serve("/a", b"", status=500),
        lambda o: o.serve("/a", BODY, status=503),
        lambda o: o.reset_before_head("/a"),
        lambda o: o.reset_mid_body("/a", BODY),
        lambda o: o.garbage("/a"),
        lambda o: o.stall_before_head("/a"),
        lambda o: o.stall_after_head("/a", sent=b"x"),
    ],
    ids=["500", "503", "reset", "reset-mid-body", "garbage", "stall", "stalling-body"],
)
async def test_failures_open(origin, breaker, script):
    """After five failures of any kind nothing more is sent to the source; that is an outcome of its own."""
    script(origin)
    async with fetching(breaker, **near(origin), IMGSVC_READ_TIMEOUT=0.05) as fetcher:
        await fail(fetcher, origin.url("/a"))
        sent = len(origin.requests)
        with pytest.raises(CircuitOpen) as caught:
            await fetcher.open(origin.url("/b"))

        assert (caught.value.param, caught.value.retry_after_seconds) == ("url", 60)
        assert fetcher.statistics().outcomes["CircuitOpen"] == 1
    assert len(origin.requests) == sent


async def test_failures_without_a_connection(breaker):
    """A port where nobody listens is a failure too; a name without an address, which anybody can make up, is none."""
    async with Canary() as canary:
        port = canary.port
    async with fetching(breaker, Names(), IMGSVC_CONNECT_TO=f"closed.test=127.0.0.1:{port}") as fetcher:
        await fail(fetcher, "http://missing.test/")
        await fail(fetcher, "http://closed.test/")

        assert breaker.left_seconds("missing.test") == 0
        assert breaker.left_seconds("closed.test") > 0


@pytest.mark.parametrize("status", [400, 403, 404, 410, 429, 204, 304])
async def test_answers_are_no_failures(origin, breaker, status):
    """A source that answers, whatever it says below 500, is alive."""
    origin.serve("/a", b"", status=status)
    async with fetching(breaker, **near(origin)) as fetcher:
        await fail(fetcher, origin.url("/a"), times=8)

    assert breaker.statistics().domains == 0


async def test_success_is_a_body_read_to_its_end(origin, breaker):
    """A head alone is no success; a body that came whole is, and so is a 404 or a 304."""
    origin.serve("/bad", status=500)
    origin.serve("/good", BODY)
    origin.conditional("/same", BODY, etag='"1"')
    async with fetching(breaker, **near(origin)) as fetcher:
        await fail(fetcher, origin.url("/bad"), times=4)
        fetched = await fetcher.open(origin.url("/good"))
        assert breaker.statistics().domains == 1
        async for _ in fetched.body:
            pass
        assert breaker.statistics().domains == 0

        await fail(fetcher, origin.url("/bad"), times=4)
        await fail(fetcher, origin.url("/missing"), times=1)
        assert breaker.statistics().domains == 0

        await fail(fetcher, origin.url("/bad"), times=4)
        await fetcher.revalidate(origin.url("/same"), Validators(url=origin.url("/same"), etag='"1"'))
        assert breaker.statistics().domains == 0


async def test_what_says_nothing(origin, breaker):
    """Bodies left, cancelled or too large, and addresses refused, are neither failures nor successes."""
    origin.serve("/bad", status=500)
    origin.endless("/endless")
    origin.stall_before_head("/stall")
    origin.stall_after_head("/huge", declared_bytes=2_000_000)
    names = Names(inside_test=[["10.0.0.1"]])
    async with fetching(breaker, names, **near(origin), MAX_IMAGE_SIZE_BYTES=1_000_000) as fetcher:
        await fail(fetcher, origin.url("/bad"), times=4)
        fetched = await fetcher.open(origin.url("/endless"))
        await fetched.body.aclose()
        for path in ("/endless", "/huge"):
            with pytest.raises(SourceTooLarge):
                await fetch(fetcher, origin.url(path))
        task = asyncio.create_task(fetcher.open(origin.url("/stall")))
        await origin.until_hits("/stall")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await fail(fetcher, "http://inside.test/", times=8)

        assert (breaker.statistics().domains, breaker.statistics().opened) == (1, 0)
        await fail(fetcher, origin.url("/bad"), times=1)
        assert breaker.statistics().opened == 1


async def test_draining_says_nothing(origin, breaker):
    """What is cut off because the service ends is no failure of the source."""
    origin.stall_before_head("/a")
    origin.stall_after_head("/b", sent=b"x")
    async with fetching(breaker, **near(origin)) as fetcher:
        tasks = [asyncio.create_task(fetch(fetcher, origin.url(path))) for path in ("/a", "/b") * 3]
        await origin.until_hits("/a", 3)
        await origin.until_hits("/b", 3)
        await fetcher.aclose()
        assert all(isinstance(e, ImgsvcError) for e in await asyncio.gather(*tasks, return_exceptions=True))

    assert breaker.statistics().domains == 0


async def test_each_hop_counts_for_its_own_host(origin, breaker):
    """Where a redirect leads may fail as it likes, the host that redirects is well; both are asked before a request."""
    origin.redirect("/a", origin.url("/b", host="other.test"))
    origin.serve("/b", status=500)
    origin.serve("/c", BODY)
    async with fetching(breaker, **near(origin, "origin.test", "other.test")) as fetcher:
        await fail(fetcher, origin.url("/a"))
        assert breaker.left_seconds("other.test") == 60
        assert breaker.left_seconds("origin.test") == 0
        with pytest.raises(CircuitOpen):
            await fetcher.open(origin.url("/a"))

        assert (origin.hits("/a"), origin.hits("/b")) == (FAILURES_TO_OPEN + 1, FAILURES_TO_OPEN)
        assert await fetch(fetcher, origin.url("/c")) == BODY


async def test_half_open(origin, breaker, clock):
    """When its time is over the source is asked again, and one whole answer closes the breaker."""
    origin.serve("/a", status=500)
    async with fetching(breaker, **near(origin)) as fetcher:
        await fail(fetcher, origin.url("/a"))
        clock.now += 60
        await fail(fetcher, origin.url("/a"), times=1)
        assert breaker.left_seconds("origin.test") == 120

        clock.now += 120
        origin.serve("/a", BODY)
        assert await fetch(fetcher, origin.url("/a")) == BODY
        assert (breaker.statistics().closed, breaker.statistics().domains) == (1, 0)


async def test_waiting_for_our_own_connections(origin, breaker):
    """Time spent waiting for one of the few connections to a host is no fault of the host's."""
    origin.serve("/a", BODY)
    limits = {"IMGSVC_CONNECTIONS_PER_HOST": 1, "IMGSVC_FETCH_TIMEOUT": 0.3, "IMAGE_STREAM_THRESHOLD_BYTES": 1000}
    async with fetching(breaker, **near(origin), **limits) as fetcher:
        origin.endless("/large", piece=b"x" * 2000)
        large = await fetcher.open(origin.url("/large"))
        async for _ in large.body:
            break
        waiting = [fetcher.open(origin.url("/a")) for _ in range(FAILURES_TO_OPEN)]
        endings = await asyncio.gather(*waiting, return_exceptions=True)

        assert [type(error) for error in endings] == [OriginTimeout] * FAILURES_TO_OPEN
        assert breaker.statistics().domains == 0
        await large.body.aclose()
        assert await fetch(fetcher, origin.url("/a")) == BODY
