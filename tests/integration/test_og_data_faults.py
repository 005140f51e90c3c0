"""``/api/og-data`` in front of sources that break, lie and never end: an answer or a code, and nothing left behind."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.support.logos import HTML, mark, page
from tests.support.service import Answer, RunningService, running_service

HEAD = page('<meta property="og:title" content="Title"><meta property="og:image" content="/a.jpg">')
BEGUN = HEAD.partition(b"</head>")[0]
BUFFERS_BYTES = 12 << 20
"""What the kernel may hold between two sockets of this machine."""


@pytest.fixture
def env() -> dict[str, str]:
    """Settings of the service."""
    return {}


@pytest.fixture
async def service(tmp_path, origin, env) -> AsyncIterator[RunningService]:
    """A service that has given back all at the end of each test."""
    async with running_service(tmp_path, origin.port, **env) as service:
        yield service
        await service.settled()
        owners = service.opened.owners
        assert (owners["fetcher"].statistics().open, owners["slots"].statistics().taken) == (0, 0)
        assert owners["transfers"].in_use_bytes == 0


async def ask(service: RunningService, origin, path: str = "/p") -> Answer:
    return await service.request("GET", "/api/og-data", url=origin.url(path))


def scripted(origin, *pieces: bytes, headers=HTML, resets: bool = False) -> None:
    """Let every answer be these pieces behind an honest head, and then the end."""

    async def behave(exchange) -> None:
        await exchange.head(headers=headers)
        for piece in pieces:
            await exchange.send(piece)
        if resets:
            exchange.reset()

    origin.script("/p", behave)


@pytest.mark.parametrize("resets", [True, False])
async def test_a_connection_that_breaks_in_the_head(service, origin, resets):
    """A page that breaks off is asked for once more; what it has said by then is the answer."""
    scripted(origin, BEGUN, headers=HTML | {"Content-Length": "100000"}, resets=resets)

    answer = await ask(service, origin)

    assert (answer.status, origin.hits("/p")) in ((200, 2), (502, 2))  # a reset may overtake what was sent
    if not resets:
        assert (answer.json()["title"], answer.json()["image"]) == ("Title", origin.url("/a.jpg"))


async def test_a_connection_that_breaks_once(service, origin):
    """Nobody notices."""

    async def first(exchange) -> None:
        origin.serve("/p", HEAD, headers=HTML)
        await exchange.head(headers=HTML | {"Content-Length": "100000"})
        await exchange.send(b"<html><head>")
        exchange.reset()

    origin.script("/p", first)

    answer = await ask(service, origin)

    assert (answer.status, answer.json()["title"], origin.hits("/p")) == (200, "Title", 2)


@pytest.mark.parametrize("env", [{"IMGSVC_READ_TIMEOUT": "2", "IMGSVC_FETCH_TIMEOUT": "2.5"}])
async def test_a_page_that_drips(service, origin):
    """One that says a little now and then has a fetch's time; what it has said by then is the answer."""
    origin.script("/p", _drips)

    answer = await ask(service, origin)

    assert (answer.status, answer.json()["title"]) == (200, "Title")


async def _drips(exchange) -> None:
    await exchange.head(headers=HTML | {"Content-Length": "100000"})
    await exchange.send(BEGUN)
    while True:
        await exchange.send(b"<!-- wait -->")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(exchange.stall(), 0.05)


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 503])
async def test_errors_of_the_source(service, origin, status):
    """What the source answers with an error has failed, for a while; it is told when to ask again, not asked again."""
    origin.serve("/p", HEAD, status=status, headers=HTML | {"Retry-After": "120"})

    first, again = await ask(service, origin), await ask(service, origin)

    assert {(answer.status, answer.json()["code"]) for answer in (first, again)} == {(502, "source-failed")}
    assert (first.headers["Cache-Control"], origin.hits("/p")) == ("no-store", 1)
    assert 1 <= int(again.headers["Retry-After"]) <= 60
    assert b"Title" not in first.body


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("image/png", HEAD), ("application/octet-stream", HEAD), ("text/plain", HEAD), ("text/html", mark(64)),
        ("text/html; charset=utf-8", b"\xff\xd8\xff\xe0" + bytes(9000)), ("application/xhtml+xml", b"GIF89a" + HEAD),
    ],
)  # fmt: skip
async def test_lies_about_the_type(service, origin, kind, body):
    """What says that it is no page, or is a picture, is none; that is remembered, and others may remember it."""
    origin.serve("/p", body, headers={"Content-Type": kind})

    first, again = await ask(service, origin), await ask(service, origin)

    assert {(answer.status, answer.json()["code"]) for answer in (first, again)} == {(415, "not-a-page")}
    assert origin.hits("/p") == 1
    assert 0 < first.max_age <= 900


@pytest.mark.parametrize("fields", [{"fields": 5000}, {"fields": 1, "field_bytes": 1_000_000}])
async def test_endless_header(service, origin, fields):
    """A header that is longer than any is a failure of the source."""
    origin.huge_headers("/p", **fields)

    answer = await ask(service, origin)

    assert (answer.status, answer.json()["code"]) == (502, "source-failed")


