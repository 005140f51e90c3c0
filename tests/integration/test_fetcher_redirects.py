"""Redirects, hop by hop, over a real server on loopback."""

import pytest

from imgsvc.errors import (
    PortNotAllowed,
    SourceNotAllowed,
    TooManyRedirects,
)
from tests.support.fetching import BODY, fetch, fetching, near, read_all


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(origin, status):
    """Three redirects lead to the picture, relative ones too, and the last URL is known."""
    origin.chain("/a", "b/c.jpg?q=1 2", redirects=1)
    origin.redirect("/a", "x/1", status=status)
    origin.redirect("/x/1", "./2", status=status)
    origin.redirect("/x/2", f"//origin.test:{origin.port}/b.jpg?q=1 2#f", status=status)
    origin.serve("/b.jpg", BODY)
    async with fetching(**near(origin)) as fetcher:
        fetched = await fetcher.open(origin.url("/a"))

        assert await read_all(fetched.body) == BODY
        assert fetched.url == origin.url("/b.jpg?q=1%202")
    assert origin.connections == 1


async def test_location_that_is_no_utf8(origin):
    """A ``Location`` in latin-1 means its bytes."""
    origin.redirect("/a", "/\udce9.jpg")
    origin.serve("/%E9.jpg", BODY)
    async with fetching(**near(origin)) as fetcher:
        assert await fetch(fetcher, origin.url("/a")) == BODY


@pytest.mark.parametrize(
    "location", [None, "", "http://[", "http://a:99999/", "/\\evil.test/", "http://", "/" + "a" * 4000]
)
async def test_redirects_to_nowhere(origin, location):
    """A redirect without a valid target is one too many."""
    origin.redirect("/a", location)
    async with fetching(**near(origin)) as fetcher:
        with pytest.raises(TooManyRedirects):
            await fetcher.open(origin.url("/a"))

        assert len(origin.requests) == 1


async def test_fourth_redirect_and_loop(origin):
    """A fourth redirect is not followed, nor one to where we have been."""
    origin.chain("/a", "/end", redirects=4)
    origin.serve("/end", BODY)
    origin.redirect("/loop", "/pool")
    origin.redirect("/pool", "/loop#again")
    async with fetching(**near(origin)) as fetcher:
        with pytest.raises(TooManyRedirects, match="more than 3"):
            await fetcher.open(origin.url("/a"))
        with pytest.raises(TooManyRedirects, match="loop"):
            await fetcher.open(origin.url("/loop"))

    assert (origin.hits("/end"), origin.hits("/a/3"), origin.hits("/loop")) == (0, 1, 1)


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("http://other.test:{port}/x", SourceNotAllowed),
        ("ftp://origin.test/x", SourceNotAllowed),
        ("data:image/png;base64,AA", SourceNotAllowed),
        ("file:///etc/passwd", SourceNotAllowed),
        ("http://u:p@origin.test:{port}/x", SourceNotAllowed),
        ("http://listed.test:22/x", PortNotAllowed),
        ("http://127.0.0.1/x", SourceNotAllowed),
    ],
)
async def test_forbidden_redirects(origin, location, error):
    """A redirect leaves the first host only for an allowed one, by http and on a port of the web."""
    origin.redirect("/a", location.format(port=origin.port))
    async with fetching(allowed="listed.test", **near(origin, "origin.test", "other.test")) as fetcher:
        with pytest.raises(error):
            await fetcher.open(origin.url("/a"))

    assert len(origin.requests) == 1


async def test_redirect_to_an_allowed_host(origin):
    """A redirect may lead to another host of the allow list, and is a request of its own there."""
    origin.redirect("/a", origin.url("/b", host="listed.test"))
    origin.serve("/b", BODY)
    async with fetching(allowed="listed.test", **near(origin, "origin.test", "listed.test")) as fetcher:
        assert await fetch(fetcher, origin.url("/a")) == BODY

    assert [r.headers["Host"].partition(":")[0] for r in origin.requests] == ["origin.test", "listed.test"]
