"""Pictures sent to be judged, over real connections."""

import asyncio
import json

import pytest
from aiohttp import web

from imgsvc.web.logos.uploads import MAX_FORM_BYTES, MAX_IMAGE_BYTES, MAX_PARTS, UploadRoom, read_submission
from tests.support.wire import serving

pytestmark = pytest.mark.slow

PATIENT, HURRIED = "/patient", "/hurried"
MULTIPART = "multipart/form-data; boundary=XyZ"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
ROOM_BYTES = 2 * MAX_IMAGE_BYTES


@pytest.fixture
async def server(tmp_path):
    room = UploadRoom(ROOM_BYTES)

    async def handler(request: web.Request) -> web.Response:
        timeout_seconds = 0.5 if request.path == HURRIED else 100
        with room.visit() as visit:
            submitted = await read_submission(request, visit, timeout_seconds=timeout_seconds)
            url = submitted.source.url if submitted.source else None
            return web.json_response({"bytes": len(submitted.data), "url": url, "held": room.held_bytes})

    async with serving(tmp_path, routes=[web.post(path, handler) for path in (PATIENT, HURRIED)]) as server:
        server.room = room
        yield server
        assert room.held_bytes == 0


def part(content: bytes, name: str = "image", *fields: str) -> bytes:
    lines = [f'Content-Disposition: form-data; name="{name}"; filename="a.png"', *fields, "", ""]
    return b"--XyZ\r\n" + "\r\n".join(lines).encode() + content + b"\r\n"


def multipart(*parts: bytes, end: bytes = b"--XyZ--\r\n") -> bytes:
    return b"".join(parts) + end


def head(content_type: str, *fields: str, path: str = PATIENT) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: a", f"Content-Type: {content_type}", *fields, "", ""]).encode()


async def send(server, content_type: str, body: bytes, *, declared: int | None = None, path: str = PATIENT):
    size = len(body) if declared is None else declared
    async with await server.connect() as wire:
        await wire.send(head(content_type, f"Content-Length: {size}", path=path))
        sending = asyncio.create_task(wire.send(body))
        reply = await wire.reply()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        return reply.status, json.loads(reply.body)


@pytest.mark.parametrize(
    ("parts", "size", "url"),
    [
        ([part(b"picture")], 7, None),
        ([part(b"\r\n--Xy\r\n--XyA\r\n")], 15, None),
        ([part(b"x", "note"), part(b"picture"), part(b"", "url"), part(b"", "note")], 7, None),
        ([part(b"x" * MAX_IMAGE_BYTES)], MAX_IMAGE_BYTES, None),
        ([part(b" https://A.test/x.png\n", "url")], 0, "https://a.test/x.png"),
        ([part(b""), part(b"https://a.test/x.png", "url")], 0, "https://a.test/x.png"),
        ([part(b"picture", "image", "Content-Type: image/png", "Content-Length: 3")], 7, None),
    ],
)
async def test_a_form_with_a_file(server, parts, size, url):
    """A file is read whole, whatever else the form has; an empty one was not chosen."""
    status, answer = await send(server, MULTIPART, multipart(*parts))
    assert (status, answer["bytes"], answer["url"]) == (200, size, url)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"url=https%3A%2F%2FA.test%2Fx.png&more=1"),
        (FORM + "; charset=utf-8", b"more=%zz&url=https://a.test/x.png&url=https://a.test/x.png"),
        (JSON, b'{"url": "https://a.test/x.png", "more": [1]}'),
    ],
)
async def test_a_url(server, content_type, body):
    """It may come as a form or as JSON, which may have more in it."""
    status, answer = await send(server, content_type, body)
    assert (status, answer["bytes"], answer["url"]) == (200, 0, "https://a.test/x.png")


