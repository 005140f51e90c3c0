"""A large source while it arrives: who gets which bytes, when, and with which headers."""

import asyncio
import hashlib

import pytest

from tests.support import pictures
from tests.support.large import (
    broken_off,
    connect,
    halves,
    huge,
    nothing_left,
    photo,
    pull,
    request_head,
    statistics,
    streaming_service,
    until,
)
from tests.support.origin import ScriptedOrigin


@pytest.fixture
async def service(origin: ScriptedOrigin, tmp_path):
    async with streaming_service(tmp_path, origin) as service:
        yield service


async def test_bytes_arrive_while_the_origin_still_sends(service, origin):
    """Status, headers and the first half are with the client before the origin has sent the second."""
    gate = halves(origin, "/a.jpg", photo(), headers={"Cache-Control": "max-age=90000"})
    async with asyncio.timeout(60), pull(service, origin.url("/a.jpg")) as answer:
        first = await answer.content.readexactly(len(photo()) // 2)
        running = statistics(service, "downloads").running
        gate.open()
        rest = await answer.content.read()

    assert first + rest == photo()
    assert running == 1
    assert answer.status == 200
    headers = answer.headers
    assert (headers["Content-Type"], headers["Content-Length"]) == ("image/jpeg", str(len(photo())))
    assert (headers["X-Cache"], headers["X-Source"]) == ("MISS", "origin")
    assert headers["Cache-Control"].startswith("public, max-age=90000")
    assert "ETag" not in headers
    for name in ("X-Request-Id", "X-System-Status", "Content-Security-Policy", "Last-Modified", "Cache-Status"):
        assert name in headers


async def test_an_undeclared_length(service, origin):
    """A chunked source is streamed once it is over the threshold, in chunks and without a Content-Length."""
    gate = halves(origin, "/a.jpg", photo(), chunked=True)
    async with asyncio.timeout(60), pull(service, origin.url("/a.jpg")) as answer:
        first = await answer.content.readexactly(len(photo()) // 2)
        gate.open()
        rest = await answer.content.read()

    assert first + rest == photo()
    assert "Content-Length" not in answer.headers
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert "ETag" not in answer.headers


async def test_an_undeclared_length_below_the_threshold(service, origin):
    """A chunked source that turns out small is answered like any small one: with ETag and Content-Length."""
    small = pictures.jpeg(pictures.noise(100, 100))
    origin.chunked("/a.jpg", small)
    answer = await service.image(origin.url("/a.jpg"), f="original")

    assert answer.body == small
    assert answer.headers["Content-Length"] == str(len(small))
    assert "ETag" in answer.headers


async def test_a_client_of_http_1_0(service, origin):
    """Whoever knows no chunks gets the bytes up to the end of the connection."""
    origin.chunked("/a.jpg", photo(), piece_bytes=50_000)
    async with await connect(service) as wire:
        await wire.send(request_head(origin.url("/a.jpg"), "1.0"))
        head, _, body = (await wire.rest()).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.0 200")
    assert b"chunked" not in head.lower()
    assert body == photo()


@pytest.mark.parametrize(
    "headers", [{"Range": "bytes=0-9"}, {"If-None-Match": "*"}, {"If-Modified-Since": "Thu, 01 Jan 2099 00:00:00 GMT"}]
)
async def test_conditions_do_not_hold_yet(service, origin, headers):
    """While nothing is known of the whole, a range or a condition is answered 200 with all of it."""
    gate = halves(origin, "/a.jpg", photo())
    async with asyncio.timeout(60), pull(service, origin.url("/a.jpg"), headers) as answer:
        gate.open()
        body = await answer.read()

    assert (answer.status, body) == (200, photo())
    assert "Content-Range" not in answer.headers


async def test_who_joins_in_the_middle_gets_all(service, origin):
    """A second client gets every byte from the first on, while the source still arrives; it is fetched once."""
    gate, url = halves(origin, "/a.jpg", photo()), origin.url("/a.jpg")
    half = len(photo()) // 2
    async with asyncio.timeout(60), pull(service, url) as one:
        early = await one.content.readexactly(half)
        async with pull(service, url) as two:
            late = await two.content.readexactly(half)
            gate.open()
            bodies = early + await one.content.read(), late + await two.content.read()

    assert bodies == (photo(), photo())
    assert two.headers["X-Source"] == "origin"
    assert origin.hits("/a.jpg") == 1


async def test_a_slow_client_slows_nobody(service, origin):
    """A client that takes nothing for now holds back neither origin, store nor another client, and gets all in time."""
    origin.serve("/a.jpg", huge())
    url = origin.url("/a.jpg")
    async with await connect(service, tiny=True) as slow:
        await slow.send(request_head(url))
        await until(lambda: statistics(service, "downloads").running)
        async with asyncio.timeout(60), pull(service, url) as fast:
            assert await fast.read() == huge()
        await until(lambda: statistics(service, "downloads").stored == 1)
        reply = await slow.reply()

    assert reply.body == huge()
    assert origin.hits("/a.jpg") == 1


async def test_head_of_a_cold_one(service, origin, tmp_path):
    """A HEAD is answered after the head of the source, without a body, while the source still sends."""
    gate = halves(origin, "/a.jpg", photo())
    async with await connect(service) as wire:
        await wire.send(request_head(origin.url("/a.jpg"), method="HEAD"))
        reply = await wire.reply(head_only=True)
        gate.open()
        await nothing_left(service, tmp_path)
        await wire.send(request_head(origin.url("/a.jpg"), method="HEAD"))
        again = await wire.reply(head_only=True)

    assert (reply.status, reply.headers["content-length"]) == (200, str(len(photo())))
    assert (again.status, again.headers["x-cache"]) == (200, "HIT")


async def test_two_hundred_at_once(service, origin):
    """Two hundred clients of one cold source cost one fetch, and each gets all the bytes."""
    gate, url = halves(origin, "/a.jpg", photo()), origin.url("/a.jpg")
    digest = hashlib.sha256(photo()).digest()

    async def ask() -> bool:
        async with pull(service, url) as answer:
            return answer.status == 200 and hashlib.sha256(await answer.read()).digest() == digest

    async with asyncio.timeout(60):
        asked = [asyncio.create_task(ask()) for _ in range(200)]
        await gate.reached.wait()
        await asyncio.sleep(0)
        gate.open()
        assert all(await asyncio.gather(*asked))
    assert origin.hits("/a.jpg") == 1


async def test_no_store_is_streamed_and_kept_nowhere(service, origin, tmp_path):
    """A source that forbids keeping is streamed to the one who asked; others fetch for themselves."""
    gate = halves(origin, "/a.jpg", photo(), headers={"Cache-Control": "no-store"})
    url = origin.url("/a.jpg")
    async with asyncio.timeout(60), pull(service, url) as one, pull(service, url) as two:
        await origin.until_hits("/a.jpg", 2)
        gate.open()
        bodies = await one.read(), await two.read()
    await nothing_left(service, tmp_path)
    third = await service.image(url, f="original")

    assert bodies == (photo(), photo())
    assert third.body == photo()
    assert {one.headers["Cache-Control"], two.headers["Cache-Control"]} == {"private, no-store"}
    assert origin.hits("/a.jpg") == 3
    assert [path.name for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


async def test_found_too_large_on_the_way(origin, tmp_path):
    """A source that grows over the limit after its answer began ends that answer with an error, not as a short body."""
    async with streaming_service(tmp_path, origin, MAX_IMAGE_SIZE_BYTES="300000") as service:
        origin.chunked("/a.jpg", photo(), piece_bytes=50_000)
        async with asyncio.timeout(60), pull(service, origin.url("/a.jpg")) as answer:
            got = await broken_off(answer)
        await nothing_left(service, tmp_path)
        again = await service.image(origin.url("/a.jpg"), f="original")

    assert answer.status == 200
    assert len(got) < len(photo())
    assert photo().startswith(got)
    assert (again.status, again.json()["code"]) == (413, "too-large")
    assert origin.hits("/a.jpg") == 1


async def test_broken_off_for_a_client_of_http_1_0(origin, tmp_path):
    """Where only the connection's end ends a body, a broken one ends in a reset: it must not look whole."""
    async with streaming_service(tmp_path, origin, MAX_IMAGE_SIZE_BYTES="300000") as service:
        origin.chunked("/a.jpg", photo(), piece_bytes=50_000)
        async with await connect(service) as wire:
            await wire.send(request_head(origin.url("/a.jpg"), "1.0"))
            with pytest.raises(ConnectionResetError):
                await read_on(wire)


async def read_on(wire) -> None:
    """Read to the end of a connection."""
    while await wire.read():
        pass
