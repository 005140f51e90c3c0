"""Clients' ends of connections: raw bytes out, raw bytes in, and whether the other side has closed."""

import asyncio
import math
import re
from collections.abc import Callable, Sequence
from typing import Self

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked\r\n", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"
_NO_BODY = (b"304", b"204")

TURNS = 12
"""Turns of the loop within which aiohttp answers from memory, or closes: both servers live in the loop of the test."""

LOOK_SECONDS = 0.03
"""How often is looked for an end of a wait for nothing."""


class End(asyncio.Protocol):
    """
    One end; keeps what came until it is taken.

    Attributes:
        data: what came and was not taken.
        closed: whether the other side has ended the connection, in whichever way.
        received_bytes: all that came.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.closed = False
        self.received_bytes = 0
        self._change: asyncio.Future[bool] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.received_bytes += len(data)
        self._tell(came=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._tell(came=True)

    def send(self, data: bytes) -> None:
        """Send what the other side may have no ears for any more."""
        if not self.closed:
            self.transport.write(data)

    async def until(self, is_done: Callable[[bytes], bool], is_idle: Callable[[float], bool]) -> bool:
        """Wait until *is_done* of what came, or the end; False when nothing comes any more, says *is_idle*."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not (self.closed or is_done(self.data)):
            self._change = loop.create_future()
            timer = loop.call_later(LOOK_SECONDS, self._tell, False)
            came = await self._change
            timer.cancel()
            if came:
                began = loop.time()
            elif await self.is_still(TURNS) and is_idle(loop.time() - began):
                return False
        return True

    async def is_still(self, turns: int) -> bool:
        """Whether nothing comes for so many turns of the loop."""
        before = self._state
        for _ in range(turns):
            await asyncio.sleep(0)
            if self._state != before:
                return False
        return True

    @property
    def _state(self) -> tuple[int, bool]:
        return self.received_bytes, self.closed

    def taken(self) -> bytes:
        """Take what came."""
        data = bytes(self.data)
        self.data.clear()
        return data

    def _tell(self, came: bool) -> None:
        if self._change is not None and not self._change.done():
            self._change.set_result(came)


class Pair:
    """
    A connection to each of two servers.

    Args:
        ends: its ends.
        received_bytes: is told at the end how much came from each.
    """

    def __init__(self, ends: Sequence[End], received_bytes: list[int]) -> None:
        self.ends = ends
        self._received_bytes = received_bytes

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for number, end in enumerate(self.ends):
            self._received_bytes[number] += end.received_bytes
            end.transport.abort()

    @property
    def closed(self) -> bool:
        """Whether either has ended."""
        return any(end.closed for end in self.ends)

    async def send(self, pieces: Sequence[bytes]) -> None:
        """Send to both; a server reads each piece by itself."""
        for number, piece in enumerate(pieces):
            if number:
                # What was written is read in the turn after the next: see the order of asyncio's events.
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            for end in self.ends:
                end.send(piece)

    async def until(self, is_done: Callable[[bytes], bool], is_idle: Callable[[float], bool]) -> bool:
        """Wait for both; see :meth:`End.until`."""
        done = [await end.until(is_done, is_idle) for end in self.ends]
        return all(done)

    async def fence(self, is_idle: Callable[[float], bool]) -> None:
        """Let the loop turn until nothing more comes: for who cannot know how many answers there will be."""
        while not (is_idle(math.inf) and await self._is_still() and is_idle(math.inf)):
            await asyncio.sleep(0.002)  # turning meanwhile would take the time from the threads that are waited for

    async def _is_still(self) -> bool:
        return all(await asyncio.gather(*(end.is_still(TURNS) for end in self.ends)))

    def taken(self) -> list[tuple[bytes, bool]]:
        """Take what came from both, and whether they have ended."""
        return [(end.taken(), end.closed) for end in self.ends]


async def connected(ports: Sequence[int], received_bytes: list[int]) -> Pair:
    """Connect to both; see :class:`Pair`."""
    loop = asyncio.get_running_loop()
    return Pair([(await loop.create_connection(End, "127.0.0.1", port))[1] for port in ports], received_bytes)


def answers_end(data: bytes, without_body: Sequence[bool]) -> int | None:
    """
    Find where the last of so many answers ends.

    Args:
        data: what came.
        without_body: for each answer whether its request's method allows no body.

    Returns:
        Offset; None when not all is there.
    """
    at = 0
    for bodiless in without_body:
        while True:
            head_end = data.find(_HEAD_END, at)
            if head_end < 0:
                return None
            status = bytes(data[at + 9 : at + 12])
            head, at = bytes(data[at : head_end + 2]), head_end + 4
            if not status.startswith(b"1"):
                break
        if bodiless or status in _NO_BODY:
            continue
        end = _body_end(data, head, at)
        if end is None:
            return None
        at = end
    return at


def _body_end(data: bytes, head: bytes, at: int) -> int | None:
    if _CHUNKED.search(head):
        last = data.find(b"0\r\n\r\n", at)
        return None if last < 0 else last + 5
    length = _LENGTH.search(head)
    end = at + (int(length[1]) if length else 0)
    return end if end <= len(data) else None
