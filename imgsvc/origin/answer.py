"""A source's answer: the few header texts that are read and may be said back to it, and the body."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from typing import TypeGuard

import aiohttp
from msgspec import Struct

from imgsvc.errors import OriginTimeout
from imgsvc.origin.failures import translated
from imgsvc.origin.pace import Pace
from imgsvc.stream.base import CHUNK_BYTES
from imgsvc.stream.limit import SizeLimitedStream

MAX_TEXT_CHARS = 1024
MAX_CACHE_CONTROL_CHARS = 4096
_UNCLEAN = re.compile(r"[^\x20-\x7e\xa0-\xff]")
_ANY_VERSION = "*"


class Fetched(Struct, frozen=True, kw_only=True):
    """
    What a source answered; whoever holds it closes the body.

    Header texts are as sent, without control characters or anything outside latin-1; None when absent or overlong.

    Attributes:
        url: normalised, after redirects.
        media_type: as declared, lower case, without parameters; for logs only.
        content_type: as sent, with its parameters; of a page one may be its encoding.
        content_encoding: lower case; None also for ``identity``.
        cache_control: all fields joined; ``no-store`` when overlong, for what cannot be read may forbid keeping it.
        expires: raw, as are the next four.
        date: of the answer.
        age: in seconds.
        etag: with its quotes.
        last_modified: an HTTP date.
        body: the bytes as sent, bounded by MAX_IMAGE_SIZE_BYTES, whose every read may raise
            :class:`imgsvc.errors.OriginError` or :class:`imgsvc.errors.SourceTooLarge`.
    """

    url: str
    media_type: str | None
    content_type: str | None = None
    content_encoding: str | None
    cache_control: str | None
    expires: str | None
    date: str | None
    age: str | None
    etag: str | None
    last_modified: str | None
    body: SizeLimitedStream


class Validators(Struct, frozen=True, kw_only=True):
    """
    What a source said of the version we have (RFC 9110 §8.8), to be said back to it: send it only if there is another.

    Attributes:
        url: normalised, the one that answered with them; no other is ever told them.
        etag: as in :class:`Fetched`.
        last_modified: likewise.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None

    def headers_for(self, url: str) -> dict[str, str]:
        """Give the conditions for a request for *url* (normalised); none for another, nor of what cannot be sent."""
        headers: dict[str, str] = {}
        if url == self.url and _is_sendable(self.etag) and self.etag != _ANY_VERSION:
            headers["If-None-Match"] = self.etag
        if url == self.url and _is_sendable(self.last_modified):
            headers["If-Modified-Since"] = self.last_modified
        return headers


class NotModified(Struct, frozen=True, kw_only=True):
    """
    A source's word that the version we have is still the one; nothing to close.

    Header texts are those of the 304, cleaned and bounded as in :class:`Fetched`; one that is None says nothing, and
    what was said with the picture itself holds on (RFC 9111 §3.2).

    Attributes:
        url: normalised; the one that the validators belong to.
        cache_control: as in :class:`Fetched`, as are the others.
        expires: likewise.
        date: likewise.
        age: likewise.
        etag: likewise.
        last_modified: likewise.
    """

    url: str
    cache_control: str | None
    expires: str | None
    date: str | None
    age: str | None
    etag: str | None
    last_modified: str | None


