"""
The sockets that are listened on, also by a process that has no descriptor left for another client.

asyncio takes up to as many connections in a turn of its loop as may wait. Where one cannot be taken for want of
descriptors it complains, pauses for a second, and yet goes on with that turn: a thousand complaints and a thousand
pauses, each of which ends in as many again, while nobody else is served. A smaller number in a turn would only be fewer
of them, and slow for all other days; so a socket of ours ends the turn after the first.
"""

import asyncio
import errno
import logging
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, Self

from aiohttp import web

log = logging.getLogger("imgsvc")

BACKLOG = 1024
"""Connections that may wait to be taken, as far as the system allows so many (net.core.somaxconn)."""

SHORTAGES = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
"""For want of what asyncio leaves a socket alone for a second."""

SILENCE_SECONDS = 10.0
"""From one line about that to the next."""


class CannotListenError(Exception):
    """The address is taken, not ours, or not for us."""


class Listener(socket.socket):
    """A socket that gives no more connections, after one could not be taken, until it is asked once more."""

    _is_short = False

    @classmethod
    def of(cls, taken: socket.socket) -> Self:
        """Take over *taken*, which is of no use from then on."""
        return cls(fileno=taken.detach())

    def accept(self) -> tuple[socket.socket, Any]:
        """Take a connection; right after a shortage it is as if none waited, which ends the loop's turn."""
        if self._is_short:
            self._is_short = False
            raise BlockingIOError
        try:
            return super().accept()
        except OSError as error:
            self._is_short = error.errno in SHORTAGES
            raise


class Complaints:
    """
    What the event loop has to say: a line now and then while connections cannot be taken, all else as ever.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._silent_until = float("-inf")

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handle what a loop calls its exception handler with."""
        error = context.get("exception")
        if "socket" not in context or not isinstance(error, OSError) or error.errno not in SHORTAGES:
            loop.default_exception_handler(context)
        elif self._clock() >= self._silent_until:
            self._silent_until = self._clock() + SILENCE_SECONDS
            log.error("connections wait to be taken: %s", error.strerror)


async def listen(runner: web.AppRunner, host: str, port: int, handed: Sequence[socket.socket]) -> None:
    """
    Listen on the sockets that were handed over; without any at *host* and *port*.

    Raises:
        CannotListenError: see there.
    """
    asyncio.get_running_loop().set_exception_handler(Complaints())
    try:
        for taken in handed or await _bound(host, port):
            await web.SockSite(runner, Listener.of(taken), backlog=BACKLOG).start()
    except (OSError, UnicodeError) as error:  # the latter of names that the look-up's own encoding refuses
        raise CannotListenError(str(error)) from error


async def _bound(host: str, port: int) -> list[socket.socket]:
    """Have asyncio bind a socket to each address of *host*, and take them from it."""
    loop = asyncio.get_running_loop()
    with closing(await loop.create_server(asyncio.Protocol, host, port, start_serving=False)) as server:
        return [taken.dup() for taken in server.sockets]
