"""Answers of a real server on loopback, good and bad, as the fetcher sees them."""

import gzip
import random

import pytest

from imgsvc.errors import (
    InvalidRequest,
    OriginStatus,
    OriginUnreachable,
    OriginUnresolvable,
    SourceNotFound,
    SourceTooLarge,
)
from imgsvc.origin.own import LoopGuard
from imgsvc.stream.inflate import inflate
from tests.support.fetching import BODY, Names, fetch, fetching, near, read_all
from tests.support.origin import Canary


async def test_whole_answer(origin):
    """An honest answer comes with its bytes, its few headers, and the address it came from."""
    headers = {
        "ETag": '"1"', "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT", "Cache-Control": "max-age=5",
        "Expires": "0", "Date": "Sun, 06 Nov 1994 08:49:38 GMT", "Age": "3", "Content-Type": "Image/JPEG; q=1",
        "Content-Encoding": "identity", "Set-Cookie": "a=b",
    }  # fmt: skip
    origin.serve("/a.jpg", BODY, headers=headers)
    async with fetching(**near(origin)) as fetcher:
        fetched = await fetcher.open(origin.url("/a.jpg?b=%20c+d"))

        assert fetched.body.declared_bytes == len(BODY)
        assert await read_all(fetched.body) == BODY
        assert fetched.url == origin.url("/a.jpg?b=%20c+d")
        assert (fetched.etag, fetched.last_modified) == ('"1"', "Sun, 06 Nov 1994 08:49:37 GMT")
        assert (fetched.cache_control, fetched.expires, fetched.age) == ("max-age=5", "0", "3")
        assert (fetched.date, fetched.media_type) == ("Sun, 06 Nov 1994 08:49:38 GMT", "image/jpeg")
        assert fetched.content_encoding is None
        assert fetcher.statistics().outcomes == {"ok": 1}


async def test_request_headers(origin):
    """A request says who we are and wants bytes as they are; it carries no cookie and the original host."""
    origin.serve("/a", BODY, headers={"Set-Cookie": "secret=1; Path=/"})
    async with fetching(own=LoopGuard(instance_id="me"), **near(origin)) as fetcher:
        await fetch(fetcher, origin.url("/a?x=%2F&y=ä"))
        await fetch(fetcher, origin.url("/a"))

    sent = origin.requests[0].headers
    assert origin.requests[0].target == "/a?x=%2F&y=%C3%A4"
    assert sent["Host"] == f"origin.test:{origin.port}"
    assert (sent["Accept-Encoding"], sent["Via"]) == ("identity", "1.1 imgsvc-me")
    assert sent["User-Agent"].startswith("imgsvc/")
    assert sent["Accept"].startswith("image/*")
    assert not {"Cookie", "Authorization", "Referer"} & set(origin.requests[1].headers)


async def test_a_name_of_its_own_for_a_host(origin):
    """A host that wants another name is asked under it, on every hop; others under ours."""
    origin.redirect("/a", "http://other.test/b")
    origin.serve("/b", BODY)
    near_both = {"IMGSVC_CONNECT_TO": f"*.test=127.0.0.1:{origin.port}", "IMGSVC_ALLOWED_HOSTS": "*.test"}
    async with fetching(**near_both, IMGSVC_USER_AGENTS="other.test=Bot/1 (a, b)") as fetcher:
        await fetch(fetcher, "http://origin.test/a")

    assert [request.headers["User-Agent"].partition("/")[0] for request in origin.requests] == ["imgsvc", "Bot"]


async def test_connections_are_reused(origin):
    """A body read to its end leaves its connection to the next request for the same host."""
    origin.serve("/a", BODY)
    async with fetching(**near(origin)) as fetcher:
        for _ in range(3):
            await fetch(fetcher, origin.url("/a"))

    assert origin.connections == 1


async def test_environment_proxies_are_ignored(origin, monkeypatch):
    """A proxy in the environment is asked nothing."""
    async with Canary() as canary:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
        origin.serve("/a", BODY)
        async with fetching(**near(origin)) as fetcher:
            assert await fetch(fetcher, origin.url("/a")) == BODY

        assert canary.connections == 0


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, SourceNotFound), (410, SourceNotFound), (400, OriginStatus), (401, OriginStatus), (403, OriginStatus),
        (429, OriginStatus), (500, OriginStatus), (503, OriginStatus), (204, OriginStatus), (205, OriginStatus),
        (206, OriginStatus), (304, OriginStatus), (300, OriginStatus), (305, OriginStatus), (101, OriginStatus),
    ],
)  # fmt: skip
async def test_statuses(origin, status, error):
    """A status without a whole body is an error, and its body is nobody's business."""
    origin.serve("/a", b"" if status in (204, 304, 101) else b"SECRET", status=status)
    async with fetching(**near(origin)) as fetcher:
        with pytest.raises(error) as caught:
            await fetcher.open(origin.url("/a"))

        assert "SECRET" not in caught.value.detail
    await origin.until_open_connections()


@pytest.mark.parametrize("status", [200, 201, 203])
async def test_good_statuses(origin, status):
    """Any 2xx that carries a whole body is good."""
    origin.serve("/a", BODY, status=status)
    async with fetching(**near(origin)) as fetcher:
        assert await fetch(fetcher, origin.url("/a")) == BODY


async def test_unresolvable():
    """A name without an address is that, whether the look-up fails or finds nothing; one that can be none is no URL."""
    async with fetching(names=Names(empty_test=[[]])) as fetcher:
        for host in ("missing.test", "empty.test"):
            with pytest.raises(OriginUnresolvable):
                await fetcher.open(f"http://{host}/a")
        with pytest.raises(InvalidRequest):
            await fetcher.open(f"http://{'a' * 64}.test/a")


