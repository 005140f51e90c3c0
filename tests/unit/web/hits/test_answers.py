"""What is answered at once is what the slow path answers; everything else goes on to it."""

import asyncio
from urllib.parse import urlencode

import pytest

from imgsvc.model.purge import Instructions
from imgsvc.model.source import Source
from imgsvc.web.paths import PAGE_DATA_PATH
from imgsvc.web.sending import SLICE_BYTES
from tests.support.logos import HTML
from tests.support.pictures import noise, png, quarters
from tests.unit.web.hits.asking import alike, answered, ask, get, headers_of, hitting, target_of, warm

pytestmark = pytest.mark.slow

LOGOS = {"IMGSVC_LOGO_GOOGLE_URL": "", "IMGSVC_LOGO_DUCKDUCKGO_URL": ""}
LIVE = get("/api/health/live")
DELETE = b"DELETE /api/health/live HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"


# The same answer.


@pytest.mark.parametrize(
    ("lines", "more"),
    [
        ((), {}),
        ((), {"method": "HEAD"}),
        (("X-Request-Id: given-1",), {}),
        (("Accept: image/avif, image/webp", "Save-Data: on", "Sec-CH-DPR: 2", "Sec-CH-Width: 40"), {}),
        (("Connection: keep-alive", "Cookie: a=b", "User-Agent: test"), {}),
        (("If-None-Match: *",), {}),
        (('If-None-Match: "other"',), {}),
        (("If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT",), {"method": "HEAD"}),
        (("If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT",), {}),
        (("Range: bytes=10-19",), {}),
        (("Range: bytes=-1",), {}),
        (("Range: bytes=5-", 'If-Range: "other"'), {}),
        (("Range: bytes=1-2, 4-5",), {}),
        (("Via: 1.1 proxy",), {}),
    ],
)
async def test_byte_for_byte(tmp_path, lines, more):
    """What is answered at once is what the slow path answers, but for name, time and age."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin), *lines, **more)
        slow = await warm(server, wire, request)
        assert answered(server) == 0
        fast = [await ask(wire, request) for _ in range(3)]

        assert answered(server) == 3
        assert [alike(each) for each in fast] == [alike(slow)] * 3
        assert [headers_of(each).keys() for each in fast] == [headers_of(slow).keys()] * 3


async def test_page_data(tmp_path):
    """What a page says of itself is answered at once while it is remembered and fresh, and not once purged."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        origin.serve("/page", b"<title>One</title>", headers=HTML)
        request = get(f"{PAGE_DATA_PATH}?{urlencode({'url': origin.url('/page'), 'unknown': '1'})}")
        await ask(wire, request)
        slow = await ask(wire, request)
        assert answered(server) == 0

        assert [alike(await ask(wire, request)) for _ in range(3)] == [alike(slow)] * 3
        assert answered(server) == 3

        origin.serve("/page", b"<title>Two</title>", headers=HTML)
        await server.opened.services.purges.purge(Instructions(urls=(Source(origin.url("/page")),), hard=True))
        assert b'"title": "Two"' in await ask(wire, request)
        assert answered(server) == 3


async def test_a_logo(tmp_path):
    """A logo is answered at once with all that is said of it, and with what is said of the next one then."""
    async with hitting(tmp_path, **LOGOS) as (server, origin), await server.connect() as wire:
        origin.serve("/", b'<link rel="icon" href="/icon.png">', headers=HTML)
        origin.serve("/icon.png", png(quarters(64, 64)))
        request = get("/api/logo?website=acme.test&theme=dark&f=png")
        await ask(wire, request)
        slow = await ask(wire, request)
        assert b"X-Needs-Inversion: " in slow

        assert [alike(await ask(wire, request)) for _ in range(3)] == [alike(slow)] * 3
        assert answered(server) == 3

        origin.serve("/", b'<link rel="icon" href="/other.png">', headers=HTML)
        origin.serve("/other.png", png(noise(64, 64)))
        await server.opened.services.purges.purge(Instructions(domains=("acme.test",), hard=True))
        assert all([b"acme.test/other.png>" in await ask(wire, request) for _ in range(3)])
        assert answered(server) == 4


@pytest.mark.parametrize("beyond", [-1, 0, 1])
async def test_one_piece(tmp_path, beyond):
    """Up to 64 KiB a picture is sent in one piece, above in slices; to the client that is the same."""
    async with hitting(tmp_path, SLICE_BYTES + beyond) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        slow = await warm(server, wire, request)

        assert alike(await ask(wire, request)) == alike(slow)
        assert answered(server) == 1


