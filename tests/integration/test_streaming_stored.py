"""A large source once it is stored: like any other picture, without asking its origin."""

import asyncio
import hashlib

import pytest

from tests.support import pictures
from tests.support.large import (
    broken_off,
    halves,
    huge,
    nothing_left,
    photo,
    pull,
    statistics,
    streaming_service,
    until,
)
from tests.support.origin import ScriptedOrigin
from tests.support.service import IMAGES

PER_REQUEST = {"X-Request-ID", "Date", "Age", "Server-Timing", "Cache-Status", "Connection"}


@pytest.fixture
async def service(origin: ScriptedOrigin, tmp_path):
    async with streaming_service(tmp_path, origin) as service:
        yield service


@pytest.fixture
async def url(service, origin, tmp_path) -> str:
    """The address of a source that was streamed once and is stored now."""
    origin.serve("/a.jpg", photo(), headers={"Last-Modified": "Wed, 01 Jan 2025 00:00:00 GMT"})
    async with pull(service, origin.url("/a.jpg")) as answer:
        assert await answer.read() == photo()
    await nothing_left(service, tmp_path)
    return origin.url("/a.jpg")


async def test_it_is_a_hit(service, origin, url):
    """The next client gets it from the store, with ETag, as a hit; the origin is not asked."""
    answer = await service.image(url, f="original")

    assert answer.body == photo()
    assert answer.headers["ETag"].startswith('"')
    assert answer.headers["Content-Length"] == str(len(photo()))
    assert (answer.headers["X-Cache"], answer.headers["X-Source"]) == ("HIT", "store")
    assert answer.headers["Cache-Status"].startswith("imgsvc-store; hit")
    assert "Age" in answer.headers
    assert origin.hits("/a.jpg") == 1


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=70000-200000", 70_000, 200_001),
        ("bytes=-5", -5, None),
        ("bytes=300000-", 300_000, None),
    ],
)
async def test_ranges(service, origin, url, asked, start, stop):
    """A range is answered with exactly its bytes and 206."""
    answer = await service.image(url, {"Range": asked}, f="original")
    size = len(photo())

    assert (answer.status, answer.body) == (206, photo()[start:stop])
    first, last = range(size)[start], (size if stop is None else stop) - 1
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert origin.hits("/a.jpg") == 1


async def test_conditions(service, url):
    """If-Range, If-None-Match and If-Modified-Since hold; what cannot be satisfied is 416 with the size."""
    whole = await service.image(url, f="original")
    etag, changed = whole.headers["ETag"], {"Range": "bytes=5-9", "If-Range": '"other"'}
    part = await service.image(url, {"Range": "bytes=5-9", "If-Range": etag}, f="original")
    all_of_it = await service.image(url, changed, f="original")
    beyond = await service.image(url, {"Range": f"bytes={len(photo())}-"}, f="original")
    same = await service.image(url, {"If-None-Match": etag}, f="original")
    since = await service.image(url, {"If-Modified-Since": "Wed, 01 Jan 2025 00:00:00 GMT"}, f="original")

    assert (part.status, part.body) == (206, photo()[5:10])
    assert (all_of_it.status, all_of_it.body) == (200, photo())
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(photo())}")
    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", etag)
    assert (since.status, since.body) == (304, b"")


async def test_head_is_get_without_the_body(service, url):
    """HEAD gives the status and headers of GET."""
    got = await service.image(url, f="original")
    headed = await service.request("HEAD", IMAGES, url=url, f="original")

    assert (headed.status, headed.body) == (200, b"")
    apart = {name for name, _ in set(got.headers.items()) ^ set(headed.headers.items())}
    assert apart <= PER_REQUEST


async def test_by_the_next_process(service, origin, url, tmp_path):
    """What one process stored another finds; its transforms are made from the stored bytes."""
    async with streaming_service(tmp_path, origin) as other:
        found = await other.image(url, f="original")
        small = await other.image(url, w=50, f="png")

    assert (found.body, found.headers["X-Source"]) == (photo(), "store")
    assert (small.headers["X-Cache"], small.headers["X-Source"]) == ("MISS", "store")
    assert pictures.decoded(small.body).width == 50
    assert origin.hits("/a.jpg") == 1