async def test_nobody_listens(origin):
    """A refused connection is an unreachable source, and the detail says nothing of the address."""
    async with Canary() as canary:
        port = canary.port
    async with fetching(IMGSVC_CONNECT_TO=f"origin.test=127.0.0.1:{port}") as fetcher:
        with pytest.raises(OriginUnreachable) as caught:
            await fetcher.open("http://origin.test/a?secret=1")

        assert "127.0.0.1" not in caught.value.detail
        assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "script",
    [
        lambda o: o.reset_before_head("/a"),
        lambda o: o.reset_mid_body("/a", BODY),
        lambda o: o.misdeclare("/a", BODY, declared_bytes=len(BODY) + 1),
        lambda o: o.chunked("/a", BODY, finish=False),
        lambda o: o.garbage("/a"),
        lambda o: o.garbage("/a", b""),
        lambda o: o.garbage("/a", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
        lambda o: o.huge_headers("/a"),
        lambda o: o.huge_headers("/a", field_bytes=10_000, fields=1),
        lambda o: o.huge_headers("/a", field_bytes=1, fields=200),
    ],
    ids=["reset", "reset-mid-body", "truncated", "truncated-chunks", "garbage", "empty", "bad-length", "huge-headers",
         "long-header", "many-headers"],
)  # fmt: skip
async def test_broken_answers(origin, script):
    """A connection that breaks off and an answer that is no HTTP are an unreachable source, and leave nothing open."""
    script(origin)
    async with fetching(**near(origin)) as fetcher:
        with pytest.raises(OriginUnreachable) as caught:
            await fetch(fetcher, origin.url("/a"))
        await origin.until_open_connections()

        assert caught.value.__cause__ is None
        assert fetcher.statistics().outcomes == {"OriginUnreachable": 1}


async def test_more_than_declared(origin):
    """Bytes behind the declared end are not the picture's, and their connection serves nobody else."""
    origin.misdeclare("/a", b"good" + b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad", declared_bytes=4)
    async with fetching(**near(origin)) as fetcher:
        for _ in range(2):
            assert await fetch(fetcher, origin.url("/a")) == b"good"

    assert origin.hits("/a") == 2


async def test_too_large_when_declared(origin):
    """A body declared too large is refused before any of it is read."""
    origin.stall_after_head("/a", declared_bytes=1001)
    async with fetching(**near(origin), MAX_IMAGE_SIZE_BYTES=1000) as fetcher:
        with pytest.raises(SourceTooLarge):
            await fetcher.open(origin.url("/a"))
        await origin.until_open_connections()


@pytest.mark.parametrize("script", [lambda o: o.endless("/a"), lambda o: o.chunked("/a", BODY)])
async def test_too_large_when_counted(origin, script):
    """A body that declares nothing is counted, and ends at the limit."""
    script(origin)
    async with fetching(**near(origin), MAX_IMAGE_SIZE_BYTES=100_000) as fetcher:
        fetched = await fetcher.open(origin.url("/a"))

        assert fetched.body.declared_bytes is None
        with pytest.raises(SourceTooLarge):
            await read_all(fetched.body)
        await origin.until_open_connections()


async def test_chunked(origin):
    """A chunked body arrives whole, in chunks that are never empty nor over 64 KiB."""
    origin.chunked("/a", BODY)
    async with fetching(**near(origin)) as fetcher:
        fetched = await fetcher.open(origin.url("/a"))
        chunks = [chunk async for chunk in fetched.body]

        assert b"".join(chunks) == BODY
        assert all(0 < len(chunk) <= 65536 for chunk in chunks)
        await fetched.body.aclose()


async def test_compressed_answers_stay_compressed(origin):
    """A body with a Content-Encoding comes as it is, with its encoding's name; undoing it is bounded."""
    text = random.Random(1).randbytes(len(BODY))
    origin.gzipped("/a", text)
    origin.gzipped("/bomb", bytes(20_000_000))
    async with fetching(**near(origin)) as fetcher:
        fetched = await fetcher.open(origin.url("/a"))

        assert fetched.content_encoding == "gzip"
        data = await read_all(fetched.body)
        assert gzip.decompress(data) == inflate(data, "gzip", len(text)) == text
        bomb = await fetch(fetcher, origin.url("/bomb"))
        with pytest.raises(SourceTooLarge):
            inflate(bomb, "gzip", 30_000_000)


async def test_unclean_headers(origin):
    """Header texts are cleaned, overlong validators dropped, and an overlong Cache-Control taken for no-store."""
    origin.serve(
        "/a",
        BODY,
        headers={"ETag": '"\udcff\udce9"', "Last-Modified": "x" * 2000, "Cache-Control": "a" * 5000, "Age": ""},
    )
    async with fetching(**near(origin)) as fetcher:
        fetched = await fetcher.open(origin.url("/a"))
        await fetched.body.aclose()

        assert (fetched.etag, fetched.last_modified, fetched.age) == ('""', None, None)
        assert fetched.cache_control == "no-store"


async def test_cache_control_in_several_fields(origin):
    """Several Cache-Control fields count together."""
    head = b"HTTP/1.1 200 OK\r\nCache-Control: max-age=9\r\nCache-Control: private\r\nContent-Length: 0\r\n\r\n"
    origin.script("/a", lambda x: x.send(head))
    async with fetching(**near(origin)) as fetcher:
        fetched = await fetcher.open(origin.url("/a"))
        await fetched.body.aclose()

        assert fetched.cache_control == "max-age=9, private"
