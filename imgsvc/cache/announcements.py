"""What one replica tells all others at once, over Redis or Valkey where there is one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from imgsvc.cache.metadata import NAMESPACE
from imgsvc.cache.server import SharedServer, shared_server
from imgsvc.settings import CacheSettings

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
"""Between two attempts to subscribe."""

QUIET_SECONDS = 5.0
"""After as long without a word the server is asked whether it is there, and has as long again to answer."""

_log = logging.getLogger("imgsvc.cache")


class AnnouncementStatistics(Struct, frozen=True):
    """
    State, and counters since the start.

    Attributes:
        live: as :attr:`Announcements.is_live`.
        announced: texts the server took.
        failed: texts it did not take, or not in time; with no server none fails.
        heard: texts it passed on to us, our own included.
        joined: subscriptions.
        lost: subscriptions that ended, and attempts that came to none.
    """

    live: bool
    announced: int
    failed: int
    heard: int
    joined: int
    lost: int


class Announcements:
    """
    A channel that forgets: who is not listening when something is said never hears it.

    So who listens looks elsewhere for what was missed each time it has joined, and goes on looking while it is not
    live. Nothing is promised twice over either: a text can be heard more than once.

    Args:
        settings: says where the server is.
        channel: its name; replicas with another, or with another database in their URL, are not heard.
        pause: waits some seconds before another attempt to subscribe.
        quiet_seconds: see QUIET_SECONDS; also the longest wait for a subscription.

    Raises:
        SettingsError: IMGSVC_REDIS_URL is no URL of a Redis, or the package ``redis`` is not installed.
    """

    def __init__(
        self,
        settings: CacheSettings,
        channel: str,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        self._server = shared_server(settings, "announcements")
        self._channel = f"{NAMESPACE}:{self._server.database if self._server else 0}:{channel}"
        self._pause = pause
        self._quiet_seconds = quiet_seconds
        self._live = False
        self._next_pause_seconds = FIRST_PAUSE_SECONDS
        self._announced = self._failed = self._heard = self._joined = self._lost = 0

    @property
    def is_live(self) -> bool:
        """Whether we are subscribed, and have made up for what was said before."""
        return self._live

    async def announce(self, text: str) -> bool:
        """Tell all who listen, ourselves included; False when there is no server, or it did not take the text."""
        if self._server is None:
            return False
        taken = await self._server.ask(lambda client: client.publish(self._channel, text)) is not None
        self._announced += taken
        self._failed += not taken
        return taken

    async def listen(
        self, heard: Callable[[str], Awaitable[None]], joined: Callable[[], Awaitable[None]]
    ) -> None:  # fmt: skip
        """
        Listen until cancelled, one call at a time; without a server only wait for that.

        Args:
            heard: told each text. What it raises is logged.
            joined: called after each subscription, before any text. What it raises is logged, and leaves us not live
                until the next one.
        """
        if self._server is None:
            await asyncio.Event().wait()
            return
        while True:
            try:
                await self._listen_once(self._server, heard, joined)
            except Exception as error:  # noqa: BLE001 - redis-py, sockets, TLS: whatever it is, we try again
                self._note_loss(error)
            finally:
                self._live = False
            pause_seconds = self._next_pause_seconds
            self._next_pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)
            await self._pause(pause_seconds)

    def statistics(self) -> AnnouncementStatistics:
        """Snapshot of state and counters."""
        return AnnouncementStatistics(
            live=self._live,
            announced=self._announced,
            failed=self._failed,
            heard=self._heard,
            joined=self._joined,
            lost=self._lost,
        )

    async def aclose(self) -> None:
        """Give back connections; who listens has been cancelled before."""
        if self._server is not None:
            await self._server.aclose()

    async def _listen_once(
        self, server: SharedServer, heard: Callable[[str], Awaitable[None]], joined: Callable[[], Awaitable[None]]
    ) -> None:  # fmt: skip
        """Subscribe and listen until the connection fails, which raises whatever redis-py does."""
        async with server.connection() as connection:
            await self._subscribe(connection)
            self._live = await _made(joined())
            while True:
                text = await self._next_text(connection)
                self._heard += 1
                await _made(heard(text))

    async def _subscribe(self, connection: "AbstractConnection") -> None:
        # Not by PubSub, which connects again behind one's back, and so hides that something was missed.
        async with asyncio.timeout(self._quiet_seconds):
            await connection.connect()  # type: ignore[no-untyped-call]  # redis-py has types in part
            await connection.send_command("SUBSCRIBE", self._channel)
            await connection.read_response(push_request=True)
        self._next_pause_seconds = FIRST_PAUSE_SECONDS
        self._joined += 1

    async def _next_text(self, connection: "AbstractConnection") -> str:
        """
        Wait for the next text.

        Raises:
            TimeoutError: the server has not said for too long that it is there.
        """
        asked = False
        while True:
            answer = await connection.read_response(
                disable_decoding=True, timeout=self._quiet_seconds, push_request=True
            )
            match answer:
                case [b"message", _, bytes(data)]:
                    return data.decode(errors="replace")
                case None if asked:
                    raise TimeoutError
                case None:
                    await connection.send_command("PING")
            asked = answer is None

    def _note_loss(self, error: Exception) -> None:
        """Log the first loss of a row, without the message, which may hold an address."""
        if self._next_pause_seconds == FIRST_PAUSE_SECONDS:
            _log.warning("announcements are not heard: %s", type(error).__name__)
        self._lost += 1


async def _made(call: Awaitable[None]) -> bool:
    """Make a call of the one who listens; whether it came through."""
    try:
        await call
    except Exception:  # noqa: BLE001 - a fault of theirs is logged and costs this announcement, not those that come
        _log.exception("an announcement was not acted upon")
        return False
    return True
