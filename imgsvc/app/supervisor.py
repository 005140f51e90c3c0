"""
systemd, or whoever else starts the service and speaks its protocol: the sockets it hands over, and what it is told.

Sockets come as sd_listen_fds(3) describes, news go as sd_notify(3) does, signs of life among them as
sd_watchdog_enabled(3) has it. All this is a few variables of the environment and a datagram, so that no library is
needed; whoever sets none of them gets a service that binds its own socket.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Self

from msgspec import Struct

from imgsvc.settings import SettingsError

FIRST_DESCRIPTOR = 3
"""Descriptors that are handed over are numbered from here on: ``SD_LISTEN_FDS_START`` of sd_listen_fds(3)."""

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"

MAX_DIGITS = 20
"""Of a number: systemd's own have 64 bits."""

SIGNS_OF_LIFE = 3
"""So many are sent in the time within which one is expected; two would do by sd_watchdog_enabled(3)."""


class Supervisor(Struct, frozen=True):
    """
    Who started this process.

    Attributes:
        sockets: TCP sockets that listen already, to be served in place of one of our own; whoever serves them closes
            them. Empty = none was handed over.
        address: of the datagram socket to which news are sent, ``@`` before an abstract one; empty = nobody asks.
        patience_seconds: without a sign of life for so long the process is taken for dead; 0 = it never is.
    """

    sockets: tuple[socket.socket, ...] = ()
    address: str = ""
    patience_seconds: float = 0

    @classmethod
    def of(cls, environ: Mapping[str, str], process_id: int, *, first: int = FIRST_DESCRIPTOR) -> Self:
        """
        Take what was handed over to this process; children do not inherit it. To be called once.

        Args:
            environ: has ``LISTEN_FDS``, ``LISTEN_PID``, ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID``, or
                some of them, or none.
            process_id: of this process; what is meant for another, whose environment was inherited, is left alone.
            first: descriptor of the first socket; the others follow.

        Raises:
            SettingsError: a number is none, or a descriptor is missing or no TCP socket that listens.
        """
        own = str(process_id)
        count = _number(environ, "LISTEN_FDS") if environ.get("LISTEN_PID") == own else 0
        watched = environ.get("WATCHDOG_PID", own) == own
        return cls(
            sockets=tuple(_listening(first + n) for n in range(count)),
            address=environ.get("NOTIFY_SOCKET", ""),
            patience_seconds=_number(environ, "WATCHDOG_USEC") / 1e6 if watched else 0,
        )

    def tell(self, news: str) -> None:
        """Send *news*; where nobody asks, or nobody listens any more, nothing happens."""
        if not self.address:
            return
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as wire:
            wire.sendto(news.encode(), address)

    @asynccontextmanager
    async def reassured(self) -> AsyncIterator[None]:
        """Send signs of life until the end of the block, as long as the event loop runs."""
        task = asyncio.create_task(self._reassure()) if self.patience_seconds else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()

    async def _reassure(self) -> None:
        while True:
            self.tell(ALIVE)
            await asyncio.sleep(self.patience_seconds / SIGNS_OF_LIFE)


NOBODY = Supervisor()
"""A shell, say: hands nothing over and asks for no news."""


def _number(environ: Mapping[str, str], name: str) -> int:
    """Read a variable; unset it is 0."""
    text = environ.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise SettingsError([f"{name}: {text!r} is not a whole number"])
    return int(text)


def _listening(descriptor: int) -> socket.socket:
    """Take over one descriptor; refused, it stays as it was."""
    try:
        taken = socket.socket(fileno=descriptor)
    except OSError as error:
        raise SettingsError([f"LISTEN_FDS: descriptor {descriptor} is no socket: {error.strerror}"]) from error
    if not _is_tcp_listener(taken):
        taken.detach()
        raise SettingsError([f"LISTEN_FDS: descriptor {descriptor} is not a TCP socket that listens"])
    taken.set_inheritable(False)
    return taken


def _is_tcp_listener(taken: socket.socket) -> bool:
    is_tcp = taken.family in (socket.AF_INET, socket.AF_INET6) and taken.type == socket.SOCK_STREAM
    return is_tcp and bool(taken.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
