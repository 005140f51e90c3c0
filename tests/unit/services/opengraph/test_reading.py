"""Reading a page wherever it sends its reader, under one deadline, with one more try."""

import gzip
import random
import socket

import pytest

from imgsvc.errors import NotAPage, OriginStatus, OriginTimeout, OriginUnreachable, TooManyRedirects
from imgsvc.services.fetches import Errand, FoundFetches
from imgsvc.services.opengraph.reading import MAX_REFRESHES, PageData
from tests.support.logos import HTML, mark, page
from tests.support.spine import Spine, spine

pytestmark = pytest.mark.slow

SHARED = '<meta property="og:title" content="T">'


def refresh(target: str, more: str = "") -> bytes:
    return page(f'<meta http-equiv="refresh" content="0; url={target}">{more}')


def reads(parts: Spine, **options) -> PageData:
    return PageData(FoundFetches(parts.fetcher, parts.slots, parts.spools, parts.admission), **options)


@pytest.fixture
def read(parts, origin):
    """Gives a function that reads a path of the origin."""

    async def read(path: str = "/p", **options):
        return await reads(parts, **options).read(origin.url(path), Errand())

    return read


async def test_a_page(read, origin):
    """What it says, and where it was."""
    origin.redirect("/p", "/q")
    origin.serve("/q", page(SHARED), headers=HTML)

    found = await read()

    assert (found.final_url, found.data.title) == (origin.url("/q"), "T")


async def test_refreshes_are_followed(read, origin):
    """A page that only sends its reader on is read where it leads, as often as redirects may be."""
    for number in range(MAX_REFRESHES):
        origin.serve(f"/{number}", refresh(f"/{number + 1}"), headers=HTML)
    origin.serve(f"/{MAX_REFRESHES}", page(SHARED), headers=HTML)

    found = await read("/0")

    assert (found.final_url, found.data.title) == (origin.url(f"/{MAX_REFRESHES}"), "T")


@pytest.mark.parametrize("pages", [2, MAX_REFRESHES + 2])
async def test_refreshes_without_end(read, origin, pages):
    """What goes round, or on and on, is an error after a few pages."""
    for number in range(pages):
        origin.serve(f"/{number}", refresh(f"/{(number + 1) % pages}"), headers=HTML)

    with pytest.raises(TooManyRedirects):
        await read("/0")

    assert sum(origin.hits(f"/{number}") for number in range(pages)) <= MAX_REFRESHES + 1


@pytest.mark.parametrize(
    "head", [refresh("/p"), refresh("/q", SHARED), refresh("/q", "<meta property=og:image content=a.jpg>"),
             page('<meta http-equiv="refresh" content="300; url=/q">'), refresh("javascript:x"), refresh("ftp://a.test/")],
)  # fmt: skip
async def test_pages_that_stay(read, origin, head):
    """One that loads itself anew, has data of its own, waits long, or leads nowhere, is itself the page."""
    origin.serve("/p", head, headers=HTML)

    assert (await read()).final_url == origin.url("/p")
    assert (origin.hits("/p"), origin.hits("/q")) == (1, 0)


async def test_no_connection(tmp_path, origin):
    """Where nobody listens is asked once more, and no more."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = "127.0.0.1:{1}".format(*bound.getsockname())
        async with spine(tmp_path, origin, IMGSVC_CONNECT_TO=f"dead.test={address}") as parts:
            with pytest.raises(OriginUnreachable):
                await reads(parts).read("http://dead.test/", Errand())

            assert parts.fetcher.statistics().fetches == 2


async def test_a_connection_that_breaks_before_an_answer(read, origin):
    """A page is asked for once more, not twice or three times."""
    origin.reset_before_head("/p")

    with pytest.raises(OriginUnreachable):
        await read()

    assert origin.hits("/p") == 2


async def test_a_moments_trouble(read, origin):
    """A page whose first answer breaks, before or in its head, is read."""

    async def first(exchange) -> None:
        origin.serve(exchange.request.path, page(SHARED), headers=HTML)
        if exchange.request.path == "/q":
            await exchange.head(headers=HTML | {"Content-Length": "9999"})
            await exchange.send(b"<head>")
        exchange.reset()

    for path in ("/p", "/q"):
        origin.script(path, first)
        assert (await read(path)).data.title == "T"
        assert origin.hits(path) == 2


@pytest.mark.parametrize("is_silent", [False, True])
async def test_a_page_that_breaks_off_again(read, origin, is_silent):
    """It is read as far as it came the last time that anything came."""

    async def behave(exchange) -> None:
        if origin.hits("/p") == 1 or not is_silent:
            await exchange.head(headers=HTML | {"Content-Length": "9999"})
            await exchange.send(b"<head>" + SHARED.encode())
        exchange.writer.close()

    origin.script("/p", behave)

    assert (await read()).data.title == "T"
    assert origin.hits("/p") == (3 if is_silent else 2)


@pytest.mark.parametrize(
    ("status", "kind", "body", "error"),
    [(500, "text/html", page(SHARED), OriginStatus), (200, "image/png", mark(64), NotAPage)],
)
async def test_answers_are_not_asked_for_twice(read, origin, status, kind, body, error):
    """What has been answered is not tried again."""
    origin.serve("/p", body, status=status, headers={"Content-Type": kind})

    with pytest.raises(error):
        await read()
    assert origin.hits("/p") == 1


async def test_one_deadline_for_all(read, origin):
    """A page that does not come in time is given up with its connection, whatever it says first."""

    async def behave(exchange) -> None:
        await exchange.head(headers=HTML)
        await exchange.send(b"<head><!-- slow -->")
        await exchange.stall()

    origin.script("/p", behave)

    with pytest.raises(OriginTimeout):
        await read(deadline_seconds=0.2)
    await origin.until_open_connections()


async def test_what_came_before_the_deadline(read, origin):
    """A page whose head is late is read as far as it came, and not asked for again."""

    async def behave(exchange) -> None:
        await exchange.head(headers=HTML)
        await exchange.send(b"<head>" + SHARED.encode())
        await exchange.stall()

    origin.script("/p", behave)

    found = await read(deadline_seconds=1.0)

    assert (found.data.title, found.is_partial, origin.hits("/p")) == ("T", True, 1)
    await origin.until_open_connections()


@pytest.mark.parametrize(("kept_bytes", "title"), [(-12, "T"), (12, None)])
async def test_a_body_whose_encoding_does_not_end(read, origin, kept_bytes, title):
    """Half a compressed page is asked for once more; then what was in it counts, and nothing at all is a failure."""
    packed = gzip.compress(b"<head>" + SHARED.encode() + random.Random(1).randbytes(3000).hex().encode())
    origin.serve("/p", packed[:kept_bytes], headers=HTML | {"Content-Encoding": "gzip"})

    if title is None:
        with pytest.raises(OriginUnreachable):
            await read()
    else:
        found = await read()
        assert (found.data.title, found.is_partial) == (title, True)
    assert origin.hits("/p") == 2
