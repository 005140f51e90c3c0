"""
systemd, or whoever else starts the service and speaks its protocol: the sockets it hands over, and what it is told.

Sockets come as sd_listen_fds(3) describes, news go as sd_notify(3) does. Both are a few variables of the environment
and a datagram, so that no library is needed; whoever sets none of them gets a service that binds its own socket.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from imgsvc.settings import SettingsError

FIRST_DESCRIPTOR = 3
"""Descriptors that are handed over are numbered from here on: ``SD_LISTEN_FDS_START`` of sd_listen_fds(3)."""

READY = "READY=1"
STOPPING = "STOPPING=1"


@dataclass(frozen=True, slots=True)
class Supervisor:
    """
    Who started this process.

    Attributes:
        sockets: TCP sockets that listen already, to be served in place of one of our own; whoever serves them closes
            them. Empty = none was handed over.
        address: of the datagram socket to which news are sent, ``@`` before an abstract one; empty = nobody asks.
    """

    sockets: tuple[socket.socket, ...] = ()
    address: str = ""

    @classmethod
    def of(cls, environ: Mapping[str, str], process_id: int, *, first: int = FIRST_DESCRIPTOR) -> Self:
        """
        Take what was handed over to this process; children do not inherit it. To be called once.

        Args:
            environ: has ``LISTEN_FDS``, ``LISTEN_PID`` and ``NOTIFY_SOCKET``, or some of them, or none.
            process_id: of this process; sockets for another, whose environment was inherited, are left alone.
            first: descriptor of the first socket; the others follow.

        Raises:
            SettingsError: a descriptor is missing, or no TCP socket that listens.
        """
        meant = environ.get("LISTEN_PID", "").strip() == str(process_id)
        count = _count(environ.get("LISTEN_FDS", "0")) if meant else 0
        sockets = tuple(_listening(first + n) for n in range(count))
        return cls(sockets, environ.get("NOTIFY_SOCKET", ""))

    def tell(self, news: str) -> None:
        """Send *news*; where nobody asks, or nobody listens any more, nothing happens."""
        if not self.address:
            return
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as wire:
            wire.sendto(news.encode(), address)


NOBODY = Supervisor()
"""A shell, say: hands nothing over and asks for no news."""


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = -1
    if count < 0:
        raise SettingsError([f"LISTEN_FDS: {text!r} is not a number of descriptors"])
    return count


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
