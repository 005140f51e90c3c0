"""The session of reads, held against aiobotocore's where both are to say the same."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiobotocore.httpsession import AIOHTTPSession
from aiohttp.client_reqrep import ConnectionKey
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import BotoCoreError, EndpointConnectionError

from imgsvc.store.s3_connections import Connections, Direct, Proxied, connections
from tests.support.tls import make_certificate, server_context

pytestmark = pytest.mark.slow

SECONDS = 10
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
KEY = ConnectionKey("s3.test", 443, True, True, None, None, None)
OF_SYSTEM = OSError(111, "refused")
FAILURES = [
    aiohttp.ServerDisconnectedError(),
    aiohttp.ClientPayloadError("cut"),
    aiohttp.ConnectionTimeoutError("Connection timeout to host"),
    aiohttp.SocketTimeoutError("Timeout on reading data from socket"),
    TimeoutError(),
    aiohttp.ClientOSError(104, "reset"),
    aiohttp.ClientConnectorError(KEY, OF_SYSTEM),
    aiohttp.ClientConnectorDNSError(KEY, OF_SYSTEM),
    aiohttp.ClientConnectorSSLError(KEY, OF_SYSTEM),
    aiohttp.ClientConnectorCertificateError(KEY, ssl.CertificateError("name")),
    aiohttp.ClientResponseError(SimpleNamespace(real_url="u"), (), message="no HTTP"),
    RuntimeError("whatever"),
]


class Server:
    """
    Answers each request, one connection after the other.

    Attributes:
        heads: of the requests that came.
        connections: how many there were.
        answers: what is answered by turns, the last one for ever; None closes the connection instead.
    """

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.heads: list[str] = []
        self.connections = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer is None:
                    break
                writer.write(answer)
        writer.close()


@contextlib.asynccontextmanager
async def serving(server: Server, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        server.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{port}"
        yield server


@contextlib.asynccontextmanager
async def opened(url: str, **more: Any) -> AsyncIterator[Connections]:
    arguments: dict[str, Any] = {"timeout": (SECONDS, SECONDS), "verify": True, "proxies": {}, "limit": 8} | more
    http = await asyncio.to_thread(connections, url, **arguments)
    yield http
    await http.aclose()


async def ask(http: Connections, url: str, **headers: str) -> bytes:
    return await (await http.send("GET", url, headers)).read()


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_failures_are_named_as_by_aiobotocore(failure: Exception, monkeypatch: pytest.MonkeyPatch):
    """Whatever aiohttp raises, botocore's rules see the exception that they would see of aiobotocore's session."""

    async def fails(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(aiohttp.ClientSession, "_request", fails)
    async with AIOHTTPSession() as theirs:
        with pytest.raises(BotoCoreError) as by_theirs:
            await theirs.send(AWSPreparedRequest("GET", "http://s3.test/", {}, None, True))
    async with opened("http://s3.test") as ours:
        with pytest.raises(BotoCoreError) as by_ours:
            await ours.send("GET", "http://s3.test/", {})
    assert type(by_ours.value) is type(by_theirs.value)
    assert str(by_ours.value) == str(by_theirs.value)


async def test_cancelled(monkeypatch: pytest.MonkeyPatch):
    """Who is cancelled is cancelled, and not told of a failure."""

    async def leaves(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(aiohttp.ClientSession, "_request", leaves)
    async with opened("http://s3.test") as http:
        with pytest.raises(asyncio.CancelledError):
            await http.send("GET", "http://s3.test/", {})


async def test_what_is_sent():
    """The address goes out as it is escaped, and with it the headers given, nothing else."""
    async with serving(Server(OK)) as server, opened(server.url) as http:
        await ask(http, f"{server.url}/a%2Cb~c%20d", Host="s3.test", Range="bytes=0-1")
        head = "GET /a%2Cb~c%20d HTTP/1.1\r\nHost: s3.test\r\nRange: bytes=0-1\r\n\r\n"
        assert server.heads == [head]


async def test_connections_are_used_again():
    """One request after the other goes over one connection."""
    async with serving(Server(OK)) as server, opened(server.url) as http:
        assert [await ask(http, server.url) for _ in range(3)] == [b"ok"] * 3
        assert server.connections == 1


async def test_connection_that_ended_while_it_rested():
    """A connection that the server closed between two requests is no failure: the request goes over another."""
    async with serving(Server(OK, None, OK)) as server, opened(server.url) as http:
        assert [await ask(http, server.url) for _ in range(2)] == [b"ok"] * 2
        assert (len(server.heads), server.connections) == (3, 2)


async def test_no_more_connections_than_allowed():
    """Beyond the limit requests wait until an answer is read or closed."""
    async with serving(Server(OK)) as server, opened(server.url, limit=1) as http:
        first = await http.send("GET", server.url, {})
        second = asyncio.create_task(ask(http, server.url))
        await asyncio.wait((second,), timeout=0.05)
        assert (second.done(), server.connections) == (first.closed, 1)
        first.close()
        assert await second == b"ok"


async def test_closed_while_others_wait_for_a_connection():
    """Who waits for a connection as all are closed hears of a failure; who is cancelled is cancelled all the same."""
    unfinished = OK.replace(b"Length: 2", b"Length: 9")
    async with serving(Server(unfinished)) as server, opened(server.url, limit=1) as http:
        first = await http.send("GET", server.url, {})
        waiting = [asyncio.create_task(http.send("GET", server.url, {})) for _ in range(2)]
        await asyncio.wait(waiting, timeout=0.05)
        waiting[0].cancel()
        await http.aclose()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        first.close()
        assert [type(end) for end in ends] == [asyncio.CancelledError, EndpointConnectionError]
        assert server.connections == 1


async def test_cookies_are_forgotten():
    """What one answer sets is not sent with the next request."""
    cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Domain=localhost\r\nContent-Length: 0\r\n\r\n"
    async with serving(Server(cookie)) as server, opened(server.url) as http:
        url = server.url.replace("127.0.0.1", "localhost")
        await ask(http, url)
        await ask(http, url)
        assert "ookie" not in "".join(server.heads)


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxied"])
async def test_redirects_are_not_followed(proxied: bool):
    """Signed headers go to nobody else: a redirect is an answer."""
    async with serving(Server(OK)) as elsewhere:
        moved = f"HTTP/1.1 307 Go\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n".encode()
        async with (
            serving(Server(moved, OK)) as server,
            opened(server.url, proxies={"http": server.url} if proxied else {}) as http,
        ):
            response = await http.send("GET", server.url, {"X-Amz-Security-Token": "t"})
            assert (response.status, len(server.heads), elsewhere.heads) == (307, 1, [])


async def test_after_the_end():
    """Closed is closed, used or not: a request that comes too late opens nothing."""
    async with serving(Server(OK)) as server, opened(server.url) as used, opened(server.url) as unused:
        await ask(used, server.url)
        for http in (used, unused):
            await http.aclose()
            with pytest.raises(BotoCoreError, match="closed"):
                await http.send("GET", server.url, {})
        assert server.connections == 1


@pytest.mark.parametrize(("name", "failure"), [("IP:127.0.0.1", None), ("DNS:s3.test", "SSLError")])
async def test_name_of_the_certificate(name: str, failure: str | None, tmp_path: Path):
    """A certificate has to be that of the server asked for, not just a trusted one."""
    certificate, key = make_certificate(tmp_path, name)
    async with (
        serving(Server(OK), server_context(certificate, key)) as server,
        opened(server.url, verify=str(certificate)) as http,
    ):
        if failure is None:
            assert await ask(http, server.url) == b"ok"
        else:
            with pytest.raises(BotoCoreError) as caught:
                await ask(http, server.url)
            assert type(caught.value).__name__ == failure


@pytest.mark.parametrize(
    ("proxies", "kind"),
    [({}, Direct), ({"https": "http://proxy.test"}, Direct), ({"http": "http://proxy.test"}, Proxied)],
    ids=["none", "of-another-scheme", "of-this-scheme"],
)
async def test_proxies(proxies: dict[str, str], kind: type):
    """A proxy for the scheme that is asked for is left to aiobotocore."""
    async with opened("http://s3.test", proxies=proxies) as http:
        assert type(http) is kind


async def test_by_way_of_a_proxy():
    """A request for any server goes to the proxy, and its answer comes back unread."""
    async with serving(Server(OK)) as proxy, opened("http://s3.test", proxies={"http": proxy.url}) as http:
        assert [await ask(http, "http://s3.test/a%2Cb") for _ in range(2)] == [b"ok"] * 2
        assert proxy.heads[0].startswith("GET http://s3.test/a%2Cb HTTP/1.1\r\n")
