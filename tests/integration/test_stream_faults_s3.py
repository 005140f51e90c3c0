"""Large sources on their way into a bucket, and every way in which that fails: no upload stays open."""

import asyncio
import itertools
from functools import cache

import pytest

from imgsvc.store import s3_writer
from tests.support import pictures
from tests.support.http_server import Exchange
from tests.support.large import (
    broken_off,
    framed,
    halves,
    nothing_left,
    photo,
    pull,
    statistics,
    streaming_service,
)
from tests.support.origin import JPEG, ScriptedOrigin
from tests.support.proxy import Proxy
from tests.support.seaweed import Seaweed, seaweed  # noqa: F401 - a fixture
from tests.support.tools import free_ports

pytestmark = pytest.mark.early

ADMIN = {"Authorization": "Bearer t"}
PART_BYTES = 8 << 20
_numbers = itertools.count()


@cache
def parts() -> bytes:
    """A PNG of some 18 MB: three parts of an upload."""
    return pictures.png(pictures.noise(2900, 2050), compression=0)


class Bucket:
    """A bucket of the test's own, perhaps behind a proxy."""

    def __init__(self, server: Seaweed, name: str, folder) -> None:
        self.server = server
        self.name = name
        self.env = server.values(name) | {"IMGSVC_ADMIN_TOKEN": "t", "IMGSVC_SPOOL_DIR": str(folder / "spool")}

    def by(self, url: str) -> dict[str, str]:
        return self.env | {"S3_ENDPOINT_URL": url}

    async def uploads(self) -> list[str]:
        """Names of the uploads that are open now."""
        async with self.server.client() as client:
            answer = await client.list_multipart_uploads(Bucket=self.name)
            return [upload["Key"] for upload in answer.get("Uploads", ())]

    async def until_uploading(self) -> None:
        async with asyncio.timeout(60):
            while not await self.uploads():
                await asyncio.sleep(0.01)

    async def keys(self) -> list[str]:
        """Give the ends of all keys but those of purge marks."""
        async with self.server.client() as client:
            answer = await client.list_objects_v2(Bucket=self.name, Prefix="im")  # pictures, and uploads under way
            return sorted(item["Key"].rpartition("/")[2] for item in answer.get("Contents", ()))


@pytest.fixture
async def bucket(seaweed: Seaweed, tmp_path):  # noqa: F811 - the fixture
    """A bucket in which at the end nothing is half uploaded, and no finished upload lies under its own name."""
    bucket = Bucket(seaweed, f"streams-{next(_numbers)}", tmp_path)
    await seaweed.make_bucket(bucket.name)
    yield bucket
    assert await bucket.uploads() == []
    assert [key for key in await bucket.keys() if key not in {"original", "source.json"}] == []


@pytest.fixture
async def proxy(seaweed: Seaweed):  # noqa: F811 - the fixture
    async with Proxy(seaweed.endpoint_url) as proxy:
        yield proxy


async def test_in_parts(bucket, origin: ScriptedOrigin, tmp_path):
    """While the first client reads, parts go up already; later clients, ranges and processes find the whole."""
    gate, url = halves(origin, "/a", parts(), at=PART_BYTES + 500_000), origin.url("/a")
    async with streaming_service(tmp_path, origin, **bucket.env) as service:
        async with asyncio.timeout(60), pull(service, url) as one:
            first = await one.content.readexactly(PART_BYTES)
            await bucket.until_uploading()
            gate.open()
            assert first + await one.content.read() == parts()
        await nothing_left(service, tmp_path)
        assert statistics(service, "downloads").stored == 1
    async with streaming_service(tmp_path, origin, **bucket.env) as service:
        found = await service.image(url, f="original")
        part = await service.image(url, {"Range": f"bytes={PART_BYTES - 10}-{PART_BYTES + 9}"}, f="original")
        same = await service.image(url, {"If-None-Match": found.headers["ETag"]}, f="original")

    assert (found.body, found.headers["X-Source"]) == (parts(), "store")
    assert (part.status, part.body) == (206, parts()[PART_BYTES - 10 : PART_BYTES + 10])
    assert same.status == 304
    assert origin.hits("/a") == 1
    assert await bucket.keys() == ["original", "source.json"]


async def test_a_bucket_that_is_not_there(bucket, origin, tmp_path):
    """With the endpoint refusing from the start all clients get all bytes; health says it, and nothing is kept."""
    env = bucket.by(f"http://127.0.0.1:{free_ports(1)[0]}")
    async with streaming_service(tmp_path, origin, **env) as service:
        gate, url = halves(origin, "/a", photo()), origin.url("/a")
        async with asyncio.timeout(60), pull(service, url) as one, pull(service, url) as two:
            gate.open()
            assert await one.read() == await two.read() == photo()
        await nothing_left(service, tmp_path)
        health = await service.request("GET", "/api/health")
        figures = statistics(service, "downloads")

    assert (figures.stored, figures.not_stored) == (0, 1)
    assert (health.status, "store-failing" in health.json()["reasons"]) == (200, True)