@pytest.mark.parametrize(
    "data", [b"zz\r\nno chunk\r\n", b"-5\r\n", b"ffffffffffffffffff\r\nx", b"5\r\nabcdefghij", b"5 5\r\n"]
)
async def test_chunks_that_are_none(service, origin, data):
    """Garbage for a body is a failure; a head before it is read if it came by itself."""
    chunked = HTML | {"Transfer-Encoding": "chunked"}
    scripted(origin, data, headers=chunked)
    bare = await ask(service, origin)
    scripted(origin, b"%x\r\n%s\r\n" % (len(HEAD), HEAD), data, headers=chunked)
    behind = await ask(service, origin, "/p?behind")

    assert bare.status in (200, 502)
    assert b"Title" not in bare.body
    assert behind.status == 502 or behind.json()["title"] == "Title"


@pytest.mark.parametrize(
    "data", [b"\x00\x01 no HTTP\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"<html>", b"HTTP/9.9 200 OK\r\n\r\n"]
)
async def test_no_http(service, origin, data):
    """What is no HTTP is a failure of the source."""
    origin.garbage("/p", data)

    answer = await ask(service, origin)

    assert (answer.status, answer.json()["code"]) == (502, "source-failed")


async def test_an_endless_header_field_by_field(service, origin):
    """A header without an end is given up, and its connection with it."""
    sent = 0

    async def behave(exchange) -> None:
        nonlocal sent
        await exchange.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await exchange.send(b"X-A: b\r\n" * 1000)
            sent += 8000

    origin.script("/p", behave)

    answer = await ask(service, origin)

    assert (answer.status, answer.json()["code"]) == (502, "source-failed")
    await origin.until_open_connections()
    assert sent < BUFFERS_BYTES


@pytest.mark.parametrize(
    ("declared", "written", "title"),
    [
        ("utf-8", "windows-1251", "\ufffd\ufffd\ufffd"), ("windows-1251", "windows-1251", "Кит"),
        ("utf-7", "utf-8", "Кит"), ("no-such", "utf-8", "Кит"), ("iso-8859-1", "utf-8", "РљРёС‚"),
        ("\u20ac", "utf-8", "Кит"), ("utf-16", "utf-8", None),
    ],
)  # fmt: skip
async def test_lies_about_the_charset(service, origin, declared, written, title):
    """A wrong charset spoils what it spoils in browsers; a charset that there is not counts as none."""
    text = '<head><meta property="og:image" content="/a.jpg"><title>Кит</title></head>'
    expected = title and ("Кит".encode().decode("cp1252") if declared == "iso-8859-1" else title)
    origin.serve("/p", text.encode(written), headers={"Content-Type": f"text/html; charset={declared}"})

    answer = await ask(service, origin)

    assert (answer.status, answer.json()["title"]) == (200, expected)
    assert answer.json()["image"] == (origin.url("/a.jpg") if title else None)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("encoding", ["gzip", "br", "nonsense"])
async def test_lies_about_the_encoding(service, origin, encoding):
    """What cannot be unpacked is a failure of the source, and asked for no more than twice."""
    origin.serve("/p", HEAD, headers=HTML | {"Content-Encoding": encoding})

    answer = await ask(service, origin)

    assert (answer.status, answer.json()["code"]) == (502, "source-failed")
    assert origin.hits("/p") <= 2


@pytest.mark.parametrize("status", [204, 205, 206, 304])
async def test_odd_successes(service, origin, status):
    """An answer without a page in it is an error or an empty page, and never one of this service."""

    async def behave(exchange) -> None:
        await exchange.head(status, HTML | {"Content-Length": "0"})

    origin.script("/p", behave)

    answer = await ask(service, origin)

    assert answer.status in (200, 502)
    assert answer.status == 502 or answer.json()["title"] is None


@pytest.mark.parametrize(
    ("location", "status", "code"),
    [
        ("http://127.0.0.1/", 403, "address-not-public"), ("http://[::ffff:10.0.0.1]/", 403, "address-not-public"),
        ("http://169.254.169.254/latest/", 403, "address-not-public"),
        ("ftp://origin.test/", 403, "source-not-allowed"),
        ("file:///etc/passwd", 403, "source-not-allowed"), ("http://u:p@origin.test/", 403, "source-not-allowed"),
        (None, 502, "too-many-redirects"), ("http://[", 502, "too-many-redirects"),
    ],
)  # fmt: skip
async def test_where_redirects_must_not_lead(service, origin, location, status, code):
    """Every hop is guarded as the first is."""
    origin.redirect("/p", location)

    answer = await ask(service, origin)

    assert (answer.status, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("target", ["http://127.0.0.1/", "http://10.0.0.1:80/x", "http://169.254.169.254/"])
async def test_where_refreshes_must_not_lead(service, origin, target):
    """A page that sends its reader inside is not followed."""
    origin.serve("/p", page(f'<meta http-equiv="refresh" content="0; url={target}">'), headers=HTML)

    answer = await ask(service, origin)

    assert (answer.status, answer.json()["code"]) == (403, "address-not-public")
