"""A bucket's server that answers what the test says."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterable

from imgsvc.store.s3 import S3Store
from tests.unit.store.test_s3 import DATA, metadata_headers, response, settings_of

FOUND = response("200 OK", DATA, ETag='"e"', **metadata_headers(DATA))


class Script:
    """
    A server that answers one request after the other, and closes each connection.

    Attributes:
        answers: those still to come.
        url: where it listens.
        heads: of the requests that came, in lower case.
    """

    def __init__(self, answers: Iterable[bytes | None]) -> None:
        self.answers = iter(answers)
        self.url = ""
        self.heads: list[str] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """None is no answer: the connection stays open until the client leaves."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode().lower())
            if (answer := next(self.answers)) is None:
                await reader.read()
            else:
                writer.write(answer)
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def script(*answers: bytes | None, tls: ssl.SSLContext | None = None) -> AsyncIterator[Script]:
    """Run one."""
    script = Script(answers)
    listening = await asyncio.start_server(script.answer, "127.0.0.1", 0, ssl=tls)
    async with listening:
        scheme = "http" if tls is None else "https"
        script.url = f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield script


@contextlib.asynccontextmanager
async def opened(script: Script, **more: str) -> AsyncIterator[S3Store]:
    """A store in a bucket of that server."""
    store = S3Store(settings_of(S3_ENDPOINT_URL=script.url, **more))
    yield store
    await store.aclose()


def error(status: str, code: str, **more: str) -> bytes:
    members = "".join(f"<{name}>{text}</{name}>" for name, text in {"Code": code, **more}.items())
    return response(status, f"<?xml version='1.0'?><Error>{members}</Error>".encode())
