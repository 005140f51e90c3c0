"""Announcements over a real Redis or Valkey: two replicas, and a server that is paused, gone and back."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from redis.asyncio import Redis

from imgsvc.cache.announcements import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, QUIET_SECONDS, Announcements
from imgsvc.settings import CacheSettings
from tests.support.large import until
from tests.support.looptime import loop_clock
from tests.support.redis import RedisServer, redis, redis_server  # noqa: F401 - a fixture
from tests.support.tools import free_ports


class Listener:
    """Hears everything, and fails when told to."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.joins = 0
        self.fails = False

    async def heard(self, text: str) -> None:
        self.texts.append(text)
        if self.fails:
            raise RuntimeError("heard")

    async def joined(self) -> None:
        self.joins += 1
        if self.fails:
            raise RuntimeError("joined")


class Pauses:
    """Notes pauses and makes them short."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(
    settings: CacheSettings, channel: str, listener: Listener, *, pauses: Pauses | None = None, quiet_seconds: float = 5
) -> AsyncIterator[Announcements]:
    announcements = Announcements(settings, channel, pause=pauses or Pauses(), quiet_seconds=quiet_seconds)
    task = asyncio.create_task(announcements.listen(listener.heard, listener.joined))
    try:
        yield announcements
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert not announcements.is_live
        await announcements.aclose()


async def until_asked(server: RedisServer, times: int) -> None:
    """Wait until the server was asked so often more whether it is there, and so has answered all but the last."""
    async with Redis.from_url(server.url, driver_info=None) as client, asyncio.timeout(60):

        async def asked() -> int:
            return (await client.info("commandstats")).get("cmdstat_ping", {}).get("calls", 0)

        enough = await asked() + times
        while await asked() < enough:
            await asyncio.sleep(0.003)


async def test_heard_by_all(redis: RedisServer):  # noqa: F811 - the fixture
    """What one replica says both hear, in order; one that only speaks needs not listen."""
    one, other = Listener(), Listener()
    mute = Announcements(redis.settings, "all")
    async with (
        listening(redis.settings, "all", one) as first,
        listening(redis.settings, "all", other) as second,
    ):
        await until(lambda: first.is_live and second.is_live)
        assert await first.announce("äöü")
        assert await mute.announce("")
        await until(lambda: one.texts == other.texts == ["äöü", ""])
        counted = first.statistics()
    assert (one.joins, other.joins) == (1, 1)
    assert (counted.live, counted.announced, counted.heard, counted.joined) == (True, 1, 2, 1)
    assert (counted.failed, counted.lost) == (0, 0)
    await mute.aclose()


async def test_channels_and_databases(redis: RedisServer):  # noqa: F811 - the fixture
    """Another channel, and the same one of another database, are not heard."""
    settings = CacheSettings.from_env({"IMGSVC_REDIS_URL": redis.url.removesuffix("0") + "1"})
    listener, elsewhere = Listener(), Listener()
    async with (
        listening(redis.settings, "mine", listener) as mine,
        listening(redis.settings, "yours", elsewhere) as yours,
        listening(settings, "mine", elsewhere) as other_database,
    ):
        await until(lambda: mine.is_live and yours.is_live and other_database.is_live)
        assert await yours.announce("a")
        assert await other_database.announce("b")
        assert await mine.announce("c")
        await until(lambda: listener.texts == ["c"] and sorted(elsewhere.texts) == ["a", "b"])


async def test_newer_protocol(redis: RedisServer):  # noqa: F811 - the fixture
    """A URL may ask for the newer protocol, in which texts come as pushes and decoded."""
    url = f"{redis.url}?protocol=3&decode_responses=true"
    listener = Listener()
    async with listening(
        CacheSettings.from_env({"IMGSVC_REDIS_URL": url}), "newer", listener, quiet_seconds=0.05
    ) as announcements:
        await until(lambda: announcements.is_live)
        await until_asked(redis, 3)
        assert await announcements.announce("a")
        await until(lambda: listener.texts == ["a"])
    assert listener.joins == 1


async def test_anything_may_be_said(redis: RedisServer):  # noqa: F811 - the fixture
    """What somebody else says there is handed on as text, whatever it is."""
    listener = Listener()
    async with listening(redis.settings, "any", listener) as announcements:
        await until(lambda: announcements.is_live)
        async with Redis.from_url(redis.url, driver_info=None) as client:
            for data in (b"\xff", b"\r\n", b"x" * 300_000):
                await client.publish("imgsvc:1:0:any", data)
        await until(lambda: len(listener.texts) == 3)
    assert listener.texts == ["\ufffd", "\r\n", "x" * 300_000]


async def test_quiet_channel(redis: RedisServer):  # noqa: F811 - the fixture
    """A channel on which nobody says anything stays joined: the server is asked, and answers."""
    listener = Listener()
    async with listening(redis.settings, "quiet", listener, quiet_seconds=0.02) as announcements:
        await until(lambda: announcements.is_live)
        await until_asked(redis, 5)
        assert await announcements.announce("a")
        await until(lambda: listener.texts == ["a"])
        assert (announcements.statistics().lost, listener.joins) == (0, 1)


async def test_failing_listener(redis: RedisServer, caplog: pytest.LogCaptureFixture):  # noqa: F811 - the fixture
    """A listener that raises is logged and goes on hearing; what it missed before is not made up for, so not live."""
    listener = Listener()
    listener.fails = True
    with caplog.at_level(logging.ERROR, "imgsvc.cache"):
        async with listening(redis.settings, "failing", listener) as announcements:
            await until(lambda: listener.joins == 1)
            for text in ("a", "b"):
                assert await announcements.announce(text)
            await until(lambda: listener.texts == ["a", "b"])
            assert not announcements.is_live
            assert announcements.statistics().lost == 0
    assert len(caplog.records) == 3


async def test_killed_and_back(caplog: pytest.LogCaptureFixture):
    """A server that dies is noticed at once; it is joined again when it is back, at growing pauses, logged once."""
    listener, pauses = Listener(), Pauses()
    with redis_server() as server:
        settings = server.settings
        async with listening(settings, "killed", listener, pauses=pauses) as announcements:
            await until(lambda: announcements.is_live)
            with caplog.at_level(logging.WARNING, "imgsvc.cache"):
                server.process.kill()
                await until(lambda: len(pauses.seconds) > 6)
                assert not announcements.is_live
                assert not await announcements.announce("lost")
            messages = [r.getMessage().split(":")[0] for r in caplog.records]
            with redis_server(server.port):
                await until(lambda: announcements.is_live)
                speaker = Announcements(settings, "killed")
                assert await speaker.announce("again")
                await until(lambda: listener.texts == ["again"])
                assert announcements.statistics().lost == len(pauses.seconds)
                await speaker.aclose()
            before = len(pauses.seconds)
            await until(lambda: len(pauses.seconds) > before)
    assert listener.joins == 2
    assert pauses.seconds[:5] == [FIRST_PAUSE_SECONDS, 1.0, 2.0, 4.0, LONGEST_PAUSE_SECONDS]
    assert set(pauses.seconds[5:before]) == {LONGEST_PAUSE_SECONDS}
    assert pauses.seconds[before] == FIRST_PAUSE_SECONDS
    assert messages == ["announcements are not heard", "announcements go without their server"]


async def test_paused():
    """A server that stands still without a word is noticed within the time, and joined again when it goes on."""
    assert 3 * QUIET_SECONDS <= 15
    listener = Listener()
    with redis_server() as server, loop_clock() as clock:
        async with listening(server.settings, "paused", listener, quiet_seconds=100) as announcements:
            await until(lambda: announcements.is_live)
            server.process.send_signal(signal.SIGSTOP)
            for _ in range(3):
                await clock.forward(100)
            await until(lambda: not announcements.is_live)
            while announcements.statistics().lost < 2:
                await clock.forward(100)
            server.process.send_signal(signal.SIGCONT)
            await until(lambda: announcements.is_live)
            assert listener.joins == 2


async def test_nobody_listens():
    """A server that was never there is asked again and again, and can be left at any time."""
    pauses = Pauses()
    settings = RedisServer(free_ports(1)[0], None).settings
    async with listening(settings, "never", Listener(), pauses=pauses) as announcements:
        await until(lambda: len(pauses.seconds) > 3)
        assert not await announcements.announce("a")
        assert announcements.statistics().failed == 1


@pytest.mark.parametrize("reached", [lambda _: True, lambda a: a.statistics().joined, lambda a: a.is_live])
async def test_nothing_is_left(reached: Callable[[Announcements], bool]):
    """Who is cancelled, wherever it stands, leaves no connection at the server."""
    with redis_server() as server:
        async with Redis.from_url(server.url, driver_info=None) as client:
            for _ in range(5):
                async with listening(server.settings, "left", Listener()) as announcements:
                    await until(lambda: reached(announcements))
                    await announcements.announce("a")
            async with asyncio.timeout(60):
                while len(await client.client_list()) > 1:
                    await asyncio.sleep(0.003)
