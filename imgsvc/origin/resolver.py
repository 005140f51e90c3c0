"""Names to addresses; what comes out is judged later, when a socket is made for it."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Protocol

from aiohttp.abc import ResolveResult

LOOKUP_THREADS = 16
"""Look-ups at once. Threads of their own: a name server that never answers must not hold those of other work."""


class NameLookup(Protocol):
    """How names are looked up; tests script it."""

    async def lookup(self, host: str) -> Sequence[str]:
        """
        Give the addresses of *host*, best first.

        Raises:
            OSError: there is none.
        """

    def close(self) -> None:
        """Give back threads."""


class SystemLookup:
    """The operating system's own resolver, ``getaddrinfo`` (RFC 3493 §6.1), in threads that ``close`` gives back."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="imgsvc-dns")

    async def lookup(self, host: str) -> list[str]:
        """Look *host* up; a cancelled caller leaves the thread to finish by itself."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, addresses_of, host)

    def close(self) -> None:
        """Let idle threads end at once and busy ones after their look-up; drop what waits."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def resolved(host: str, address: str, port: int) -> ResolveResult:
    """Say in the connector's terms that *host* is to be reached at *address* and *port*."""
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET  # noqa: PLR2004 - IP version
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)


def addresses_of(host: str) -> list[str]:
    """
    Give the addresses of *host*, best first; blocks.

    Raises:
        OSError: there is none.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except UnicodeError as error:  # a label over 63 characters fails in Python, before any look-up
        raise OSError("the name is not one that can be looked up") from error
    return list(dict.fromkeys(str(info[4][0]) for info in found))
