"""
The internet, for tests: a real HTTP server on 127.0.0.1 whose every misdeed is scripted.

::

    async with ScriptedOrigin() as origin:
        origin.serve("/a.jpg", jpeg, headers={"ETag": '"1"'})
        origin.stall_after_head("/slow.jpg")
        gate = origin.gate("/held.jpg", jpeg)
        settings = OriginSettings.from_env({"IMGSVC_CONNECT_TO": origin.connect_to("origin.test")})
        ... fetch origin.url("/a.jpg") ...
        assert origin.hits("/a.jpg") == 1

A path not scripted answers 404; scripting one again replaces it. The query plays no part in finding the path, but is
recorded. Everything is torn down on leaving, stalled clients or not.
"""

import asyncio
import gzip
import itertools
from collections.abc import Mapping

from tests.support.http_server import Canary, Exchange, HttpServer

__all__ = ["JPEG", "Canary", "Exchange", "ScriptedOrigin"]

JPEG = {"Content-Type": "image/jpeg"}


class ScriptedOrigin(HttpServer):
    """See the module; ``port``, ``url``, ``hits``, ``until_hits``, ``requests`` and more come with the server."""

    def serve(
        self, path: str, body: bytes = b"", *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer honestly; ``Content-Type`` is image/jpeg unless *headers* say otherwise."""
        self.script(path, lambda x: x.answer(body, status=status, headers=JPEG | dict(headers or {})))

    def conditional(
        self, path: str, body: bytes, *, etag: str | None, last_modified: str | None = None,
        headers: Mapping[str, str] | None = None, headers_304: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """
        Answer honestly, and 304 to whoever has that version already (RFC 9110 §13.2.2).

        Args:
            path: to answer.
            body: sent to everybody else.
            etag: with its quotes; None sends none.
            last_modified: an HTTP date.
            headers: beside the validators, in either answer.
            headers_304: in a 304 only, over *headers*.
        """
        validators = {k: v for k, v in (("ETag", etag), ("Last-Modified", last_modified)) if v is not None}

        async def behave(exchange: Exchange) -> None:
            if not _has_version(exchange.request.headers, etag, last_modified):
                return await exchange.answer(body, headers=JPEG | validators | dict(headers or {}))
            exchange.keep_alive = True
            return await exchange.head(304, validators | dict(headers or {}) | dict(headers_304 or {}))

        self.script(path, behave)

    def gate(self, path: str, body: bytes) -> asyncio.Event:
        """Answer honestly, but not before the test sets the event."""
        opened = asyncio.Event()

        async def behave(exchange: Exchange) -> None:
            await opened.wait()
            await exchange.answer(body, headers=JPEG)

        self.script(path, behave)
        return opened

    def drip(self, path: str, body: bytes, *, piece_bytes: int = 1, every_seconds: float = 0.01) -> None:
        """Send a declared body piece by piece, slowly."""

        async def behave(exchange: Exchange) -> None:
            await exchange.head(headers=JPEG | {"Content-Length": str(len(body))})
            for start in range(0, len(body), piece_bytes):
                await exchange.send(body[start : start + piece_bytes])
                await asyncio.sleep(every_seconds)

        self.script(path, behave)

    def stall_before_head(self, path: str) -> None:
        """Take the request and say nothing."""
        self.script(path, lambda x: x.stall())

    def stall_after_head(self, path: str, *, declared_bytes: int = 1000, sent: bytes = b"") -> None:
        """Send a head, *sent*, and then nothing."""

        async def behave(exchange: Exchange) -> None:
            await exchange.head(headers=JPEG | {"Content-Length": str(declared_bytes)})
            await exchange.send(sent)
            await exchange.stall()

        self.script(path, behave)

    def reset_before_head(self, path: str) -> None:
        """Take the request and reset the connection."""

        async def behave(exchange: Exchange) -> None:
            exchange.reset()

        self.script(path, behave)

    def reset_mid_body(self, path: str, body: bytes) -> None:
        """Send a declared body's first half, then reset."""

        async def behave(exchange: Exchange) -> None:
            await exchange.head(headers=JPEG | {"Content-Length": str(len(body))})
            await exchange.send(body[: len(body) // 2])
            exchange.reset()

        self.script(path, behave)

    def misdeclare(self, path: str, body: bytes, *, declared_bytes: int) -> None:
        """Declare one length and send another: more declared = closed too early, less = goes on behind the end."""

        async def behave(exchange: Exchange) -> None:
            await exchange.head(headers=JPEG | {"Content-Length": str(declared_bytes)})
            await exchange.send(body)

        self.script(path, behave)

    def endless(self, path: str, *, piece: bytes = b"\xff" * 65536) -> None:
        """Send an undeclared body that never ends."""

        async def behave(exchange: Exchange) -> None:
            await exchange.head(headers=JPEG | {"Connection": "close"})
            while True:
                await exchange.send(piece)

        self.script(path, behave)

    def chunked(self, path: str, body: bytes, *, piece_bytes: int = 1000, finish: bool = True) -> None:
        """Send a chunked body; without *finish* the last chunk never comes and the connection closes."""

        async def behave(exchange: Exchange) -> None:
            await exchange.head(headers=JPEG | {"Transfer-Encoding": "chunked"})
            for start in range(0, len(body), piece_bytes):
                piece = body[start : start + piece_bytes]
                await exchange.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            await exchange.send(b"0\r\n\r\n" if finish else b"")

        self.script(path, behave)

    def redirect(self, path: str, location: str | None, *, status: int = 302) -> None:
        """Send elsewhere; None leaves ``Location`` away."""
        self.script(path, lambda x: x.answer(b"", status=status, headers={"Location": location} if location else {}))

    def chain(self, path: str, to: str, *, redirects: int) -> None:
        """Redirect *redirects* times: *path* → *path*/1 → *path*/2 … → *to*."""
        stations = [path, *(f"{path}/{n}" for n in range(1, redirects)), to]
        for here, there in itertools.pairwise(stations):
            self.redirect(here, there)

    def gzipped(self, path: str, body: bytes) -> None:
        """Send a body with ``Content-Encoding: gzip``, asked for or not; a bomb is ``bytes(huge)``."""
        self.serve(path, gzip.compress(body), headers={"Content-Encoding": "gzip"})

    def garbage(self, path: str, data: bytes = b"\x00\x01\x02 this is no HTTP\r\n\r\n") -> None:
        """Send bytes that are no HTTP, and close."""
        self.script(path, lambda x: x.send(data))

    def huge_headers(self, path: str, *, field_bytes: int = 100, fields: int = 100_000) -> None:
        """Send many header fields, or few long ones."""
        self.script(path, lambda x: x.head(headers={f"X-{n}": "x" * field_bytes for n in range(fields)}))


def _has_version(asked: Mapping[str, str], etag: str | None, last_modified: str | None) -> bool:
    """Whether a request's validators are these; a date counts only where no entity tag was sent."""
    if "If-None-Match" in asked:
        return etag is not None and asked["If-None-Match"] == etag
    return last_modified is not None and asked.get("If-Modified-Since") == last_modified
