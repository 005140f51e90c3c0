"""
How reads reach a bucket: one HTTP session, whose failures are told in botocore's words.

aiobotocore's own session asks anew for each request what cannot change (proxies, the environment) and copies headers
to and fro: half as much work again as a small read is. What it knows that aiohttp does not is kept: which certificates
and which proxies botocore is configured for.
"""

import asyncio
import ssl
from collections.abc import Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
from aiobotocore.httpsession import AIOHTTPSession
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import create_urllib3_context, get_cert_path
from yarl import URL

KEEP_ALIVE_SECONDS = 12
"""Longest rest of a connection before it is used again; AWS closes those that rest for 20 s, and aiobotocore has 12."""

_AUTOMATIC = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""Headers that aiohttp would add; what is sent is what the caller gives."""

_REDIRECTS = frozenset((301, 302, 307))
"""What botocore's client takes for news of another region."""

_REGION = "x-amz-bucket-region"

# aiohttp's exceptions, the special before the general, and what aiobotocore's session makes of them: what is tried
# again, and what a failure is called, goes by botocore's.
_NAMES: tuple[tuple[type[Exception], type[BotoCoreError]], ...] = (
    (aiohttp.ClientSSLError, SSLError),
    (aiohttp.ServerDisconnectedError, ConnectionClosedError),
    (aiohttp.ClientPayloadError, ConnectionClosedError),
    (aiohttp.ConnectionTimeoutError, ConnectTimeoutError),
    (TimeoutError, ReadTimeoutError),
    (aiohttp.ClientConnectionError, EndpointConnectionError),
    (Exception, HTTPClientError),
)


class Connections(Protocol):
    """Sends requests that have no body; closed by whoever opened it."""

    async def send(self, method: str, url: str, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """
        Send a request.

        Args:
            method: GET or HEAD.
            url: escaped already.
            headers: all of them.

        Returns:
            The answer, whatever its status: its body is not read, and is to be closed.

        Raises:
            BotoCoreError: there is no answer.
        """
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class Direct:
    """
    Sends requests to the server itself.

    Nothing is opened before the first request, so it may be made outside the event loop that it is used in.

    Args:
        tls: for ``https``; None for ``http``.
        timeout: for a connection, and for each piece that is waited for.
        limit: how many connections there are at a time; further requests wait for one.
    """

    def __init__(self, tls: ssl.SSLContext | None, timeout: aiohttp.ClientTimeout, limit: int) -> None:
        self._tls = tls
        self._timeout = timeout
        self._limit = limit
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def send(self, method: str, url: str, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Send a request; a redirect is an answer like any other."""
        try:
            session = self._session or self._opened()
            return await session.request(method, URL(url, encoded=True), headers=headers, allow_redirects=False)
        except asyncio.CancelledError as error:
            # As it closes, aiohttp cancels the waits for a connection: for who waits that is a failure like any other.
            if not self._closed or _is_cancelled():
                raise
            raise EndpointConnectionError(endpoint_url=url, error="closed") from error
        except Exception as error:
            named = next(theirs for ours, theirs in _NAMES if isinstance(error, ours))
            raise named(error=error, endpoint_url=url) from error

    async def aclose(self) -> None:
        """Close the connections, for good."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._closed:
            raise RuntimeError("closed")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._limit, keepalive_timeout=KEEP_ALIVE_SECONDS, ssl=self._tls or True
            ),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_AUTOMATIC,
            auto_decompress=False,
        )
        return self._session


def _is_cancelled() -> bool:
    """Whether somebody wants the task that runs to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Staying(AIOHTTPSession):  # type: ignore[misc]  # aiobotocore has no types
    """
    aiobotocore's session, but for redirects: they are answers, as they are in botocore's own.

    aiohttp follows them, to whatever host they name, and takes ``Authorization`` along to none of these, but
    ``X-Amz-Security-Token`` to all.
    """

    async def send(self, request: AWSPreparedRequest) -> Any:
        """
        Send a request.

        Raises:
            HTTPClientError: a HEAD is redirected without a word about the region; a client would ask for the bucket's
                by another HEAD, and for the same reason by one more, until it runs out of stack.
        """
        answer = await super().send(request)
        if request.method == "HEAD" and answer.status_code in _REDIRECTS and _REGION not in answer.headers:
            raise HTTPClientError(error=f"redirected by {answer.status_code}")
        return answer

    async def _get_session(self, proxy_url: str | None) -> Any:
        session = await super()._get_session(proxy_url)
        return SimpleNamespace(request=partial(session.request, allow_redirects=False))


class Proxied:
    """
    Sends requests by way of a proxy, as aiobotocore does.

    Args:
        http: not entered yet; owned.
    """

    def __init__(self, http: Staying) -> None:
        self._http = http
        self._entered = False

    async def send(self, method: str, url: str, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Send a request; a redirect is an answer like any other."""
        if not self._entered:
            self._entered = True
            await self._http.__aenter__()  # opens nothing and waits for nothing
        request = AWSPreparedRequest(method, url, headers, None, stream_output=True)
        response: aiohttp.ClientResponse = (await self._http.send(request)).raw
        return response

    async def aclose(self) -> None:
        """Close the connections, for good."""
        await self._http.close()


def connections(
    origin: str, *, timeout: tuple[float, float], verify: bool | str, proxies: Mapping[str, str], limit: int
) -> Connections:
    """
    Choose how an origin is reached; reads certificates, so it is for a thread.

    Args:
        origin: scheme, host and port.
        timeout: for a connection, and for each piece that is waited for; seconds.
        verify: a file of certificates to check the server's against; True is the one that botocore brings.
        proxies: by the scheme of what is asked for through them.
        limit: how many connections there are at a time.
    """
    scheme = urlsplit(origin).scheme
    if proxies.get(scheme):
        return Proxied(Staying(timeout=timeout, verify=verify, proxies=dict(proxies), max_pool_connections=limit))
    tls = _context(verify=verify) if scheme == "https" else None
    return Direct(tls, aiohttp.ClientTimeout(sock_connect=timeout[0], sock_read=timeout[1]), limit)


def _context(*, verify: bool | str) -> ssl.SSLContext:
    """Make what botocore makes; it leaves the name to urllib3, which is not here to check it."""
    context: ssl.SSLContext = create_urllib3_context()
    context.check_hostname = True
    context.load_verify_locations(get_cert_path(verify))
    return context
