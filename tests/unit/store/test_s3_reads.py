"""Reads without a client, before a server that answers what the test says."""

import asyncio
from functools import partial
from itertools import repeat
from pathlib import Path

import pytest

from imgsvc.errors import StoreError
from imgsvc.store import s3_plain
from imgsvc.store.base import StoredObject
from imgsvc.store.s3 import S3Store
from imgsvc.store.s3_client import ATTEMPTS
from tests.support.blobs import meta_of
from tests.support.tls import make_certificate, server_context
from tests.unit.store.scripted_bucket import FOUND, Script, error, opened, script
from tests.unit.store.test_s3 import DATA, KEY, metadata_headers, response, settings_of

pytestmark = pytest.mark.slow

HEAD_FOUND = response("200 OK", b"", len(DATA), ETag='"e"', **metadata_headers(DATA))
BY_CLIENT = "amz-sdk-invocation-id"
"""A header that botocore's client sends, and only it."""
ENOUGH = 20
"""Requests for four calls, each made by the client after all, which asks for the bucket's region and retries."""


async def test_no_client_for_a_read():
    """Reading and looking make no client, and send one request each."""
    async with script(FOUND, HEAD_FOUND, error("404 Not Found", "NoSuchKey")) as server, opened(server) as store:
        assert await store.get(KEY) == StoredObject(DATA, meta_of(DATA))
        assert await store.stat(KEY) == meta_of(DATA)
        assert await store.get(KEY) is None
        assert store._client._opening._opening is None
        assert [head.split()[0] for head in server.heads] == ["get", "head", "get"]
        assert (store.statistics().hits, store.statistics().misses, store.statistics().failures) == (2, 1, 0)


@pytest.mark.parametrize(
    "first",
    [error("503 Slow Down", "SlowDown"), response("503 No", b"<Error/>"), response("502 No", b"<html>"), b""],
    ids=["503", "nameless", "502", "closed"],
)
async def test_once_more(first: bytes):
    """What may be better the next time is asked once more, and nobody hears of it."""
    async with script(first, FOUND) as server, opened(server) as store:
        assert (await store.get(KEY)).data == DATA
        assert len(server.heads) == ATTEMPTS
        assert store.statistics().failures == 0


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (response("200 OK", DATA, **metadata_headers(DATA)), "ETag"),
        (response("200 OK", DATA, ETag='"e"'), "LastModified"),
    ],
)
async def test_answers_that_say_too_little(answer: bytes, word: str):
    """An object of which something is not said that has to be known is a failure."""
    async with script(answer) as server, opened(server) as store:
        with pytest.raises(StoreError, match=word):
            await store.open(KEY, lambda _: False)


async def test_object_of_no_type():
    """An object of somebody else's whose type is not said is read all the same."""
    answer = response("200 OK", DATA, Last_Modified="Wed, 21 Oct 2015 07:28:00 GMT")
    async with script(answer) as server, opened(server) as store:
        assert (await store.get(KEY)).meta.media_type == "application/octet-stream"


@pytest.mark.parametrize("first", ["300 Multiple Choices", "403 Forbidden"])
async def test_errors_that_say_nothing(first: str):
    """An error that does not name itself is a failure like any other."""
    async with script(response(first, b"<Error></Error>")) as server, opened(server) as store:
        with pytest.raises(StoreError, match="unknown"):
            await store.get(KEY)
        assert len(server.heads) == 1


async def test_no_more_than_that():
    """A server that goes on failing is left after the last attempt, and named by its code."""
    async with script(*[error("503 Slow Down", "SlowDown")] * 3) as server, opened(server) as store:
        with pytest.raises(StoreError, match="SlowDown"):
            await store.get(KEY)
        assert len(server.heads) == ATTEMPTS
        assert store.statistics().failures == 1


async def test_silent_server(monkeypatch: pytest.MonkeyPatch):
    """A server that says nothing is given up after the time limit, twice."""
    monkeypatch.setattr(s3_plain, "READ_TIMEOUT_SECONDS", 0.1)
    async with script(None, None) as server, opened(server) as store:
        with pytest.raises(StoreError, match="ReadTimeoutError"):
            await store.get(KEY)
        assert len(server.heads) == ATTEMPTS


async def test_silent_in_the_middle(monkeypatch: pytest.MonkeyPatch):
    """A body that stalls is a failure, and the object stays."""
    monkeypatch.setattr(s3_plain, "READ_TIMEOUT_SECONDS", 0.1)

    async def stalls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response("200 OK", DATA[:2], len(DATA), **metadata_headers(DATA)))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(stalls, "127.0.0.1", 0) as listening:
        server = Script(())
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with opened(server) as store:
            with pytest.raises(StoreError):
                await store.get(KEY)
            assert (store.statistics().failures, store.statistics().damaged) == (1, 0)


