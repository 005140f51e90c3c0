"""Origins that fail while a large source arrives: nobody gets a short body for a whole one, and nothing is left."""

import asyncio

import pytest

from tests.support.http_server import Exchange
from tests.support.large import (
    broken_off,
    halves,
    holds,
    huge,
    nothing_left,
    photo,
    pull,
    statistics,
    streaming_service,
    until,
)
from tests.support.origin import JPEG, ScriptedOrigin

HALF = len(photo()) // 2


@pytest.fixture
async def service(origin: ScriptedOrigin, tmp_path):
    """A service that waits for a source that is held up for the test's sake."""
    async with streaming_service(tmp_path, origin, IMGSVC_ADMIN_TOKEN="t") as service:
        yield service


async def nothing_stored(service, tmp_path) -> None:
    """Nothing is held, and the store has no object but marks of purges."""
    await nothing_left(service, tmp_path)
    assert list((tmp_path / "store" / "images").rglob("*=o")) == []


async def test_reset_before_the_head(service, origin, tmp_path):
    """An origin that resets at once is a failed source, for size and original alike."""
    origin.reset_before_head("/a")
    first = await service.image(origin.url("/a"), f="original")
    second = await service.image(origin.url("/a"), w=10)

    assert [(a.status, a.json()["code"]) for a in (first, second)] == [(502, "source-failed")] * 2
    await nothing_stored(service, tmp_path)


async def test_reset_before_the_first_byte(service, origin, tmp_path):
    """A head that declares much and then a reset is a problem document, not an empty picture."""

    async def behave(exchange: Exchange) -> None:
        await exchange.head(headers=JPEG | {"Content-Length": str(len(photo()))})
        exchange.reset()

    origin.script("/a", behave)
    answer = await service.image(origin.url("/a"), f="original")

    assert (answer.status, answer.json()["code"]) == (502, "source-failed")
    await nothing_stored(service, tmp_path)


@pytest.mark.parametrize("how", ["reset", "short", "stall", "unfinished"])
async def test_after_the_first_bytes(origin, tmp_path, how):
    """A source that resets, ends short, stalls or never says its end breaks its answers off; later it is told why."""
    gate = asyncio.Event()

    async def behave(exchange: Exchange) -> None:
        chunked = how == "unfinished"
        length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(photo()))}
        await exchange.head(headers=JPEG | length)
        frame = b"%x\r\n%s\r\n" % (HALF, photo()[:HALF])
        await exchange.send(frame if chunked else photo()[:HALF])
        await gate.wait()
        if how == "reset":
            exchange.reset()
        if how == "stall":
            await exchange.stall()

    origin.script("/a", behave)
    url = origin.url("/a")
    # The source is silent until both have its first bytes, which may take its time.
    timeout = {"IMGSVC_READ_TIMEOUT": "2"} if how == "stall" else {}
    async with streaming_service(tmp_path, origin, **timeout) as service:
        async with asyncio.timeout(60), pull(service, url) as one, pull(service, url) as two:
            gate.set()
            bodies = await asyncio.gather(broken_off(one), broken_off(two))
        await nothing_stored(service, tmp_path)
        later = await service.image(url, f="original")
        failed = statistics(service, "downloads").failed

    assert one.status == two.status == 200
    assert all(photo().startswith(body) and len(body) < len(photo()) for body in bodies)
    assert later.status in {502, 504}
    assert "Retry-After" in later.headers
    assert origin.hits("/a") == 1
    assert failed == 1


