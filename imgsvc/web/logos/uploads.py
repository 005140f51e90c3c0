"""
What ``POST /api/validate-logo`` is sent: a picture as a file, or the URL of one.

Bodies stay in memory, within bounds: of each, and of all together, for clients that send slowly keep theirs for long.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from msgspec import Struct

from imgsvc.errors import InvalidRequest, QueueFull
from imgsvc.model.source import Source
from imgsvc.web.query import decode_query
from imgsvc.web.reading import BODY_SECONDS, read_body
from imgsvc.web.sources import read_source

MAX_IMAGE_BYTES = 5 * 1024 * 1024
MAX_FORM_BYTES = 64 * 1024
MAX_PARTS = 16
MAX_BODY_BYTES = MAX_IMAGE_BYTES + 2 * MAX_FORM_BYTES
ROOM_BYTES = 32 * 1024 * 1024
"""For the files of all clients together; it is full when some six of the largest are being sent."""

IMAGE, URL = "image", "url"

_PIECE_BYTES = 64 * 1024
_LIMITS_BYTES = {IMAGE: MAX_IMAGE_BYTES, URL: MAX_FORM_BYTES}
_WANTED = "Send multipart/form-data with a file named image, or a form or JSON with url."
# All that aiohttp's reader raises over what is no multipart body.
_MALFORMED = (ValueError, LookupError, RuntimeError, HttpProcessingError)


class Submission(Struct, frozen=True):
    """One of the two: *data* of a picture, or the *source* of one."""

    data: bytes = b""
    source: Source | None = None


class UploadRoom:
    """Counts the bytes of files that are held for clients."""

    def __init__(self, capacity_bytes: int = ROOM_BYTES) -> None:
        self._capacity_bytes = capacity_bytes
        self.held_bytes = 0

    @contextmanager
    def visit(self) -> Iterator["Visit"]:
        """Hold bytes for one client; all are given back in the end."""
        visit = Visit(self)
        try:
            yield visit
        finally:
            self.held_bytes -= visit.held_bytes

    def take(self, size_bytes: int) -> None:
        """
        Hold so many more.

        Raises:
            QueueFull: they are too many.
        """
        if self.held_bytes + size_bytes > self._capacity_bytes:
            raise QueueFull("Too many pictures are being sent at the moment.", retry_after_seconds=1)
        self.held_bytes += size_bytes


class Visit:
    """What is held for one client."""

    def __init__(self, room: UploadRoom) -> None:
        self._room = room
        self.held_bytes = 0

    def take(self, size_bytes: int) -> None:
        """
        Hold so many more.

        Raises:
            QueueFull: with those of all others they are too many.
        """
        self._room.take(size_bytes)
        self.held_bytes += size_bytes


async def read_submission(request: web.Request, visit: Visit, timeout_seconds: float = BODY_SECONDS) -> Submission:
    """
    Read a body of any of the three kinds.

    Raises:
        InvalidRequest: it is none, or holds neither picture nor URL, or both; *param* is the field.
        MissingUrl, SchemeNotAllowed, UserinfoNotAllowed: of the URL.
        QueueFull: other clients are just sending too much.
        HTTPRequestEntityTooLarge: a file has more than 5 MiB, or another field or a form more than 64 KiB.
        HTTPRequestTimeout: its end has not come within *timeout_seconds*.
    """
    match request.content_type:
        case "multipart/form-data":
            return await _multipart(request, visit, timeout_seconds)
        case "application/x-www-form-urlencoded":
            return _named(_of_form(await read_body(request, MAX_FORM_BYTES, timeout_seconds)))
        case "application/json":
            return _named(_of_json(await read_body(request, MAX_FORM_BYTES, timeout_seconds)))
        case _:
            raise InvalidRequest(_WANTED, param=IMAGE)


async def _multipart(request: web.Request, visit: Visit, timeout_seconds: float) -> Submission:
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise web.HTTPRequestEntityTooLarge(MAX_BODY_BYTES)
    try:
        async with asyncio.timeout(timeout_seconds):
            fields = await _fields(request, visit)
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except web.RequestPayloadError as error:
        raise InvalidRequest("The body cannot be read.", param="body") from error
    except _MALFORMED as error:
        raise InvalidRequest("The body is no multipart/form-data.", param="body") from error
    # A browser sends an empty part for a file that was not chosen and a field that was not filled in.
    data, url = fields.get(IMAGE, b""), fields.get(URL, b"").strip()
    if data and url:
        raise InvalidRequest("Send image or url, not both.", param=URL)
    return Submission(data) if data else _named(_decoded(url))


async def _fields(request: web.Request, visit: Visit) -> dict[str, bytes]:
    """Read the parts that count, each whole, and past the others; there are few."""
    fields: dict[str, bytes] = {}
    reader = await request.multipart()
    for _ in range(MAX_PARTS):
        part = await reader.next()
        if part is None:
            return fields
        if isinstance(part, MultipartReader):
            raise InvalidRequest("A form has no parts within parts (RFC 7578 §4.3).", param="body")
        name = part.name or ""
        if name in fields:
            raise InvalidRequest(f"{name} is given more than once.", param=name)
        content = await _content(request, part, _LIMITS_BYTES.get(name, MAX_FORM_BYTES), visit)
        if name in _LIMITS_BYTES:
            fields[name] = content
    raise InvalidRequest(f"A form has fewer than {MAX_PARTS} fields here.", param="body")


async def _content(request: web.Request, part: BodyPartReader, limit_bytes: int, visit: Visit) -> bytes:
    pieces: list[bytes] = []
    size_bytes = 0
    while not part.at_eof():
        piece = await part.read_chunk(_PIECE_BYTES)
        size_bytes += len(piece)
        if size_bytes > limit_bytes or request.content.total_bytes > MAX_BODY_BYTES:
            raise web.HTTPRequestEntityTooLarge(limit_bytes)
        visit.take(len(piece))
        pieces.append(piece)
    return b"".join(pieces)


def _of_form(body: bytes) -> str:
    pairs = decode_query(body.decode("utf-8", "surrogateescape"))
    urls = [pair for pair in pairs if pair.name == URL]
    if not all(pair.well_formed for pair in urls):
        raise InvalidRequest("url is not percent-encoded UTF-8.", param=URL)
    if len({pair.value for pair in urls}) > 1:
        raise InvalidRequest("url is given more than once, with different values.", param=URL)
    return urls[0].value if urls else ""


def _of_json(body: bytes) -> str:
    try:
        members: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("The body is not JSON.", param="body") from error
    if not isinstance(members, dict):
        raise InvalidRequest("The body is not a JSON object.", param="body")
    url = members.get(URL) or ""
    if not isinstance(url, str):
        raise InvalidRequest("url is a text.", param=URL)
    return url


def _decoded(url: bytes) -> str:
    try:
        return url.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest("url is not UTF-8.", param=URL) from error


def _named(url: str) -> Submission:
    if not url.strip():
        raise InvalidRequest(_WANTED, param=IMAGE)
    return Submission(source=read_source(url, stored=False))
