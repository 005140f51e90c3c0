"""Bytes on their way to a client, at its own pace and with little of them in memory."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from aiohttp import web

from imgsvc.errors import ImgsvcError
from imgsvc.services.answers import Body
from imgsvc.web.appkeys import SERVICES
from imgsvc.web.connection import reset
from imgsvc.web.middleware import label

log = logging.getLogger("imgsvc.web")

SLICE_BYTES = 64 * 1024
"""CPython copies the unsent rest of a large write for each stalled client; slices keep that to one slice."""

Headers = list[tuple[str, str]]


async def send_bytes(
    request: web.Request, status: int, headers: Headers, data: bytes, start: int = 0, stop: int | None = None
) -> web.StreamResponse:
    """Send *data*, or a part of it, which is in memory: at once when that is small, else slice by slice."""
    size_bytes = (len(data) if stop is None else stop) - start
    if request.method == "HEAD":
        return web.Response(status=status, headers=[*headers, ("Content-Length", str(size_bytes))])
    if size_bytes <= SLICE_BYTES:
        return web.Response(status=status, headers=headers, body=data[start:stop])  # all of it is no copy
    body = memoryview(data)[start:stop]
    with request.app[SERVICES].outgoing.sending(data):
        response = await _begin(request, status, headers, len(body))
        for at in range(0, len(body), SLICE_BYTES):
            await _write(request, response, body[at : at + SLICE_BYTES])
        await response.write_eof()
    return response


async def send_stream(
    request: web.Request, status: int, headers: Headers, body: Body, *, size_bytes: int | None, start: int = 0
) -> web.StreamResponse:
    """
    Send what is read meanwhile.

    The first piece is waited for before the head is sent: until then a failure can be told as such.

    Args:
        request: to be answered.
        status: 200, or 206 for a part.
        headers: all but ``Content-Length``.
        body: held by the caller.
        size_bytes: how many bytes to send; None when nobody knows.
        start: the first of them.

    Raises:
        ImgsvcError: nothing could be read.
        ConnectionResetError: reading failed after bytes had been sent; the connection is gone.
    """
    if request.method == "HEAD":
        response = await _begin(request, status, headers, size_bytes)
        await response.write_eof()
        return response
    stop = None if size_bytes is None else start + size_bytes
    async with aclosing(_pieces(body.chunks(start, stop))) as pieces:
        first = await anext(pieces, b"")
        response = await _begin(request, status, headers, size_bytes)
        try:
            await _write(request, response, first)
            async for piece in pieces:
                await _write(request, response, piece)
        except ConnectionError:
            raise  # the client has left
        except Exception as error:
            raise _cut(request, error) from error
    await response.write_eof()
    return response


async def _pieces(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Give the pieces; closing this ends their reader too, at once and not when it is collected."""
    try:
        async for chunk in chunks:
            yield chunk
    finally:
        if (aclose := getattr(chunks, "aclose", None)) is not None:
            await aclose()


async def _begin(request: web.Request, status: int, headers: Headers, size_bytes: int | None) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = size_bytes
    label(request, response, request.app[SERVICES])
    await response.prepare(request)
    return response


async def _write(request: web.Request, response: web.StreamResponse, piece: bytes | memoryview) -> None:
    await response.write(piece)
    await request.writer.drain()  # aiohttp itself waits only after every second slice


def _cut(request: web.Request, error: Exception) -> ConnectionResetError:
    """Break the connection: after the first byte that is the only honest way to say that the rest will not come."""
    if isinstance(error, ImgsvcError):
        log.info("an answer was broken off: %s", error.detail)
    else:
        log.error("an answer was broken off", exc_info=error)
    if request.transport is not None:
        reset(request.transport)
    return ConnectionResetError("the answer was broken off")
