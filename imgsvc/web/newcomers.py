"""What is owed, at the end, to clients that have just connected: a moment to ask."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Protocol

FIRST_REQUEST_SECONDS = 0.5
"""How long a client that has just connected is given to ask. A request is on the wire for less."""

POLL_SECONDS = 0.01
TURNS_TO_CONNECT = 8
"""The event loop needs three of its turns to make a connection of one that it has accepted."""


class Newcomer(Protocol):
    """A connection that may be new."""

    @property
    def has_asked(self) -> bool:
        """Whether anything came from the client at all."""


async def newcomers_have_asked(connections: Callable[[], Iterable[Newcomer]]) -> None:
    """
    Wait until each connection's client has begun to ask, no longer than FIRST_REQUEST_SECONDS.

    Args:
        connections: gives those that are open; asked again and again.
    """
    for _ in range(TURNS_TO_CONNECT):
        await asyncio.sleep(0)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FIRST_REQUEST_SECONDS):
            while not all(connection.has_asked for connection in connections()):  # noqa: ASYNC110 - once, at the end
                await asyncio.sleep(POLL_SECONDS)