async def test_damage_in_the_store_heals(service, origin, url, tmp_path):
    """Bytes that rot in the store break off the answer that finds out, and the next gets them from the origin."""
    (path,) = (p for p in (tmp_path / "store").rglob("original=o"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    async with pull(service, url) as answer:
        assert photo().startswith((await broken_off(answer))[:100_000])
    async with pull(service, url) as answer:
        body = await answer.read()

    assert body == photo()
    assert origin.hits("/a.jpg") == 2


async def test_twenty_sizes_of_a_cold_one(service, origin):
    """Twenty sizes asked for at once cost one fetch, and the original is stored beside them."""
    gate, url = halves(origin, "/b.jpg", photo()), origin.url("/b.jpg")
    asked = [asyncio.create_task(service.image(url, w=20 + n, f="png")) for n in range(20)]
    await gate.reached.wait()
    gate.open()
    answers = await asyncio.gather(*asked)
    original = await service.image(url, f="original")

    assert [pictures.decoded(answer.body).width for answer in answers] == list(range(20, 40))
    assert original.body == photo()
    assert origin.hits("/b.jpg") == 1


async def test_a_transform_while_the_source_streams(service, origin, tmp_path):
    """A size asked for while a client still reads the source joins that fetch; so does a client after it."""
    gate, url = halves(origin, "/b.jpg", photo()), origin.url("/b.jpg")
    async with asyncio.timeout(60), pull(service, url) as streamed:
        await gate.reached.wait()
        small = asyncio.create_task(service.image(url, w=30, f="png"))
        async with pull(service, url) as another:
            gate.open()
            assert await streamed.read() == await another.read() == photo()
        assert pictures.decoded((await small).body).width == 30
    assert origin.hits("/b.jpg") == 1


async def test_a_full_ledger(service, origin):
    """When bodies under way hold all they may, small ones go on in files and are answered right, with their ETag."""
    small = pictures.jpeg(pictures.noise(100, 100))
    gate, url = halves(origin, "/s.jpg", small), origin.url("/s.jpg")
    ledger = service.opened.owners["transfers"]
    capacity_bytes = ledger.statistics().capacity_bytes
    ledger.take_regardless(capacity_bytes)
    try:
        asked = asyncio.create_task(service.image(url, f="original"))
        await until(lambda: statistics(service, "space").files == 1)
        gate.open()
        original = await asked
        made = await service.image(url, w=40, f="png")
    finally:
        ledger.give_back(capacity_bytes)

    assert original.body == small
    assert original.headers["Content-Length"] == str(len(small))
    assert "ETag" in original.headers
    assert pictures.decoded(made.body).width == 40


async def test_a_purge_of_a_stored_one(origin, tmp_path):
    """A purge deletes the stored bytes; who reads them gets them to the end, who comes after asks the origin."""
    async with streaming_service(tmp_path, origin, IMGSVC_ADMIN_TOKEN="t") as service:
        origin.serve("/h.jpg", huge())
        url = origin.url("/h.jpg")
        assert (await service.image(url, f="original")).body == huge()
        await nothing_left(service, tmp_path)
        async with pull(service, url) as reading:
            first = await reading.content.readexactly(1000)
            purged = await service.request("DELETE", IMAGES, {"Authorization": "Bearer t"}, url=url)
            rest = await reading.content.read()
        again = await service.image(url, f="original")

    assert purged.json()["removed"] >= 1
    assert first + rest == again.body == huge()
    assert origin.hits("/h.jpg") == 2


async def test_by_its_key(origin, tmp_path):
    """A large object asked for by its key in the store is answered and resized like its source, ranges included."""
    async with streaming_service(tmp_path, origin, IMGSVC_ALLOWED_HOSTS="*.test,store:") as service:
        origin.serve("/a.jpg", photo())
        expected = await service.image(origin.url("/a.jpg"), w=40, f="png")
        await nothing_left(service, tmp_path)
        (path,) = (tmp_path / "store").rglob("original=o")
        key = f"s3://images/image/{path.parent.name}/original"
        whole, size = await service.image(key, f="original"), await service.image(key, w=40, f="png")
        part = await service.image(key, {"Range": "bytes=-9"}, f="original")

    assert (whole.body, whole.headers["X-Source"]) == (photo(), "store")
    assert (size.status, size.body) == (200, expected.body)
    assert (part.status, part.body) == (206, photo()[-9:])
    assert origin.hits("/a.jpg") == 1


async def test_at_the_cdn(origin, tmp_path):
    """Once stored, a large source is answered with its address at the CDN where that is asked for; nothing is read."""
    env = {"IMGSVC_DELIVERY": "redirect", "IMGSVC_CDN_BASE_URL": "https://cdn.test"}
    async with streaming_service(tmp_path, origin, **env) as service:
        origin.serve("/a.jpg", photo())
        first = await service.image(origin.url("/a.jpg"), f="original")
        await nothing_left(service, tmp_path)
        second = await service.image(origin.url("/a.jpg"), f="original")

    digest = hashlib.sha256(photo()).hexdigest()
    assert (first.status, first.body) == (200, photo())
    assert second.status == 302
    assert second.headers["Location"].endswith(f"/original?v={digest[:8]}")


async def test_stale_and_fetched_anew(origin, tmp_path):
    """When its time is over a large source is fetched again behind an answer, and takes the place of the old."""
    async with streaming_service(tmp_path, origin, IMGSVC_MIN_TTL="0") as service:
        origin.serve("/a.jpg", photo(), headers={"Cache-Control": "max-age=0"})
        first = await service.image(origin.url("/a.jpg"), f="original")
        await nothing_left(service, tmp_path)
        changed = pictures.jpeg(pictures.noise(700, 500, seed=2), Q=90)
        origin.serve("/a.jpg", changed, headers={"Cache-Control": "max-age=1000"})
        second = await service.image(origin.url("/a.jpg"), f="original")
        await nothing_left(service, tmp_path)
        third = await service.image(origin.url("/a.jpg"), f="original")

    assert (first.body, second.body, third.body) == (photo(), photo(), changed)
    assert (second.headers["X-Cache"], third.headers["X-Cache"]) == ("STALE", "HIT")
    assert origin.hits("/a.jpg") == 2
