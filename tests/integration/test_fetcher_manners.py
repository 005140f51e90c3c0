"""Pages, and pictures that pages name: fetched by the one client, under wider rules."""

from contextlib import aclosing

import pytest

from imgsvc.errors import AddressNotPublic, OriginTimeout, OriginUnreachable, SourceNotAllowed
from imgsvc.origin.manner import FOUND_PICTURE, PAGE
from tests.support.fetching import BODY, fetching, near, read_all


async def test_anywhere(origin):
    """What a page named may redirect to a host that is on no list; what a client named may not."""
    origin.redirect("/a", f"http://other.test:{origin.port}/b")
    origin.serve("/b", BODY)
    near_both = near(origin) | {"IMGSVC_CONNECT_TO": origin.connect_to("origin.test", "other.test")}
    async with fetching(allowed="origin.test", **near_both) as fetcher:
        with pytest.raises(SourceNotAllowed):
            await fetcher.open(origin.url("/a"))
        fetched = await fetcher.open(origin.url("/a"), FOUND_PICTURE)
        assert await read_all(fetched.body) == BODY


async def test_anywhere_is_not_everywhere(origin):
    """A private address is out of reach all the same."""
    origin.redirect("/a", "http://127.0.0.1/b")
    async with fetching(**near(origin)) as fetcher:
        with pytest.raises(AddressNotPublic):
            await fetcher.open(origin.url("/a"), FOUND_PICTURE)


async def test_a_page_may_be_of_any_length(origin):
    """Who reads only the beginning is not refused for what is declared; it is asked for as a page."""
    origin.misdeclare("/", b"<html>", declared_bytes=10**9)
    async with fetching(**near(origin)) as fetcher:
        fetched = await fetcher.open(origin.url("/"), PAGE)
        async with aclosing(aiter(fetched.body)) as chunks:
            assert await anext(chunks) == b"<html>"
        await fetched.body.aclose()
    assert origin.requests[0].headers["Accept"].startswith("text/html")


async def test_the_encoding_of_a_page_is_told(origin):
    """A page's Content-Type comes with its parameters."""
    origin.serve("/", b"<html>", headers={"Content-Type": "text/html; charset=koi8-r"})
    async with fetching(**near(origin)) as fetcher:
        fetched = await fetcher.open(origin.url("/"), PAGE)
        await fetched.body.aclose()
    assert (fetched.content_type, fetched.media_type) == ("text/html; charset=koi8-r", "text/html")


async def test_whether_it_was_connected(origin):
    """An error says whether there was a connection: no port and no TLS are none, a silent server is one."""
    origin.stall_before_head("/a")
    async with fetching(**near(origin), IMGSVC_READ_TIMEOUT="0.2") as fetcher:
        with pytest.raises(OriginTimeout) as silent:
            await fetcher.open(origin.url("/a"))
        with pytest.raises(OriginUnreachable) as no_tls:
            await fetcher.open(origin.url("/a").replace("http:", "https:"))
    assert silent.value.was_connected
    assert not no_tls.value.was_connected
