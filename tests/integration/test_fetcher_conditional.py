"""Asking a source whether the version we have is still the one."""

import pytest

from imgsvc.errors import OriginStatus
from imgsvc.origin.answer import Fetched, NotModified, Validators
from tests.support.fetching import BODY, fetch, fetching, near, read_all

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
HEAD_304 = b"HTTP/1.1 304 Not Modified\r\n"


async def test_not_modified(origin):
    """A version that is still the one comes as a word without a body, with what the 304 says of its freshness."""
    renewed = {
        "Cache-Control": "max-age=7", "Expires": "0", "Date": "Sun, 06 Nov 1994 08:49:38 GMT", "Age": "3",
        "Content-Type": "text/html",
    }  # fmt: skip
    origin.conditional("/a", BODY, etag='"1"', last_modified=DATE, headers_304=renewed)
    async with fetching(**near(origin)) as fetcher:
        first = await fetcher.open(origin.url("/a"))
        assert await read_all(first.body) == BODY
        validators = Validators(url=first.url, etag=first.etag, last_modified=first.last_modified)
        answer = await fetcher.revalidate(origin.url("/a"), validators)

        assert answer == NotModified(
            url=origin.url("/a"), cache_control="max-age=7", expires="0", date="Sun, 06 Nov 1994 08:49:38 GMT",
            age="3", etag='"1"', last_modified=DATE,
        )  # fmt: skip
        assert fetcher.statistics().outcomes == {"ok": 1, "not_modified": 1}
    sent = origin.requests[1].headers
    assert (sent["If-None-Match"], sent["If-Modified-Since"]) == ('"1"', DATE)
    assert not {"If-None-Match", "If-Modified-Since"} & set(origin.requests[0].headers)


@pytest.mark.parametrize(
    "head",
    [b"\r\n", b"Content-Length: 0\r\n\r\n", b"Content-Length: 5000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"],
)
async def test_connection_is_given_back(origin, head):
    """A 304 has no body, whatever length it declares, so its connection serves the next request."""

    async def behave(exchange):
        exchange.keep_alive = True
        await exchange.send(HEAD_304 + head)

    origin.script("/a", behave)
    origin.serve("/b", BODY)
    validators = Validators(url=origin.url("/a"), etag='"1"')
    async with fetching(**near(origin)) as fetcher:
        for _ in range(3):
            assert isinstance(await fetcher.revalidate(origin.url("/a"), validators), NotModified)
            assert await fetch(fetcher, origin.url("/b")) == BODY

    assert origin.connections == 1


async def test_a_304_with_a_body(origin):
    """Bytes behind a 304 are nobody's answer: their connection serves nobody else."""

    async def behave(exchange):
        exchange.keep_alive = True
        await exchange.send(HEAD_304 + b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")

    origin.script("/a", behave)
    origin.serve("/b", BODY)
    validators = Validators(url=origin.url("/a"), etag='"1"')
    async with fetching(**near(origin)) as fetcher:
        assert isinstance(await fetcher.revalidate(origin.url("/a"), validators), NotModified)
        assert await fetch(fetcher, origin.url("/b")) == BODY


async def test_another_version(origin):
    """A source that has another version sends it, as if nothing had been said."""
    origin.conditional("/a", BODY, etag='"2"')
    async with fetching(**near(origin)) as fetcher:
        answer = await fetcher.revalidate(origin.url("/a"), Validators(url=origin.url("/a"), etag='"1"'))

        assert isinstance(answer, Fetched)
        assert answer.etag == '"2"'
        assert await read_all(answer.body) == BODY
        assert fetcher.statistics().outcomes == {"ok": 1}


async def test_at_the_end_of_redirects(origin):
    """Validators are told to the URL they came from only: not to the one that redirects there."""
    origin.redirect("/a", origin.url("/b", host="listed.test"))
    origin.conditional("/b", BODY, etag='"1"')
    validators = Validators(url=origin.url("/b", host="listed.test"), etag='"1"')
    async with fetching(**near(origin, "origin.test", "listed.test")) as fetcher:
        answer = await fetcher.revalidate(origin.url("/a"), validators)

        assert isinstance(answer, NotModified)
        assert answer.url == origin.url("/b", host="listed.test")
    assert ["If-None-Match" in request.headers for request in origin.requests] == [False, True]


async def test_redirected_elsewhere_since(origin):
    """A URL that leads elsewhere now is told nothing, and what is there comes whole."""
    origin.redirect("/a", origin.url("/c", host="listed.test"))
    origin.conditional("/c", BODY, etag='"1"')
    async with fetching(**near(origin, "origin.test", "listed.test")) as fetcher:
        answer = await fetcher.revalidate(origin.url("/a"), Validators(url=origin.url("/b"), etag='"1"'))

        assert isinstance(answer, Fetched)
        assert await read_all(answer.body) == BODY
    assert not any("If-None-Match" in request.headers for request in origin.requests)


@pytest.mark.parametrize("validators", [{}, {"etag": "*"}, {"etag": '"\r\n"'}])
async def test_a_304_nobody_asked_for(origin, validators):
    """A 304 to a request without conditions is a status like any other that carries no picture."""
    origin.script("/a", lambda x: x.head(304, {}))
    async with fetching(**near(origin)) as fetcher:
        with pytest.raises(OriginStatus):
            await fetcher.revalidate(origin.url("/a"), Validators(url=origin.url("/a"), **validators))
        with pytest.raises(OriginStatus):
            await fetcher.open(origin.url("/a"))

        assert fetcher.statistics().outcomes == {"OriginStatus": 2}


async def test_literal_address(origin):
    """A literal address that is led elsewhere by IMGSVC_CONNECT_TO is told its validators too."""
    origin.conditional("/a", BODY, etag='"1"')
    url = "http://203.0.113.7/a"
    async with fetching(**near(origin, "203.0.113.7")) as fetcher:
        assert isinstance(await fetcher.revalidate(url, Validators(url=url, etag='"1"')), NotModified)
    assert origin.requests[0].headers["Host"] == "203.0.113.7"


async def test_bytes_of_an_entity_tag(origin):
    """An entity tag beyond ASCII goes back byte for byte as it came."""
    origin.serve("/a", BODY, headers={"ETag": '"é"'})
    url = origin.url("/a")
    async with fetching(**near(origin)) as fetcher:
        first = await fetcher.open(url)
        await read_all(first.body)
        again = await fetcher.revalidate(url, Validators(url=url, etag=first.etag))
        assert isinstance(again, Fetched)
        await again.body.aclose()
    assert origin.requests[1].headers["If-None-Match"].encode("latin-1") == '"é"'.encode()
