"""Heads of pages as they are fetched: what is a page, how far it is read, and what is given back."""

import asyncio
import gzip
import zlib

import pytest

from imgsvc.errors import NotAPage, OriginStatus, OriginTimeout, OriginUnreachable, SourceNotFound, TooManyRedirects
from imgsvc.pages.parser import MAX_HEAD_BYTES
from imgsvc.pages.tags import Page
from imgsvc.services import fetches as fetches_module
from imgsvc.services.fetches import Errand, FoundFetches
from tests.support.logos import HTML, mark, page
from tests.support.origin import ScriptedOrigin
from tests.support.spine import Spine, spine

pytestmark = pytest.mark.slow

HEAD = b"<head><title>t</title><meta property=og:title content=T>"
BUFFERS_BYTES = 12 << 20
"""What the kernel may hold between two sockets of this machine."""


def fetches_of(parts: Spine) -> FoundFetches:
    return FoundFetches(parts.fetcher, parts.slots, parts.spools, parts.admission)


@pytest.fixture
def fetches(parts) -> FoundFetches:
    return fetches_of(parts)


async def head(fetches: FoundFetches, origin: ScriptedOrigin, path: str = "/p") -> Page:
    return (await fetches.head(origin.url(path), Errand())).page


def endless(origin: ScriptedOrigin, start: bytes, piece: bytes, headers=HTML) -> list[int]:
    """Serve a page that never ends; gives how many bytes were taken, after each piece."""
    sent = []

    async def behave(exchange) -> None:
        await exchange.head(headers=headers)
        await exchange.send(start)
        while True:
            await exchange.send(piece)
            sent.append(len(piece))

    origin.script("/p", behave)
    return sent


@pytest.mark.parametrize(
    ("kind", "is_declared"),
    [
        ("text/html", True), ("TEXT/HTML ; charset=utf-8", True), ("application/xhtml+xml", True), ("", True),
        ("text/plain", False), ("image/png", False), ("application/json", False), ("application/xml", False),
        ("text/html2", False), ("video/mp4", False),
    ],
)  # fmt: skip
async def test_what_a_source_says_it_is(fetches, origin, kind, is_declared):
    """What is a page is read as one, and whether its sender calls it so is told; what is none is refused unread."""
    origin.serve("/p", HEAD, headers={"Content-Type": kind})
    origin.serve("/q", b"words" * 100, headers={"Content-Type": kind})

    found = await fetches.head(origin.url("/p"), Errand())

    assert (found.page.title, found.is_declared) == ("t", is_declared)
    if not is_declared:
        with pytest.raises(NotAPage):
            await fetches.head(origin.url("/q"), Errand())


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("start", [mark(64), b"GIF89a" + HEAD, b"\xff\xd8\xff\xe0" + HEAD])
async def test_a_picture_that_says_it_is_a_page(fetches, origin, start, encoding):
    """What begins as a picture is none of a page, whatever it says, and is not read to its end."""
    data = gzip.compress(start) if encoding else start
    origin.serve("/p", data, headers=HTML | ({"Content-Encoding": encoding} if encoding else {}))

    with pytest.raises(NotAPage):
        await head(fetches, origin)


async def test_a_picture_is_let_go_as_soon_as_it_is_known(tmp_path, origin):
    """Nobody waits for the rest of it."""

    async def behave(exchange) -> None:
        await exchange.head(headers=HTML)
        await exchange.send(b"\xff\xd8\xff\xe0" + bytes(5000))
        await exchange.stall()

    origin.script("/p", behave)

    patient = {"IMGSVC_READ_TIMEOUT": "60", "IMGSVC_FETCH_TIMEOUT": "60"}
    async with spine(tmp_path, origin, **patient) as parts, asyncio.timeout(60):
        with pytest.raises(NotAPage):
            await head(fetches_of(parts), origin)
        await origin.until_open_connections()


def stalling(origin: ScriptedOrigin, *pieces: bytes) -> None:
    """Serve a page that says so much, and no more for ever."""

    async def behave(exchange) -> None:
        await exchange.head(headers=HTML)
        for piece in pieces:
            await exchange.send(piece)
        await exchange.stall()

    origin.script("/p", behave)


@pytest.fixture
async def patient(tmp_path, origin):
    """Fetches whose client waits longer than a test may take."""
    env = {"IMGSVC_READ_TIMEOUT": "60", "IMGSVC_FETCH_TIMEOUT": "60"}
    async with spine(tmp_path, origin, **env) as parts, asyncio.timeout(50):
        yield fetches_of(parts)


@pytest.mark.parametrize("end", [b"</head>", b"</HEAD ><body><p>x", b"</he"])
async def test_a_body_that_is_made_while_it_is_sent(patient, origin, end):
    """At its head's end a short head is read, however long the rest takes."""
    stalling(origin, b"<!doctype html>" + HEAD, end, *([b"ad>"] if end == b"</he" else []))

    found = await patient.head(origin.url("/p"), Errand())

    assert (found.page.content("og:title"), found.is_partial) == ("T", False)
    await origin.until_open_connections()


@pytest.mark.parametrize(
    ("waited", "pieces"),
    [("BODY_SECONDS", (b"</head><body><header><a href=/>", b"<img alt=logo src=/l.png")), ("PAGE_SECONDS", (b"<met",))],
)
async def test_a_page_that_does_not_come(patient, origin, monkeypatch, waited, pieces):
    """What is behind a head is waited for, but not for ever, and so is a head: then what has come has to do."""
    monkeypatch.setattr(fetches_module, waited, 0.05)
    stalling(origin, HEAD + b"<link rel=icon href=/i.png>", *pieces)

    found = await patient.page(origin.url("/p"), Errand())

    assert [link.href for link in found.links] == [origin.url("/i.png")]
    await origin.until_open_connections()