class ResponseBody:
    """
    A response's bytes as a ``ByteStream``; owns the connection until the end, a failure or ``aclose``.

    Args:
        response: after its head.
        deadline: loop time at which the whole fetch has to be done, unless the body is a large one.
        large_bytes: above this many, declared or received, it is: then a least pace counts instead of a deadline.
        read_timeout_seconds: longest wait for the next bytes; time the reader takes does not count.
        ended: told once how it ended: ``ok``, ``abandoned``, ``cancelled`` or an error's class name; and how many bytes
            had come.
    """

    def __init__(
        self, response: aiohttp.ClientResponse, *, deadline: float, large_bytes: int,
        read_timeout_seconds: float, ended: Callable[[str, int], None],
    ) -> None:  # fmt: skip
        self._response = response
        self._deadline = deadline
        self._large_bytes = large_bytes
        self._pace = Pace()
        self._read_timeout_seconds = read_timeout_seconds
        self._ended: Callable[[str, int], None] | None = ended
        self._reset = _watch_for_reset(response)

    @property
    def declared_bytes(self) -> int | None:
        """The declared length; None when there is none, or when chunks say where the end is (RFC 9112 §6.3)."""
        chunked = "Transfer-Encoding" in self._response.headers
        return None if chunked else self._response.content_length

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """
        Give chunks of at most 64 KiB.

        Raises:
            OriginTimeout: one of the two timeouts is over, or a large body comes too slowly.
            OriginUnreachable: the connection broke off before the declared end, or was closed here.
        """
        while chunk := await self._read():
            yield chunk

    async def aclose(self) -> None:
        """Drop the connection, unless all was read: then it serves others already."""
        self._end("abandoned")

    async def _read(self) -> bytes:
        # A deadline a read, not one around all: a context manager of asyncio's must not span a yield.
        began = asyncio.get_running_loop().time()
        until = began + self._read_timeout_seconds
        is_large = max(self.declared_bytes or 0, self._pace.received_bytes) > self._large_bytes
        try:
            with translated():
                async with asyncio.timeout_at(until if is_large else min(until, self._deadline)):
                    chunk = await self._response.content.read(CHUNK_BYTES)
                if not chunk:
                    _judge_end(self._reset)
            self._keep_pace(len(chunk), asyncio.get_running_loop().time() - began, is_large=is_large)
        except BaseException as error:
            self._end(outcome_of(error))
            raise
        if not chunk:
            self._end("ok")
        return chunk

    def _keep_pace(self, size_bytes: int, seconds: float, *, is_large: bool) -> None:
        """Note what waiting has brought; too little of a large body ends it."""
        self._pace.note(size_bytes, seconds)
        if size_bytes and is_large and self._pace.is_too_slow:
            raise OriginTimeout("The source was too slow.", param="url")

    def _end(self, outcome: str) -> None:
        ended, self._ended = self._ended, None
        if ended is not None:
            drop(self._response)
            ended(outcome, self._pace.received_bytes)


def _watch_for_reset(response: aiohttp.ClientResponse) -> "asyncio.Future[None] | None":
    """
    Give what tells how the connection ends, when its end is the only one the body has (RFC 9112 §6.3).

    aiohttp takes any end of such a connection, a reset too, for the body's.
    """
    if "Content-Length" in response.headers or "Transfer-Encoding" in response.headers or response.connection is None:
        return None
    protocol = response.connection.protocol
    closed = None if protocol is None else protocol.closed
    if closed is not None:
        closed.add_done_callback(_has_failed)  # looked at, lest asyncio complains when nobody asks
    return closed


def _judge_end(closed: "asyncio.Future[None] | None") -> None:
    if closed is not None and _has_failed(closed):
        raise aiohttp.ClientPayloadError


def _has_failed(future: "asyncio.Future[None]") -> bool:
    return future.done() and not future.cancelled() and future.exception() is not None


def drop(response: aiohttp.ClientResponse) -> None:
    """Close a response at once: no reading on, no waiting for the peer's goodbye (TLS would, for half a minute)."""
    connection = response.connection
    if connection is not None and connection.transport is not None:
        connection.transport.abort()
    response.close()


def outcome_of(error: BaseException) -> str:
    """Name an ending for the counters."""
    return "cancelled" if isinstance(error, asyncio.CancelledError) else type(error).__name__


def read_head(response: aiohttp.ClientResponse) -> dict[str, str | None]:
    """Give the header texts of :class:`Fetched` by name."""
    encoding = _text(response, "Content-Encoding")
    media_type = _text(response, "Content-Type")
    return {
        "content_type": media_type,
        "media_type": media_type.partition(";")[0].strip().lower() if media_type else None,
        "content_encoding": encoding.lower() if encoding and encoding.lower() != "identity" else None,
        **read_version(response),
    }


def read_version(response: aiohttp.ClientResponse) -> dict[str, str | None]:
    """Give the header texts of :class:`NotModified` by name."""
    return {
        "cache_control": _cache_control(response),
        "expires": _text(response, "Expires"),
        "date": _text(response, "Date"),
        "age": _text(response, "Age"),
        "etag": _text(response, "ETag"),
        "last_modified": _text(response, "Last-Modified"),
    }


def _is_sendable(text: str | None) -> TypeGuard[str]:
    """Whether a text is one that could have come from a header: it may lie in a store that others write to."""
    return text is not None and 0 < len(text) <= MAX_TEXT_CHARS and text == _UNCLEAN.sub("", text).strip()


def _text(response: aiohttp.ClientResponse, name: str) -> str | None:
    """Read one field; half a validator or date would be a wrong one, so an overlong field is none at all."""
    text = _UNCLEAN.sub("", response.headers.get(name, "")).strip()
    return text if 0 < len(text) <= MAX_TEXT_CHARS else None


def _cache_control(response: aiohttp.ClientResponse) -> str | None:
    text = _UNCLEAN.sub("", ", ".join(response.headers.getall("Cache-Control", ()))).strip()
    return (text or None) if len(text) <= MAX_CACHE_CONTROL_CHARS else "no-store"
