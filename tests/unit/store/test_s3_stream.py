"""Streams of a bucket whose server answers what the test says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from imgsvc.errors import StoreError
from imgsvc.store.s3 import S3Store
from imgsvc.store.s3_stream import S3Stream
from tests.unit.store.test_s3 import KEY, metadata_headers, response, server, settings_of

pytestmark = pytest.mark.slow

DATA = b"0123456789" * 20_000


@contextlib.asynccontextmanager
async def opened(*answers: bytes) -> AsyncIterator[tuple[S3Store, S3Stream]]:
    """A stream opened by the first answer; the others are those of the requests that follow."""
    waiting = iter(answers)
    async with server(lambda _, w: w.write(next(waiting))) as url:
        store = S3Store(settings_of(S3_ENDPOINT_URL=url))
        stream = await store.open(KEY, lambda _: False)
        assert isinstance(stream, S3Stream)
        yield store, stream
        stream.close()
        await store.aclose()


def answer(data: bytes, declared_bytes: int | None = None) -> bytes:
    return response("200 OK", data, declared_bytes, ETag='"e"', **metadata_headers(DATA))


async def read(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in chunks])


async def test_body_breaks_off():
    """A body that ends before its declared length is a failure, not damage: the object may be sound."""
    async with opened(answer(DATA[:100_000], len(DATA))) as (store, stream):
        with pytest.raises(StoreError):
            await read(stream.chunks())
        assert (store.statistics().failures, store.statistics().damaged) == (1, 0)


async def test_range_is_too_short():
    """A range answered with fewer bytes than asked for is a failure."""
    async with opened(answer(DATA), response("206 Partial Content", b"12345", ETag='"e"')) as (_, stream):
        with pytest.raises(StoreError):
            await read(stream.chunks(10, 20))


@pytest.mark.parametrize(
    ("status", "code"), [("412 Precondition Failed", "PreconditionFailed"), ("404 Not Found", "NoSuchKey")]
)
async def test_another_by_now(status: str, code: str):
    """An object that is another one, or none, by the time of the second GET cannot be read on."""
    error = response(status, f"<Error><Code>{code}</Code></Error>".encode())
    async with opened(answer(DATA), error) as (store, stream):
        with pytest.raises(StoreError, match="another"):
            await read(stream.chunks(1))
        assert await read(stream.chunks()) == DATA
        assert store.statistics().failures == 0


async def test_server_that_knows_no_conditions():
    """A range of another object is not taken, though the server gives it."""
    async with opened(answer(DATA), response("206 Partial Content", b"12345", ETag='"f"')) as (_, stream):
        with pytest.raises(StoreError, match="another"):
            await read(stream.chunks(10, 15))


async def test_server_that_knows_no_ranges():
    """A whole object is not taken for a part of it."""
    async with opened(answer(DATA), answer(DATA)) as (_, stream):
        with pytest.raises(StoreError):
            await read(stream.chunks(10, 15))


async def test_range_of_no_name():
    """A range that does not say of which object it is is not taken."""
    async with opened(answer(DATA), response("206 Partial Content", b"12345")) as (_, stream):
        with pytest.raises(StoreError, match="another"):
            await read(stream.chunks(10, 15))


async def test_closed_while_asked():
    """A stream closed while a range is asked for gives nothing of it."""
    async with opened(answer(DATA), response("206 Partial Content", b"12345", ETag='"e"')) as (_, stream):
        reader = asyncio.create_task(read(stream.chunks(10, 15)))
        await asyncio.sleep(0)
        stream.close()
        with pytest.raises(StoreError, match="closed"):
            await reader


async def test_damage_that_cannot_be_looked_at():
    """Damage is damage though the bucket then says no to everything."""
    no = response("403 Forbidden", b"")
    async with opened(answer(DATA[::-1]), no, no) as (store, stream):
        with pytest.raises(StoreError, match="damaged"):
            await read(stream.chunks())
        assert store.statistics().damaged == 1