async def test_no_length():
    """An answer that does not say how long it is is a failure, and its connection is closed, not kept."""
    head = "".join(f"{name}: {value}\r\n" for name, value in metadata_headers(DATA).items())
    left = asyncio.Event()

    async def goes_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{head}\r\n5\r\nbytes\r\n".encode())
        await reader.read()
        left.set()
        writer.close()

    async with await asyncio.start_server(goes_on, "127.0.0.1", 0) as listening:
        server = Script(())
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        async with opened(server) as store:
            with pytest.raises(StoreError) as caught:
                await store.get(KEY)
            await asyncio.wait_for(left.wait(), 10)
            assert "ValueError" in caught.value.detail  # still held, and so are the frames that it went through


@pytest.mark.parametrize(
    "redirect",
    [
        error("301 Moved Permanently", "PermanentRedirect", Endpoint="elsewhere"),
        error("400 Bad Request", "AuthorizationHeaderMalformed", Region="eu-west-1"),
    ],
    ids=["redirect", "region"],
)
async def test_bucket_of_another_region(redirect: bytes):
    """The client is asked to find the bucket, and makes the reads from then on."""
    async with script(redirect, FOUND, FOUND) as server, opened(server) as store:
        assert (await store.get(KEY)).data == DATA
        assert (await store.get(KEY)).data == DATA
        assert [BY_CLIENT in head for head in server.heads] == [False, True, True]


async def test_bucket_that_is_elsewhere_for_now():
    """A redirect that is not for good is followed by the client, once."""
    redirect = error("307 Temporary Redirect", "TemporaryRedirect")
    async with script(redirect, FOUND, FOUND) as server, opened(server) as store:
        assert [(await store.get(KEY)).data for _ in range(2)] == [DATA, DATA]
        assert [BY_CLIENT in head for head in server.heads] == [False, True, False]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect"])
async def test_redirect_with_an_address(status: str):
    """A signed request goes where it was signed for, and to nobody whom an answer names, whoever reads or writes."""
    async with script(FOUND) as elsewhere, script() as server, opened(server, S3_SESSION_TOKEN="token") as store:
        server.answers = repeat(response(status, b"", Location=f"{elsewhere.url}/there"))
        for work in (store.get, store.stat, partial(store.put, data=DATA, meta=meta_of(DATA)), store.delete):
            with pytest.raises(StoreError, match="reached"):
                await work(KEY)
        assert elsewhere.heads == []
        assert len(server.heads) < ENOUGH


async def test_closed_while_a_read_waits():
    """A store that closes while an answer is waited for ends the wait as a failure, and opens nothing more."""
    async with script(None) as server, opened(server) as store:
        reading = asyncio.create_task(store.get(KEY))
        async with asyncio.timeout(10):
            while not server.heads:
                await asyncio.sleep(0.001)
        await store.aclose()
        with pytest.raises(StoreError):
            await reading
        assert len(server.heads) == 1


async def test_head_that_says_nothing():
    """A HEAD that is merely refused is left to the client once; the next read is plain again."""
    async with script() as server, opened(server) as store:
        server.answers = (FOUND if head.startswith("get") else response("400 No", b"") for head in server.heads)
        with pytest.raises(StoreError, match="400"):
            await store.stat(KEY)
        assert (await store.get(KEY)).data == DATA
        assert [BY_CLIENT in head for head in server.heads if "/bucket/images" in head][:2] == [False, True]
        assert BY_CLIENT not in server.heads[-1]


@pytest.mark.parametrize(
    "status", ["403 RequestTimeTooSkewed", "403 InvalidAccessKeyId", "400 ExpiredToken", "404 NoSuchBucket"]
)
async def test_refusals(status: str):
    """Refusals are failures by their names, asked once, with nothing secret in them."""
    code = status.partition(" ")[2]
    refusal = error(status, code, Message="key secret token")
    async with script(refusal) as server, opened(server, S3_SESSION_TOKEN="token") as store:
        with pytest.raises(StoreError) as caught:
            await store.get(KEY)
        assert caught.value.detail == f"The object store answered {code}."
        assert len(server.heads) == 1
        assert "x-amz-security-token: token" in server.heads[0]


async def test_bucket_that_is_not_plain():
    """What is not plain is read by the client, as ever."""
    async with script(FOUND) as server, opened(server, S3_BUCKET="dotted.bucket") as store:
        assert (await store.get(KEY)).data == DATA
        assert BY_CLIENT in server.heads[0]


async def test_proxy(monkeypatch: pytest.MonkeyPatch):
    """A proxy that the environment names is asked, as by the client."""
    async with script(FOUND) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        store = S3Store(settings_of(S3_ENDPOINT_URL="http://s3.test"))
        assert (await store.get(KEY)).data == DATA
        assert proxy.heads[0].startswith(f"get http://s3.test/bucket/{KEY} http/1.1")
        await store.aclose()


async def test_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Certificates are checked against those of botocore's configuration: one that is not among them is a failure."""
    certificate, key = make_certificate(tmp_path, "IP:127.0.0.1")
    async with script(FOUND, tls=server_context(certificate, key)) as server:
        async with opened(server) as store:
            with pytest.raises(StoreError, match="SSLError"):
                await store.get(KEY)
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        async with opened(server) as store:
            assert (await store.get(KEY)).data == DATA