async def test_a_reset_is_no_end(service, origin, tmp_path):
    """A body whose only end is that of its connection is broken off, not ended, when the origin resets that."""
    gate = asyncio.Event()

    async def behave(exchange: Exchange) -> None:
        await exchange.head(headers=JPEG | {"Connection": "close"})
        await exchange.send(photo()[:HALF])
        await gate.wait()
        exchange.reset()

    origin.script("/a", behave)
    async with asyncio.timeout(60), pull(service, origin.url("/a")) as answer:
        await answer.content.readexactly(HALF // 2)
        gate.set()
        await broken_off(answer)
    await nothing_stored(service, tmp_path)


async def test_an_end_by_closing(service, origin, tmp_path):
    """A body that ends with its connection, in good order, is whole and stored."""

    async def behave(exchange: Exchange) -> None:
        await exchange.head(headers=JPEG | {"Connection": "close"})
        await exchange.send(photo())

    origin.script("/a", behave)
    answer = await service.image(origin.url("/a"), f="original")
    await nothing_left(service, tmp_path)
    again = await service.image(origin.url("/a"), f="original")

    assert answer.body == again.body == photo()
    assert again.headers["X-Source"] == "store"


@pytest.mark.parametrize("how", ["reset", "stall"])
@pytest.mark.parametrize("w", [50, None], ids=["size", "json"])
async def test_under_a_transform(origin, tmp_path, how, w):
    """A size of a source that breaks off or stalls is told as the source's fault; no permit and no thread is kept."""
    reached = asyncio.Event()

    async def behave(exchange: Exchange) -> None:
        await exchange.head(headers=JPEG | {"Content-Length": str(len(huge("png")))})
        await exchange.send(huge("png")[: 11 << 19])
        reached.set()
        if how == "reset":
            await until(lambda: w is None or statistics(service, "transforms").piping)
            exchange.reset()
        await exchange.stall()

    origin.script("/a", behave)
    query = {"f": "json"} if w is None else {"w": w}
    # The first transform takes its time to begin, and until then a source that is to break off is silent.
    read_timeout = "100" if how == "reset" else "0.3"
    async with streaming_service(tmp_path, origin, IMGSVC_READ_TIMEOUT=read_timeout) as service:
        answer = await service.image(origin.url("/a"), **query)

        assert answer.status == (502 if how == "reset" else 504)
        await nothing_stored(service, tmp_path)


async def test_more_than_was_declared(service, origin, tmp_path):
    """Bytes behind the declared end are no part of the picture and harm nobody."""
    origin.misdeclare("/a", photo() + b"GET / HTTP/1.1\r\n" * 1000, declared_bytes=len(photo()))
    answer = await service.image(origin.url("/a"), f="original")
    await nothing_left(service, tmp_path)
    again = await service.image(origin.url("/a"), f="original")

    assert answer.body == again.body == photo()
    assert again.headers["X-Source"] == "store"


async def test_a_purge_while_it_streams(service, origin, tmp_path):
    """What is purged while it arrives reaches those who read it, and is not kept; who asks after it fetches anew."""
    gate, url = halves(origin, "/a", photo()), origin.url("/a")
    async with asyncio.timeout(60), pull(service, url) as one:
        first = await one.content.readexactly(HALF)
        purged = await service.request("DELETE", "/api/cache/images", {"Authorization": "Bearer t"}, url=url)
        async with pull(service, url) as two:
            await origin.until_hits("/a", 2)
            gate.open()
            bodies = first + await one.content.read(), await two.content.read()
    await nothing_left(service, tmp_path)
    third = await service.image(url, f="original")

    assert purged.status == 200
    assert bodies == (photo(), photo())
    assert third.body == photo()
    # What began before the purge may have taken its successor's object away with its own; never the other way round.
    assert third.headers["X-Source"] in {"origin", "store"}


async def test_a_purge_and_nobody_after_it(service, origin, tmp_path):
    """A purge in the middle, and no further request: when all is over the store has nothing of that source."""
    gate, url = halves(origin, "/a", photo()), origin.url("/a")
    async with asyncio.timeout(60), pull(service, url) as one:
        first = await one.content.readexactly(HALF)
        before = holds(service)
        size = asyncio.create_task(service.image(url, w=20))
        await until(lambda: holds(service) > before)  # its flight has come as far as the original
        await service.request("DELETE", "/api/cache/images", {"Authorization": "Bearer t"}, url=url)
        gate.open()
        assert first + await one.content.read() == photo()
        assert (await size).status == 200
    await nothing_stored(service, tmp_path)