async def test_a_head_that_is_late(patient, origin):
    """At the time that is given what has come is read, and said to be a part; nothing at all is an error."""
    stalling(origin, HEAD)
    until = asyncio.get_running_loop().time() + 0.2

    found = await patient.head(origin.url("/p"), Errand(), until)
    stalling(origin)
    with pytest.raises(OriginTimeout):
        await patient.head(origin.url("/p"), Errand(), until)

    assert (found.page.content("og:title"), found.was_late, found.broke_off) == ("T", True, False)


async def test_a_page_that_begins_with_a_drawing(fetches, origin):
    """Icons drawn at a page's beginning do not make it one."""
    origin.serve("/p", b"<svg><title>icon</title></svg><title>t</title>", headers=HTML)

    assert (await head(fetches, origin)).title == "t"


@pytest.mark.parametrize("piece", [b"<meta name=a content=b>" * 3000, b"<script>x</script>" * 3000, b" " * 65536])
async def test_an_endless_head(fetches, origin, piece):
    """Of a head of any length no more than the limit is read, and the connection is let go."""
    sent = endless(origin, HEAD, piece)

    found = await head(fetches, origin)

    await origin.until_open_connections()
    assert found.content("og:title") == "T"
    assert MAX_HEAD_BYTES - len(piece) <= sum(sent) < MAX_HEAD_BYTES + BUFFERS_BYTES


async def test_a_page_of_a_gigabyte(fetches, origin):
    """A page that declares more than any picture may have is read as far as its head goes."""
    sent = endless(origin, HEAD + b"</head>", b"<p>text</p>" * 6000, HTML | {"Content-Length": str(1 << 30)})

    assert (await head(fetches, origin)).title == "t"

    await origin.until_open_connections()
    assert sum(sent) < BUFFERS_BYTES


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("padding", [b" ", b"<p>", b"<meta name=a content=b>"])
async def test_a_bomb(fetches, origin, encoding, padding):
    """A page that unpacks to a thousand times its size is read as far as any other."""
    text = HEAD + padding * (50_000_000 // len(padding))
    data = gzip.compress(text) if encoding == "gzip" else zlib.compress(text)
    origin.serve("/p", data, headers=HTML | {"Content-Encoding": encoding})

    found = await head(fetches, origin)

    assert (found.title, found.content("og:title")) == ("t", "T")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "no-such"])
async def test_an_encoding_that_nobody_asked_for(fetches, origin, encoding):
    """What cannot be unpacked is a failure of the source."""
    origin.serve("/p", HEAD, headers=HTML | {"Content-Encoding": encoding})

    with pytest.raises(OriginUnreachable):
        await head(fetches, origin)


async def test_redirects(fetches, origin):
    """References are relative to where redirects end; what goes round, or on and on, is an error."""
    origin.redirect("/p", "/q/")
    origin.serve("/q/", page("<base href=x/><link rel=icon href=i.png>"), headers=HTML)
    origin.redirect("/loop", "/loop")
    origin.chain("/far", "/q/", redirects=6)

    found = await head(fetches, origin)

    assert (found.url, found.links[0].href) == (origin.url("/q/"), origin.url("/q/x/i.png"))
    for path in ("/loop", "/far"):
        with pytest.raises(TooManyRedirects):
            await head(fetches, origin, path)


async def test_a_page_that_sends_its_reader_on(fetches, origin):
    """That is said of the page, and not done here."""
    origin.serve("/p", page('<meta http-equiv="refresh" content="0; url=/q">'), headers=HTML)

    assert (await head(fetches, origin)).refresh_url == origin.url("/q")
    assert origin.hits("/q") == 0


@pytest.mark.parametrize(("status", "error"), [(404, SourceNotFound), (410, SourceNotFound), (500, OriginStatus)])
async def test_statuses(fetches, origin, status, error):
    """A page that is an error's is none."""
    origin.serve("/p", HEAD, status=status, headers=HTML)

    with pytest.raises(error):
        await head(fetches, origin)


@pytest.mark.parametrize(("end", "broke_off"), [(b"", True), (b"</head>" + b" " * 8192, False)])
async def test_a_connection_that_breaks(fetches, origin, end, broke_off):
    """What came before is read, and said to have broken off; who has had enough does not notice."""

    async def behave(exchange) -> None:
        await exchange.head(headers=HTML | {"Content-Length": "100000"})
        await exchange.send(HEAD + end)
        exchange.writer.close()

    origin.script("/p", behave)

    found = await fetches.head(origin.url("/p"), Errand())

    assert (found.page.content("og:title"), found.broke_off) == ("T", broke_off)


async def test_a_page_that_falls_silent(tmp_path, origin):
    """What came before is read; that is no broken connection, and another try would only wait again."""

    async def behave(exchange) -> None:
        await exchange.head(headers=HTML)
        await exchange.send(HEAD)
        await exchange.stall()

    origin.script("/p", behave)

    async with spine(tmp_path, origin, IMGSVC_READ_TIMEOUT="0.2") as parts:
        found = await fetches_of(parts).head(origin.url("/p"), Errand())

    assert (found.page.content("og:title"), found.broke_off) == ("T", False)


async def test_a_page_that_ends(fetches, origin):
    """A page without an end of its head, but with one of its own, is whole."""
    origin.serve("/p", HEAD, headers=HTML)

    assert not (await fetches.head(origin.url("/p"), Errand())).broke_off
