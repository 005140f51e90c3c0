"""A server that can be done without: what is asked of it, and when it is not."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator

import pytest

from imgsvc.cache.metadata import PAUSE_SECONDS, TIMEOUT_SECONDS
from imgsvc.cache.server import SharedServer, shared_server
from imgsvc.settings import CacheSettings, SettingsError


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Calls:
    """Calls that end as they are told to; redis-py's client they get is never used, and so never connects."""

    def __init__(self) -> None:
        self.made = 0
        self.outcome: object = "answer"

    async def __call__(self, client: object) -> object:
        self.made += 1
        if isinstance(self.outcome, Exception):
            raise self.outcome
        if self.outcome is None:
            await asyncio.Event().wait()
        return self.outcome


def with_redis(url: str) -> CacheSettings:
    return CacheSettings.from_env({"IMGSVC_REDIS_URL": url})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[SharedServer]:
    server = shared_server(with_redis("redis://secret.example:6379/3"), "tests", clock=clock)
    assert server is not None
    yield server
    await server.aclose()


async def test_answer(server: SharedServer, calls: Calls):
    """An answer is handed on, false ones too."""
    assert await server.ask(calls) == "answer"
    calls.outcome = False
    assert await server.ask(calls) is False


async def test_pause_after_a_failure(
    server: SharedServer, calls: Calls, clock: Clock, caplog: pytest.LogCaptureFixture
):  # fmt: skip
    """After a failure nothing is asked for a while; a row of them is logged once, without what may hold an address."""
    with caplog.at_level(logging.WARNING, "imgsvc.cache"):
        for _ in range(3):
            calls.outcome = OSError("secret.example")
            assert await server.ask(calls) is None
            calls.outcome = "answer"
            assert await server.ask(calls) is None
            clock.now += PAUSE_SECONDS
        assert calls.made == 3
        assert await server.ask(calls) == "answer"
    assert [r.getMessage() for r in caplog.records] == ["tests go without their server: OSError"]


async def test_no_answer_in_time(server: SharedServer, calls: Calls):
    """A call that takes too long is given up, and is a failure."""
    calls.outcome = None
    started = asyncio.get_running_loop().time()
    assert await server.ask(calls) is None
    assert await server.ask(calls) is None
    assert asyncio.get_running_loop().time() - started >= TIMEOUT_SECONDS
    assert calls.made == 1


async def test_cancelled(server: SharedServer, calls: Calls):
    """A cancellation goes through at once and is no failure."""
    calls.outcome = None
    task = asyncio.create_task(server.ask(calls))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    calls.outcome = "answer"
    assert await server.ask(calls) == "answer"


async def test_closed(server: SharedServer, calls: Calls):
    """After the end nothing is asked, so that no connection is opened that nobody closes."""
    await server.aclose()
    assert await server.ask(calls) is None
    assert calls.made == 0


async def test_database(server: SharedServer):
    """The database is the one of the URL."""
    assert server.database == 3
    other = shared_server(with_redis("redis://secret.example"), "tests")
    assert other is not None
    assert other.database == 0


def test_nothing_shared():
    """Without a URL there is no server, and the package is not looked for."""
    assert shared_server(CacheSettings(), "tests") is None


def test_redis_not_installed(monkeypatch: pytest.MonkeyPatch):
    """With a URL but without the package the message names the setting and what to install."""
    monkeypatch.setitem(sys.modules, "imgsvc.cache.shared", None)
    with pytest.raises(SettingsError, match=r"IMGSVC_REDIS_URL: .*pip install 'imgsvc\[redis\]'"):
        shared_server(with_redis("redis://127.0.0.1"), "tests")


def test_no_url_of_redis():
    """A URL that is none of Redis is a settings error that does not repeat it: it may hold a password."""
    with pytest.raises(SettingsError, match="IMGSVC_REDIS_URL") as caught:
        shared_server(with_redis("http://127.0.0.1"), "tests")
    assert "127.0.0.1" not in str(caught.value)