async def test_each_has_a_name_of_its_own(tmp_path):
    """Names differ; one that was given is taken over, and one that is none is not."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        target = target_of(origin)
        await warm(server, wire, get(target))
        names = [headers_of(await ask(wire, get(target)))["X-Request-Id"] for _ in range(3)]
        given = await ask(wire, get(target, "X-Request-Id: a.b-c_1"))
        invalid = await ask(wire, get(target, "X-Request-Id: a/b"))

        assert len(set(names)) == 3
        assert headers_of(given)["X-Request-Id"] == "a.b-c_1"
        assert headers_of(invalid)["X-Request-Id"] != "a/b"
        assert answered(server) == 5


async def test_other_headers_are_another_question(tmp_path):
    """What may decide is part of the question: a new value is first answered by the slow path."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        target = target_of(origin)
        whole = await warm(server, wire, get(target))
        part = await ask(wire, get(target, "Range: bytes=0-1"))
        assert answered(server) == 0
        again = await ask(wire, get(target, "Range: bytes=0-1")), await ask(wire, get(target))

        assert answered(server) == 2
        assert part.startswith(b"HTTP/1.1 206 ")
        assert [alike(each) for each in again] == [alike(part), alike(whole)]


# What falls through.


@pytest.mark.parametrize(
    "change",
    [
        lambda request: request.replace(b"HTTP/1.1\r\n", b"HTTP/1.0\r\nConnection: keep-alive\r\n"),
        lambda request: request.replace(b"GET /", b"GET http://a/"),
        lambda request: request.replace(b"Host: a", b"Host:  a"),
        lambda request: request.replace(b"Host: a", b"Host: a\r\nAccept: */*\r\nAccept: image/webp"),
        lambda request: b"\r\n" + request,
        lambda request: request.replace(b"\r\n\r\n", b"\r\nContent-Length: 0\r\n\r\n"),
        lambda request: request.replace(b"\r\n\r\n", b"\r\nUpgrade: other\r\n\r\n"),
    ],
)  # fmt: skip
async def test_what_is_not_simple_goes_on(tmp_path, change):
    """Other versions and forms, odd spaces, a header twice and the like are answered by the slow path, each time."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        await warm(server, wire, request)
        answers = [await ask(wire, change(request)) for _ in range(3)]

        assert answered(server) == 0
        assert {each[9:12] for each in answers} == {b"200"}
        await ask(wire, request)
        assert answered(server) == 1


async def test_in_pieces(tmp_path):
    """A head that comes byte by byte is parsed; the whole ones before and after are not."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        slow = await warm(server, wire, request)
        first = await ask(wire, request)
        for at in range(len(request) - 1):
            await wire.send(request[at : at + 1])
            await asyncio.sleep(0)
        pieces = await ask(wire, request[-1:])
        last = await ask(wire, request)

        assert answered(server) == 2
        assert {alike(each) for each in (first, pieces, last)} == {alike(slow)}


async def test_pipelined(tmp_path):
    """Requests in one packet, and one behind a request under way, are answered in their order."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        part, whole = get(target_of(origin), "Range: bytes=0-1"), get(target_of(origin))
        await warm(server, wire, part)
        await warm(server, wire, whole)
        await wire.send(part + whole + LIVE)
        await wire.send(whole)
        data = b""
        while data.count(b"HTTP/1.1 ") < 4 or len(data.rpartition(b"\r\n\r\n")[2]) < 1000:
            data += await wire.read()

        assert [each[:3] for each in data.split(b"HTTP/1.1 ")[1:]] == [b"206", b"200", b"200", b"200"]
        before = answered(server)
        await ask(wire, whole)
        assert answered(server) == before + 1


async def test_after_a_body(tmp_path):
    """On a connection that had a request with a body everything is parsed, so that no body is taken for a request."""
    async with hitting(tmp_path) as (server, origin), await server.connect() as wire:
        request = get(target_of(origin))
        slow = await warm(server, wire, request)
        await ask(wire, DELETE)
        inside = b"DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(request)
        await wire.send(inside)
        status = (await ask(wire, request))[9:12]

        assert status == b"405"
        assert alike(await ask(wire, request)) == alike(slow)
        assert answered(server) == 0
