"""Leases before a real Redis or Valkey: two replicas, and a server that is paused, gone and back."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from itertools import islice

import pytest
from redis.asyncio import Redis

from imgsvc.cache.leases import Lease, Leases, LeaseStatistics, _pauses_seconds
from imgsvc.cache.metadata import PAUSE_SECONDS, TIMEOUT_SECONDS
from tests.support.redis import RedisServer, redis, redis_server, replica_leases  # noqa: F401 - a fixture
from tests.support.tools import free_ports


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def one(redis: RedisServer) -> AsyncIterator[Leases]:  # noqa: F811 - the fixture
    async with replica_leases(redis) as leases:
        yield leases


@pytest.fixture
async def other(redis: RedisServer) -> AsyncIterator[Leases]:  # noqa: F811 - the fixture
    async with replica_leases(redis) as leases:
        yield leases


@pytest.fixture
async def client(redis: RedisServer) -> AsyncIterator[Redis]:  # noqa: F811 - the fixture
    """Looks behind the scenes."""
    async with Redis.from_url(redis.url, driver_info=None) as client:
        yield client


async def granted(leases: Leases, name: str, seconds: float = 60) -> Lease:
    lease = await leases.claim(name, seconds)
    assert lease is not None
    return lease


async def until_absent(client: Redis, key: str) -> None:
    async with asyncio.timeout(60):
        while await client.exists(key):
            await asyncio.sleep(0.003)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_exclusive(one: Leases, other: Leases):
    """What one replica has the other does not get until it is given back; names do not touch each other."""
    lease = await granted(one, "exclusive")
    assert await other.claim("exclusive", 60) is None
    assert await one.claim("exclusive", 60) is None
    await (await granted(other, "another")).release()
    await lease.release()
    await (await granted(other, "exclusive")).release()
    assert one.statistics() == LeaseStatistics(claimed=1, denied=1, failed=0)
    assert other.statistics() == LeaseStatistics(claimed=2, denied=1, failed=0)


async def test_many_at_once(one: Leases, other: Leases):
    """Of all that ask at the same moment exactly one gets it."""
    leases = await asyncio.gather(*(replica.claim("many", 60) for replica in (one, other) for _ in range(50)))
    (lease,) = [lease for lease in leases if lease]
    await lease.release()
    assert one.statistics().failed + other.statistics().failed == 0


async def test_key_and_expiry(one: Leases, other: Leases, client: Redis):
    """The server's key carries name and version; it ends by itself, and who waits for it is told."""
    await granted(one, "expiry", 60)
    assert 0 < await client.pttl("imgsvc:1:lease:expiry") <= 60_000
    assert await other.claim("expiry", 60) is None
    await client.pexpire("imgsvc:1:lease:expiry", 300)
    assert await other.wait("expiry", 60)
    await (await granted(other, "expiry")).release()


async def test_release_of_what_is_anothers_by_now(one: Leases, other: Leases):
    """A lease that has expired and is another's is left alone by the one who had it."""
    late = await granted(one, "late", 0.05)
    assert await other.wait("late", 60)
    lease = await granted(other, "late")
    await late.release()
    assert await one.claim("late", 60) is None
    await lease.release()
    await lease.release()
    assert await one.wait("late", 0)


async def test_wait(one: Leases, other: Leases):
    """Who waits looks every half second, and so goes on after the release; and gives up when its time is over."""
    lease = await granted(one, "wait")
    started = now()
    assert not await other.wait("wait", 0.1)
    assert 0.1 <= now() - started < 60
    waiting = asyncio.create_task(other.wait("wait", 60))
    await asyncio.wait([waiting], timeout=0.5)  # so that its pauses have grown
    assert not waiting.done()
    await lease.release()
    assert await waiting
    assert max(islice(_pauses_seconds(), 100)) < 0.5


