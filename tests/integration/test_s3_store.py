"""The S3 store before a real server: the contract, and what only a bucket can do."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from imgsvc.errors import StoreError
from imgsvc.store.s3 import S3Store
from imgsvc.store.s3_writer import UPLOADS
from tests.contracts.store import DATA, KEY, ODD_KEYS, ObjectStoreContract, Plant
from tests.contracts.streaming import StreamingContract, large, read, stream_of  # noqa: F401 - a fixture
from tests.contracts.writing import Leftovers, WritingContract, long_file  # noqa: F401 - a fixture
from tests.support.blobs import meta_of
from tests.support.seaweed import Seaweed, seaweed  # noqa: F401 - a fixture

pytestmark = pytest.mark.early

_numbers = itertools.count()


@pytest.fixture
async def bucket(seaweed: Seaweed) -> str:  # noqa: F811 - the fixture
    """A bucket of the test's own."""
    name = f"tests-{next(_numbers)}"
    await seaweed.make_bucket(name)
    return name


@pytest.fixture
async def store(seaweed: Seaweed, bucket: str) -> AsyncIterator[S3Store]:  # noqa: F811 - the fixture
    store = S3Store(seaweed.settings(bucket))
    yield store
    await store.aclose()


@pytest.fixture
async def raw(seaweed: Seaweed):  # noqa: F811 - the fixture
    """A client of the test's own."""
    async with seaweed.client() as client:
        yield client


@pytest.fixture
def plant(raw, bucket: str) -> Plant:
    async def plant(key: str, data: bytes, texts: dict[str, str] | None) -> None:
        metadata = {name.replace("_", "-"): text for name, text in (texts or {}).items()}
        await raw.put_object(Bucket=bucket, Key=key, Body=data, Metadata=metadata)

    return plant


@pytest.fixture
def leftovers(raw, bucket: str) -> Leftovers:
    async def leftovers() -> list[str]:
        uploads = await raw.list_multipart_uploads(Bucket=bucket)
        objects = await raw.list_objects_v2(Bucket=bucket, Prefix=UPLOADS)
        return [x["Key"] for x in (*uploads.get("Uploads", ()), *objects.get("Contents", ()))]

    return leftovers


class TestS3Store(ObjectStoreContract):
    """The contract; this server, unlike AWS, takes no segment of more than 255 bytes."""

    odd_keys = [key for key in ODD_KEYS if max(len(s.encode()) for s in key.split("/")) <= 255]  # noqa: RUF012 - never changed


class TestS3Streaming(StreamingContract):
    """The contract's streaming part."""


class TestS3Writing(WritingContract):
    """The contract's writing part."""


async def test_headers_for_a_cdn(store: S3Store, raw, bucket: str):
    """The object itself carries type and lifetime, and metadata in names that proxies let through."""
    await store.put(KEY, DATA, meta_of(DATA, lifetime_seconds=14400, width=640))
    head = await raw.head_object(Bucket=bucket, Key=KEY)
    assert head["ContentType"] == "image/webp"
    assert head["CacheControl"] == "public, max-age=14400"
    assert head["Metadata"]["width"] == "640"
    assert not [name for name in head["Metadata"] if "_" in name]


async def test_foreign_object(store: S3Store, plant: Plant):
    """An object that somebody else put there is read, counts as stale, and stays."""
    png = b"\x89PNG\r\n\x1a\n" + DATA
    await plant(KEY, png, None)
    found = await store.get(KEY)

    assert found is not None
    assert found.data == png
    assert found.meta.media_type == "image/png"
    assert found.meta.fresh_until == found.meta.fetched_at
    assert await store.stat(KEY) is None
    assert [key async for key in store.list("")] == [KEY]
    assert store.statistics().damaged == 0


async def test_empty_foreign_object(store: S3Store, plant: Plant):
    """An empty object of somebody else is nothing, and stays."""
    await plant(KEY, b"", None)

    assert await store.get(KEY) is None
    assert [key async for key in store.list("")] == [KEY]


async def test_list_pages(store: S3Store, raw, bucket: str):
    """More keys than one page holds are all listed."""
    keys = [f"p/{i:04}" for i in range(1100)]
    limit = asyncio.Semaphore(16)

    async def put(key: str) -> None:
        async with limit:
            await raw.put_object(Bucket=bucket, Key=key, Body=b"x")

    await asyncio.gather(*(put(key) for key in keys))
    assert sorted([key async for key in store.list("p/")]) == keys


async def test_no_such_bucket(seaweed: Seaweed):  # noqa: F811 - the fixture
    """A bucket that is not there is a failure by name, not a miss."""
    store = S3Store(seaweed.settings("not-there"))
    with pytest.raises(StoreError, match="NoSuchBucket"):
        await store.get(KEY)
    with pytest.raises(StoreError):
        await store.ping()
    assert store.statistics().failures == 2
    await store.aclose()


async def test_wrong_secret(seaweed: Seaweed, bucket: str):  # noqa: F811 - the fixture
    """A wrong secret is a failure by name, and the secret is not in it."""
    store = S3Store(seaweed.settings(bucket, S3_SECRET_ACCESS_KEY="wrong-secret"))
    with pytest.raises(StoreError) as caught:
        await store.put(KEY, DATA, meta_of(DATA))
    assert "SignatureDoesNotMatch" in caught.value.detail
    assert "wrong-secret" not in str(caught.value)
    await store.aclose()


async def test_wrong_secret_of_a_reader(seaweed: Seaweed, bucket: str):  # noqa: F811 - the fixture
    """A read that is signed with a wrong secret is a failure by name, without a client."""
    store = S3Store(seaweed.settings(bucket, S3_SECRET_ACCESS_KEY="wrong-secret"))
    with pytest.raises(StoreError, match=r"answered SignatureDoesNotMatch\.$"):
        await store.get(KEY)
    with pytest.raises(StoreError):
        await store.stat(KEY)
    assert store._client._opening._opening is None
    await store.aclose()


async def test_one_client_for_all(store: S3Store):
    """However many ask at once for the first time, one client is made, and one that leaves takes it from nobody."""
    calls = [asyncio.create_task(store.get(f"k/{i}")) for i in range(20)]
    await asyncio.sleep(0)
    calls[0].cancel()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert outcomes[1:] == [None] * 19


async def test_cancelled_get(store: S3Store):
    """A read cancelled half-way gives its connection back: many in a row leave the store usable."""
    data = b"x" * 3_000_000
    await store.put(KEY, data, meta_of(data))
    for steps in range(40):
        get = asyncio.create_task(store.get(KEY))
        for _ in range(steps):
            await asyncio.sleep(0)
        get.cancel()
        await asyncio.wait((get,))
    assert (await store.get(KEY)).data == data