@pytest.mark.parametrize(
    ("content_type", "body", "code", "param"),
    [
        ("text/plain", b"x", "bad-parameter", "image"),
        ("image/png", b"x", "bad-parameter", "image"),
        (FORM, b"", "bad-parameter", "image"),
        (FORM, b"image=x", "bad-parameter", "image"),
        (FORM, b"url=%E9", "bad-parameter", "url"),
        (FORM, b"url=https://a.test/\xe9", "bad-parameter", "url"),
        (FORM, b"url=https://a.test/&url=https://b.test/", "bad-parameter", "url"),
        (FORM, b"url=ftp://a.test/x.png", "scheme-not-allowed", "url"),
        (FORM, b"url=s3://images/logos/a.png", "bad-parameter", "url"),
        (FORM, b"url=undefined", "url-undefined", "url"),
        (JSON, b"", "bad-parameter", "body"),
        (JSON, b"\xff", "bad-parameter", "body"),
        (JSON, b"[" * 50_000, "bad-parameter", "body"),
        (JSON, b'["url"]', "bad-parameter", "body"),
        (JSON, b'{"url": 5}', "bad-parameter", "url"),
        (JSON, b'{"url": null}', "bad-parameter", "image"),
        (JSON, b"{}", "bad-parameter", "image"),
        (MULTIPART, multipart(), "bad-parameter", "image"),
        (MULTIPART, multipart(part(b"x", "note")), "bad-parameter", "image"),
        (MULTIPART, multipart(part(b"x"), part(b"https://a.test/", "url")), "bad-parameter", "url"),
        (MULTIPART, multipart(part(b"x"), part(b"y")), "bad-parameter", "image"),
        (MULTIPART, multipart(part(b"\xff", "url")), "bad-parameter", "url"),
        (MULTIPART, multipart(*[part(b"x", f"n{n}") for n in range(MAX_PARTS)]), "bad-parameter", "body"),
        (MULTIPART, multipart(part(b"", "image", "Content-Type: multipart/a; boundary=a")), "bad-parameter", "body"),
        (MULTIPART, multipart(part(b"x", "image", "Content-Type: multipart/a")), "bad-parameter", "body"),
        (MULTIPART, multipart(part(b"picture"), end=b""), "bad-parameter", "body"),
        (MULTIPART, multipart(part(b"picture"), end=b"--XyZ"), "bad-parameter", "body"),
        (MULTIPART, multipart(part(b"picture"), end=b"--Xy"), "bad-parameter", "body"),
        (MULTIPART, b"no boundary at all", "bad-parameter", "body"),
        (MULTIPART, b"", "bad-parameter", "body"),
        (MULTIPART, b"--XyZ\r\nno header\r\n\r\nx\r\n--XyZ--\r\n", "bad-parameter", "body"),
        (MULTIPART, b"--XyZ\r\n" + b"a: b\r\n" * 500 + b"\r\n", "bad-parameter", "body"),
        (MULTIPART, b"--XyZ\r\na: " + b"b" * 20_000 + b"\r\n\r\n", "bad-parameter", "body"),
        (MULTIPART, b"x" * 300_000, "bad-parameter", "body"),
        (MULTIPART, part(b"x" * 40, "_charset_") + part(b"x"), "bad-parameter", "body"),
        ("multipart/form-data", multipart(part(b"x")), "bad-parameter", "body"),
        ("multipart/form-data; boundary=" + "x" * 71, multipart(part(b"x")), "bad-parameter", "body"),
    ],
)  # fmt: skip
async def test_what_is_no_submission(server, content_type, body, code, param):
    """Each mistake is told as one of the request's, with the field, and leaves nothing behind."""
    status, answer = await send(server, content_type, body)
    assert (status, answer.get("code"), answer.get("param")) == (400, code, param)


@pytest.mark.parametrize(
    ("content_type", "body", "declared"),
    [
        (MULTIPART, multipart(part(b"x" * (MAX_IMAGE_BYTES + 1))), None),
        (MULTIPART, multipart(part(b"x" * (MAX_FORM_BYTES + 1), "url")), None),
        (MULTIPART, multipart(part(b"x" * (MAX_FORM_BYTES + 1), "note")), None),
        (MULTIPART, b"", 99_999_999),
        (FORM, b"url=" + b"x" * MAX_FORM_BYTES, None),
        (JSON, b"", 99_999_999),
    ],
)
async def test_too_large(server, content_type, body, declared):
    """One byte too many is refused, before it comes where it is declared."""
    status, answer = await send(server, content_type, body, declared=declared)
    assert (status, answer["code"]) == (413, "too-large")


@pytest.mark.parametrize("body", [b"", b"--XyZ\r\n", part(b"picture")])
@pytest.mark.parametrize("content_type", [MULTIPART, FORM, JSON])
async def test_a_body_that_never_ends(server, content_type, body):
    """After its time the client is told, and nothing is held any more."""
    status, answer = await send(server, content_type, body, declared=len(body) + 10, path=HURRIED)
    assert (status, answer["code"]) == (408, "request-timeout")


async def test_a_client_that_leaves(server):
    """What it had sent is given back."""
    async with await server.connect() as wire:
        await wire.send(head(MULTIPART, "Content-Length: 1000000") + part(b"x" * 200_000)[:-2])
        async with asyncio.timeout(60):
            while not server.room.held_bytes:
                await asyncio.sleep(0.002)
    async with asyncio.timeout(60):
        while server.room.held_bytes:
            await asyncio.sleep(0.002)


async def test_a_body_that_is_broken(server):
    """What is no chunk is the client's fault."""
    async with await server.connect() as wire:
        await wire.send(head(MULTIPART, "Transfer-Encoding: chunked") + b"3\r\n--X\r\n")
        await wire.send(b"nonsense\r\n")
        assert b" 400 " in (await wire.rest()).partition(b"\r\n")[0]


async def test_all_clients_together(server):
    """Where others hold too much, one more is told to come back; the next finds room again."""
    server.room.take(ROOM_BYTES - 1000)
    status, answer = await send(server, MULTIPART, multipart(part(b"x" * 1001)))
    small, _ = await send(server, MULTIPART, multipart(part(b"x" * 1000)))
    server.room.held_bytes -= ROOM_BYTES - 1000

    assert (status, answer["code"], small) == (503, "overloaded", 200)
