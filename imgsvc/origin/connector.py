"""
The one way out: a connector that judges the peer of every socket it makes.

``socket_factory`` sees the final address for literals, names, redirects and re-resolved names alike, so that nothing
can change between verdict and connection. A pooled connection is reused only for the same scheme, host and port, and
the verdict hangs on nothing else (the demo's exception is for hosts that are refused outright for any other path).
"""

import asyncio
import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from ssl import SSLContext
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec import Struct, field
from yarl import URL

from imgsvc.origin.addresses import Refusal
from imgsvc.origin.policy import Hop, SourcePolicy
from imgsvc.origin.resolver import NameLookup, resolved
from imgsvc.settings import OriginSettings

_log = logging.getLogger(__name__)

MAX_LINE_BYTES = 8190
"""Longest status line and header field taken from a source; aiohttp's own default, and nginx's and Apache's order."""

MAX_HEADERS = 100
"""Most header fields taken from a source."""


class AddressRefused(OSError):
    """The policy forbids the peer; one constant message, else the reasons of several addresses would be merged."""

    def __init__(self) -> None:
        super().__init__("the address is not one that may be reached")


class Attempt(Struct):
    """
    One request in the making.

    Attributes:
        hop: where it goes.
        refusals: why addresses were refused on the way; the connector's own error may speak of another address.
        queued: whether it had to wait until another request let go a connection.
        limit: bounds the wait for the head, once the request is sent.
    """

    hop: Hop
    refusals: list[Refusal] = field(default_factory=list)
    queued: bool = False
    limit: asyncio.Timeout | None = None


# The connector's hooks are not told for whom they are called; context is, tasks made on the way included.
_ATTEMPT: ContextVar[Attempt] = ContextVar("imgsvc.origin.attempt")


@contextmanager
def attempting(hop: Hop) -> Iterator[Attempt]:
    """Say for whom connections are made inside the block; without it every connection is refused."""
    attempt = Attempt(hop)
    token = _ATTEMPT.set(attempt)
    try:
        yield attempt
    finally:
        _ATTEMPT.reset(token)


class PeerGuard(Struct, frozen=True):
    """Makes sockets, but only for peers that the policy lets pass."""

    policy: SourcePolicy

    def __call__(self, info: tuple[Any, ...]) -> socket.socket:
        """
        Make a socket for an ``addrinfo`` tuple; the connector closes it.

        Raises:
            AddressRefused: the policy forbids this peer, or nobody said for whom it is.
        """
        family, kind, proto, _, (host, port, *_rest) = info
        attempt = _ATTEMPT.get(None)
        if attempt is None:
            raise AddressRefused
        if (reason := self.policy.may_reach(attempt.hop, ip_address(host), port)) is not None:
            attempt.refusals.append(reason)
            _log.info("connection refused: %s for %s:%d", reason, attempt.hop.host, attempt.hop.port)
            raise AddressRefused
        return socket.socket(family, kind, proto)


class GuardedResolver(AbstractResolver):
    """
    Puts IMGSVC_CONNECT_TO before any look-up, whatever the URL's port; host header and TLS name stay.

    Args:
        policy: knows the setting.
        names: looks up everything else; not closed here.
        timeout_seconds: longest wait for it.
    """

    def __init__(self, policy: SourcePolicy, names: NameLookup, timeout_seconds: float) -> None:
        self._policy = policy
        self._names = names
        self._timeout_seconds = timeout_seconds

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC  # noqa: ARG002 - aiohttp's call
    ) -> list[ResolveResult]:  # fmt: skip
        """
        Give the configured address and port, or else the looked-up ones.

        Raises:
            OSError: there is none; TimeoutError, a kind of it, when nobody said so in time.
        """
        target = self._policy.target(_ATTEMPT.get().hop.host)
        if target is not None:
            return [resolved(host, str(target.address), target.port)]
        async with asyncio.timeout(self._timeout_seconds):
            addresses = await self._names.lookup(host)
        if not addresses:
            raise OSError("the name has no address")
        return [resolved(host, address, port) for address in addresses]

    async def close(self) -> None:
        """Do nothing: nothing is held here."""


def open_session(
    settings: OriginSettings, policy: SourcePolicy, names: NameLookup, *, headers: dict[str, str],
    tls: SSLContext,
) -> aiohttp.ClientSession:  # fmt: skip
    """
    Make the session all fetches share; the caller closes it. Needs a running loop.

    No cookies, no proxies or passwords from the environment, no decompression, no redirects followed by itself.

    Args:
        settings: limits and timeouts.
        policy: judges peers.
        names: looks names up; not closed here.
        headers: sent with each request.
        tls: how certificates are checked.
    """
    connector = aiohttp.TCPConnector(
        socket_factory=PeerGuard(policy),
        resolver=GuardedResolver(policy, names, settings.connect_timeout_seconds),
        # Without aiohttp's cache a look-up runs in its fetch's own task: none outlives it. Pooling spares most of them.
        use_dns_cache=False,
        limit=settings.connections,
        limit_per_host=settings.connections_per_host,
        ssl=tls,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        headers=headers,
        timeout=aiohttp.ClientTimeout(
            total=None,  # spans several requests and the body: the fetcher's business
            sock_connect=settings.connect_timeout_seconds,
            # None, for aiohttp's own timer is started once more when the rest of a body that had been paused is read,
            # goes on beside an idle connection, and ends the request that takes that next. Ours bound head and body.
            sock_read=None,
        ),
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
        max_headers=MAX_HEADERS,
        trace_configs=[_watching(settings.read_timeout_seconds)],
    )


def _watching(read_timeout_seconds: float) -> aiohttp.TraceConfig:
    """
    Have an attempt know that it waited for a connection, and let its time run when its request is sent.

    Nothing else tells our own limits, or the way to a source, from a source that is slow.
    """

    async def queued(*_: object) -> None:
        _ATTEMPT.get().queued = True

    async def sent(*_: object) -> None:
        if (limit := _ATTEMPT.get().limit) is not None:
            limit.reschedule(asyncio.get_running_loop().time() + read_timeout_seconds)

    traces = aiohttp.TraceConfig()
    traces.on_connection_queued_start.append(queued)
    traces.on_request_headers_sent.append(sent)
    return traces


async def request(
    session: aiohttp.ClientSession, url: str, policy: SourcePolicy, hop: Hop, headers: Mapping[str, str]
) -> aiohttp.ClientResponse:  # fmt: skip
    """
    Send one GET, exactly as *url* (normalised) says; the caller closes the response.

    *headers* are sent beside the session's.
    Only inside :func:`attempting`; raises aiohttp's errors, and TimeoutError when the head does not come in time.
    """
    async with asyncio.timeout(None) as limit:
        _ATTEMPT.get().limit = limit
        target = URL(url, encoded=True)
        if hop.literal is None or policy.target(hop.host) is None:
            return await session.get(target, allow_redirects=False, headers=headers)
        # A literal address never meets a resolver, so a name that cannot exist (RFC 6761 §6.4) stands in for it.
        stand_in = target.with_host(f"literal-{hop.host.replace('.', '-').replace(':', '-')}.invalid")
        return await session.get(
            stand_in,
            allow_redirects=False,
            headers={**headers, "Host": target.raw_authority},
            server_hostname=hop.host,
        )
