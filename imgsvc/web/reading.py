"""Bodies of requests: read within bounds of size and time."""

import asyncio

from aiohttp import web

from imgsvc.errors import InvalidRequest

BODY_SECONDS = 30.0


async def read_body(request: web.Request, limit_bytes: int, timeout_seconds: float = BODY_SECONDS) -> bytes:
    """
    Read a request's body whole; after an error aiohttp reads on a little, and then closes the connection.

    Whoever is late is told so (RFC 9110 §15.5.9), and read on for a second only.

    Raises:
        InvalidRequest: the body is no such thing in HTTP.
        HTTPRequestEntityTooLarge: it has more than *limit_bytes*, declared or counted.
        HTTPRequestTimeout: its end has not come within *timeout_seconds*.
    """
    declared_bytes = request.content_length or 0
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_seconds):
            while max(len(body), declared_bytes) <= limit_bytes:
                piece = await request.content.readany()
                if not piece:
                    return bytes(body)
                body += piece
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except web.RequestPayloadError as error:
        raise InvalidRequest("The body cannot be read.", param="body") from error
    raise web.HTTPRequestEntityTooLarge(limit_bytes)