async def test_release_while_being_cancelled(one: Leases, client: Redis):
    """A release goes on when the one who gives back is cancelled meanwhile, and the end waits for it."""
    lease = await granted(one, "cancelled")
    releasing = asyncio.create_task(lease.release())
    await asyncio.sleep(0)
    releasing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await releasing
    assert one._releases
    await one.aclose()
    assert not one._releases
    assert not await client.exists("imgsvc:1:lease:cancelled")


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13, 21, 34])
async def test_cancelled_claim(one: Leases, client: Redis, turns: int):
    """A claim that is cancelled, wherever it stands, leaves no lease that nobody has."""
    claiming = asyncio.create_task(one.claim("nobody", 60))
    for _ in range(turns):
        await asyncio.sleep(0)
    claiming.cancel()
    outcome = (await asyncio.gather(claiming, return_exceptions=True))[0]
    if isinstance(outcome, Lease):  # it was done before
        await outcome.release()
    await until_absent(client, "imgsvc:1:lease:nobody")
    await (await granted(one, "nobody")).release()


async def test_killed_and_back(caplog: pytest.LogCaptureFixture):
    """Without its server everything is granted at once, counted, and logged once; with it all is as it was."""
    clock = Clock()
    with redis_server() as server:
        leases, others = Leases(server.settings, clock=clock), Leases(server.settings, clock=clock)
        lost = await granted(leases, "killed")
        waiting = asyncio.create_task(others.wait("killed", 60))
        await asyncio.wait([waiting], timeout=0.1)
        assert not waiting.done()
    with caplog.at_level(logging.WARNING, "imgsvc.cache"):
        started = now()
        assert await waiting
        await lost.release()
        for _ in range(3):
            await granted(leases, "killed")
            assert await leases.wait("killed", 60)
        assert now() - started < 60
    messages = [r.getMessage().split(":")[0] for r in caplog.records]
    assert messages == ["leases go without their server"] * 2  # one for each replica
    assert leases.statistics() == LeaseStatistics(claimed=1, denied=0, failed=3)
    clock.now += PAUSE_SECONDS
    with redis_server(server.port):
        lease = await granted(leases, "killed")
        assert await others.claim("killed", 60) is None
        await lease.release()
        assert leases.statistics() == LeaseStatistics(claimed=2, denied=0, failed=3)
        await leases.aclose()
        await others.aclose()


async def test_paused():
    """A server that stands still costs its timeout once; what it grants when it goes on is given back all the same."""
    clock = Clock()
    with redis_server() as server:
        leases = Leases(server.settings, clock=clock)
        await (await granted(leases, "warm")).release()
        server.process.send_signal(signal.SIGSTOP)
        with pytest.MonkeyPatch.context() as hurried:
            hurried.setattr("imgsvc.cache.server.TIMEOUT_SECONDS", TIMEOUT_SECONDS)
            started = now()
            taken = [await granted(leases, "paused") for _ in range(200)]
            assert TIMEOUT_SECONDS <= now() - started < 100 * TIMEOUT_SECONDS
        assert leases.statistics() == LeaseStatistics(claimed=1, denied=0, failed=200)
        server.process.send_signal(signal.SIGCONT)
        clock.now += PAUSE_SECONDS
        for lease in taken:
            await lease.release()
        await (await granted(leases, "paused")).release()
        assert leases.statistics() == LeaseStatistics(claimed=2, denied=0, failed=200)
        await leases.aclose()


async def test_given_back_during_a_pause():
    """A lease that is given back while the server is left alone for a moment is free soon after, not at its end."""
    clock = Clock()
    with redis_server() as server:
        leases = Leases(server.settings, clock=clock)
        lease = await granted(leases, "ours")
        server.process.send_signal(signal.SIGSTOP)
        with pytest.MonkeyPatch.context() as hurried:
            hurried.setattr("imgsvc.cache.server.TIMEOUT_SECONDS", TIMEOUT_SECONDS)
            await granted(leases, "unknown")
        server.process.send_signal(signal.SIGCONT)
        await lease.release()
        async with Redis.from_url(server.url, driver_info=None) as client:
            assert await client.exists("imgsvc:1:lease:ours")
            clock.now += PAUSE_SECONDS
            await until_absent(client, "imgsvc:1:lease:ours")
        await leases.aclose()


async def test_nobody_listens():
    """A server that was never there grants everything, and closes."""
    leases = Leases(RedisServer(free_ports(1)[0], None).settings)
    await (await granted(leases, "never")).release()
    assert leases.statistics().failed == 1
    await leases.aclose()
