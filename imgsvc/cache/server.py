"""A Redis or Valkey that can be done without: it is asked in time, or not at all for a while."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from imgsvc.cache.metadata import PAUSE_SECONDS, TIMEOUT_SECONDS
from imgsvc.settings import CacheSettings, SettingsError

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.connection import AbstractConnection

T = TypeVar("T")

_log = logging.getLogger("imgsvc.cache")


class SharedServer:
    """
    What is asked here need not be answered, so nothing is waited for long, and nothing raises.

    Args:
        client: makes the connections; closed by :meth:`aclose`.
        purpose: what stops when the server does not answer, for the log: a plural.
        clock: seconds, never going back.
    """

    def __init__(self, client: "Redis", purpose: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._purpose = purpose
        self._clock = clock
        self._paused_until = 0.0
        self._closed = False

    @property
    def database(self) -> int:
        """The number of the server's database that keys are in; channels belong to none."""
        return int(self._client.connection_pool.connection_kwargs.get("db", 0))

    async def ask(self, call: Callable[["Redis"], Awaitable[T]]) -> T | None:
        """
        Make one call of the server, for TIMEOUT_SECONDS at the most.

        Args:
            call: gets the client; answers anything but None.

        Returns:
            The answer; None when it fails, when the last failure is less than PAUSE_SECONDS old, or after the end.
        """
        if self._closed or self._clock() < self._paused_until:
            return None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                answer = await call(self._client)
        except Exception as error:  # noqa: BLE001 - redis-py, sockets, TLS: whatever it is, there is no answer
            self._note_failure(error)
            return None
        self._paused_until = 0.0
        return answer

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["AbstractConnection"]:
        """
        Make a connection beside the pool's, closed at the end; nothing is opened before its ``connect``.

        For what holds it long: neither time nor pause is kept here, and its errors are raised.
        """
        pool = self._client.connection_pool
        connection = pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py has types in part
        try:
            yield connection
        finally:
            await connection.disconnect(nowait=True)

    async def aclose(self) -> None:
        """Give back connections; from now on nothing is asked."""
        self._closed = True
        try:
            await self._client.aclose()
        except Exception as error:  # noqa: BLE001 - see ask; and nothing is left to do about it
            _log.warning("connections for %s could not be closed: %s", self._purpose, type(error).__name__)

    def _note_failure(self, error: Exception) -> None:
        """Pause; log the first failure of a row, without the message, which may hold an address."""
        if self._paused_until == 0.0:
            _log.warning("%s go without their server: %s", self._purpose, type(error).__name__)
        self._paused_until = self._clock() + PAUSE_SECONDS


def shared_server(
    settings: CacheSettings, purpose: str, *, clock: Callable[[], float] = time.monotonic
) -> SharedServer | None:  # fmt: skip
    """
    Make what the settings ask for; None when replicas share nothing.

    Raises:
        SettingsError: IMGSVC_REDIS_URL is no URL of a Redis, or the package ``redis`` is not installed.
    """
    if not settings.redis_url:
        return None
    try:
        from imgsvc.cache.shared import open_client  # noqa: PLC0415 - redis is optional
    except ImportError as error:
        raise SettingsError(["IMGSVC_REDIS_URL: needs the package redis: pip install 'imgsvc[redis]'"]) from error
    try:
        client = open_client(settings.redis_url.reveal(), timeout_seconds=TIMEOUT_SECONDS)
    except ValueError as error:
        raise SettingsError(["IMGSVC_REDIS_URL: is no redis://, rediss:// or unix:// URL"]) from error
    return SharedServer(client, purpose, clock=clock)