@pytest.mark.parametrize("after_bytes", [0, 100_000, PART_BYTES + 300_000])
async def test_cut_in_the_middle_of_a_part(bucket, proxy, origin, tmp_path, after_bytes):
    """A connection to the store that breaks in a part, however often, costs the object and no client a byte."""
    async with streaming_service(tmp_path, origin, proxy, **bucket.by(proxy.url)) as service:
        gate, url = halves(origin, "/a", parts(), at=200_000), origin.url("/a")
        async with asyncio.timeout(60), pull(service, url) as one:
            first = await one.content.readexactly(200_000)
            proxy.fail("cut", after_bytes=after_bytes, times=2)
            gate.open()
            assert first + await one.content.read() == parts()
        await nothing_left(service, tmp_path)
        figures = statistics(service, "downloads")
        again = await service.image(url, f="original")
        await nothing_left(service, tmp_path)

    assert proxy.faults == 2
    assert (figures.stored + figures.not_stored, again.body) == (1, parts())
    assert await bucket.keys() == ["original", "source.json"]


async def test_stalled_in_the_middle_of_a_part(bucket, proxy, origin, tmp_path, monkeypatch):
    """A store that takes no more bytes is given up after its time; the clients have long had theirs."""
    monkeypatch.setattr(s3_writer, "PART_TIMEOUT_SECONDS", 1.0)
    async with streaming_service(tmp_path, origin, proxy, **bucket.by(proxy.url)) as service:
        gate, url = halves(origin, "/a", parts(), at=200_000), origin.url("/a")
        async with asyncio.timeout(60), pull(service, url) as one:
            first = await one.content.readexactly(200_000)
            proxy.fail("stall", after_bytes=1_000_000, times=1)
            gate.open()
            assert first + await one.content.read() == parts()
        assert statistics(service, "downloads").running == 1
        await nothing_left(service, tmp_path)
        # asyncio closes a connection whose bytes nobody takes only when its other end is gone.
        await proxy.drop()

    assert statistics(service, "downloads").not_stored == 1


async def test_a_slow_store_slows_nobody(bucket, proxy, origin, tmp_path):
    """Clients have all bytes long before a slow store has; it gets them all the same."""
    async with streaming_service(tmp_path, origin, proxy, **bucket.by(proxy.url)) as service:
        origin.serve("/a", photo())
        await service.image(origin.url("/warm"))  # the client of the bucket is made on first use
        proxy.slow_down(0.05)
        async with asyncio.timeout(60), pull(service, origin.url("/a")) as one:
            assert await one.read() == photo()
        assert statistics(service, "downloads").running == 1
        await nothing_left(service, tmp_path)

    assert statistics(service, "downloads").stored == 1


@pytest.mark.parametrize("how", ["client", "origin", "purge", "too large", "end"])
async def test_given_up_while_it_uploads(bucket, origin, tmp_path, how):
    """Whatever ends a download whose parts are in the bucket already, its upload is aborted."""
    env = bucket.env | {"IMGSVC_DRAIN_DEADLINE": "0", "IMGSVC_READ_TIMEOUT": "20"}
    env |= {"MAX_IMAGE_SIZE_BYTES": "18000000"} if how == "too large" else {}
    reset = asyncio.Event()
    body, first_bytes = parts() * 2, PART_BYTES + 500_000

    async def behave(exchange: Exchange) -> None:
        await exchange.head(headers=JPEG | {"Transfer-Encoding": "chunked"})
        await exchange.send(framed(body[:first_bytes]))
        await gate.wait()
        if reset.is_set():
            return exchange.reset()
        return await exchange.send(framed(body[first_bytes:]) + b"0\r\n\r\n")

    gate = asyncio.Event()
    origin.script("/a", behave)
    async with streaming_service(tmp_path, origin, **env) as service:
        async with asyncio.timeout(60), pull(service, origin.url("/a")) as one:
            await one.content.readexactly(PART_BYTES)
            await bucket.until_uploading()
            if how == "origin":
                reset.set()
            if how == "purge":
                await service.request("DELETE", "/api/cache/images", ADMIN, url=origin.url("/a"))
            if how == "end":
                await asyncio.wait_for(service.opened.owners["downloads"].aclose(0.2), 60)
            gate.set()
            if how == "purge":
                await one.read()
            elif how != "client":
                await broken_off(one)
            one.close()
        await nothing_left(service, tmp_path)

    assert await bucket.keys() == []


async def test_more_than_may_upload_at_once(bucket, origin, tmp_path):
    """Ten at once are all stored, however few parts go up at a time, and every client gets its own."""
    async with streaming_service(tmp_path, origin, **bucket.env) as service:
        bodies = [photo() + b"%d" % n for n in range(10)]
        for n, body in enumerate(bodies):
            origin.serve(f"/{n}", body)
        answers = await asyncio.gather(*(service.image(origin.url(f"/{n}"), f="original") for n in range(10)))
        await nothing_left(service, tmp_path)
        again = await asyncio.gather(*(service.image(origin.url(f"/{n}"), f="original") for n in range(10)))

    assert [answer.body for answer in answers] == [answer.body for answer in again] == bodies
    assert {answer.headers["X-Source"] for answer in again} == {"store"}
