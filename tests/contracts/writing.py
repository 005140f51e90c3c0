"""What every object store does with objects written in parts; inherited, with a fixture ``leftovers`` besides.

``await leftovers()`` gives the names of whatever a writer may have left behind.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from imgsvc.errors import StoreError
from imgsvc.store.base import PART_BYTES, ObjectStore, ObjectWriter, StoredObject
from imgsvc.stream.base import FileRange
from tests.contracts.store import DATA, KEY, keys_of
from tests.contracts.streaming import read, steps, stream_of
from tests.support.blobs import meta_of

Leftovers = Callable[[], Awaitable[list[str]]]

LONG = os.urandom(2 * PART_BYTES + 4321)


@pytest.fixture
def long_file(tmp_path: Path) -> Iterator[int]:
    """A descriptor of a file with something before and behind :data:`LONG`."""
    (tmp_path / "long").write_bytes(b"before" + LONG + b"behind")
    descriptor = os.open(tmp_path / "long", os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def parts_of(descriptor: int, size_bytes: int = len(LONG)) -> list[FileRange]:
    return [
        FileRange(descriptor, len(b"before") + at, min(PART_BYTES, size_bytes - at))
        for at in range(0, size_bytes, PART_BYTES)
    ]


async def write(writer: ObjectWriter, parts: list[FileRange]) -> None:
    for part in parts:
        await writer.write(part)


@asynccontextmanager
async def writing(store: ObjectStore, key: str = KEY) -> AsyncIterator[ObjectWriter]:
    writer = await store.open_writer(key)
    try:
        yield writer
    finally:
        await writer.abort()


class WritingContract:
    """The suite."""

    async def test_parts(self, store: ObjectStore, long_file: int, leftovers: Leftovers):
        """What was written in parts is got as one object, bytes and metadata; nothing is seen of it before."""
        meta = meta_of(LONG, width=640, degraded="frames", lifetime_seconds=60)
        async with writing(store) as writer:
            assert writer.part_bytes == PART_BYTES
            await write(writer, parts_of(long_file))
            assert await keys_of(store) == []
            assert await store.get(KEY) is None
            await writer.commit(meta)
            assert await leftovers() == []
        assert await store.get(KEY) == StoredObject(LONG, meta)
        assert await store.stat(KEY) == meta
        assert await keys_of(store) == [KEY]
        assert store.statistics().writes == 1

    async def test_one_small_part(self, store: ObjectStore, long_file: int):
        """The last part, and be it the only one, may be small; it can be read in pieces as well."""
        data = LONG[:100]
        async with writing(store) as writer:
            await write(writer, parts_of(long_file, 100))
            await writer.commit(meta_of(data))
        stream = await stream_of(store)
        assert stream.meta == meta_of(data)
        assert await read(stream.chunks()) == data
        stream.close()

    async def test_old_until_commit(self, store: ObjectStore, long_file: int):
        """What was there stays until the commit, and an aborted writer changes nothing."""
        await store.put(KEY, DATA, meta_of(DATA))
        async with writing(store) as writer:
            await write(writer, parts_of(long_file))
        assert (await store.get(KEY)).data == DATA
        async with writing(store) as writer:
            await write(writer, parts_of(long_file))
            assert (await store.get(KEY)).data == DATA
            await writer.commit(meta_of(LONG))
        assert await store.get(KEY) == StoredObject(LONG, meta_of(LONG))

    async def test_no_parts(self, store: ObjectStore, leftovers: Leftovers):
        """An object without bytes is refused."""
        async with writing(store) as writer:
            with pytest.raises(StoreError):
                await writer.commit(meta_of(b""))
        assert await keys_of(store) == await leftovers() == []

    @pytest.mark.parametrize("parts", [0, 1, 3])
    async def test_abort(self, store: ObjectStore, long_file: int, leftovers: Leftovers, parts: int):
        """An abort leaves nothing, may be repeated, and ends the writer."""
        writer = await store.open_writer(KEY)
        await write(writer, parts_of(long_file)[:parts])
        await asyncio.gather(writer.abort(), writer.abort())
        await writer.abort()
        assert await keys_of(store) == await leftovers() == []
        with pytest.raises(StoreError):
            await writer.write(parts_of(long_file)[0])
        with pytest.raises(StoreError):
            await writer.commit(meta_of(LONG))

    async def test_abort_after_commit(self, store: ObjectStore, long_file: int, leftovers: Leftovers):
        """After a commit an abort does no harm, and nothing more can be written."""
        async with writing(store) as writer:
            await write(writer, parts_of(long_file))
            await writer.commit(meta_of(LONG))
            with pytest.raises(StoreError):
                await writer.write(parts_of(long_file)[0])
        await writer.abort()
        assert (await store.get(KEY)).data == LONG
        assert await leftovers() == []

    async def test_abort_beside_write(self, store: ObjectStore, long_file: int, leftovers: Leftovers):
        """An abort in the middle of a write ends it as a failure, not as a cancellation, and leaves nothing."""
        for turns in (1, 4, 16, 64):
            writer = await store.open_writer(KEY)
            work = asyncio.create_task(write(writer, parts_of(long_file)))
            await steps(turns)
            await writer.abort()
            with pytest.raises(StoreError):
                await work
            assert await leftovers() == []

    async def test_cancelled_abort(self, store: ObjectStore, long_file: int, leftovers: Leftovers):
        """An abort whose caller is cancelled is finished all the same, at the latest when the store is closed."""
        writer = await store.open_writer(KEY)
        await write(writer, parts_of(long_file)[:1])
        abort = asyncio.create_task(writer.abort())
        await steps(1)
        abort.cancel()
        await asyncio.wait((abort,))
        await store.aclose()
        assert await leftovers() == []

    async def test_cancelled_write(self, store: ObjectStore, long_file: int, leftovers: Leftovers):
        """A write cancelled at any point, its file closed at once, leaves nothing after the abort."""
        for turns in (0, 1, 2, 4, 8, 16, 32, 64, 128):
            writer = await store.open_writer(KEY)
            descriptor = os.dup(long_file)
            work = asyncio.create_task(write(writer, parts_of(descriptor)))
            await steps(turns)
            work.cancel()
            await asyncio.wait((work,))
            os.close(descriptor)
            await writer.abort()
            assert await leftovers() == []
        assert await keys_of(store) == []

    async def test_cancelled_commit(self, store: ObjectStore, long_file: int, leftovers: Leftovers):
        """A commit cancelled at any point leaves the old object or the new one, and nothing else."""
        await store.put(KEY, DATA, meta_of(DATA))
        for turns in (0, 1, 2, 4, 8, 16, 32, 64, 128):
            async with writing(store) as writer:
                await write(writer, parts_of(long_file))
                commit = asyncio.create_task(writer.commit(meta_of(LONG)))
                await steps(turns)
                commit.cancel()
                await asyncio.wait((commit,))
            assert (await store.get(KEY)).data in (DATA, LONG)
            assert await leftovers() == []
        assert store.statistics().damaged == 0

    async def test_cancelled_opening(self, store: ObjectStore, leftovers: Leftovers):
        """A writer whose opening is cancelled is as if it never was."""
        for turns in range(5):
            opening = asyncio.create_task(store.open_writer(KEY))
            await steps(turns)
            opening.cancel()
            await asyncio.wait((opening,))
            if not opening.cancelled():
                await opening.result().abort()
        await store.aclose()
        assert await leftovers() == []

    async def test_file_that_is_too_short(self, store: ObjectStore, long_file: int, leftovers: Leftovers):
        """A part that its file has not is a failure, after which the writer takes no more."""
        end = os.fstat(long_file).st_size
        async with writing(store) as writer:
            with pytest.raises(StoreError):
                await writer.write(FileRange(long_file, end - 10, 20))
            with pytest.raises(StoreError):
                await writer.commit(meta_of(LONG))
        assert await leftovers() == await keys_of(store) == []

    async def test_many_writers(self, store: ObjectStore, long_file: int, leftovers: Leftovers):
        """Writers at once do not get in each other's way, for one key neither: one of them is the last."""
        datas = [LONG[:size] for size in (10, 1000, 200_000)]

        async def one(key: str, data: bytes) -> None:
            async with writing(store, key) as writer:
                await write(writer, parts_of(long_file, len(data)))
                await writer.commit(meta_of(data))

        await asyncio.gather(*(one(key, data) for data in datas for key in (KEY, f"k/{len(data)}")))
        assert (await store.get(KEY)).data in datas
        for data in datas:
            assert (await store.get(f"k/{len(data)}")).data == data
        assert await leftovers() == []

    async def test_closed_while_written(self, store: ObjectStore, long_file: int, leftovers: Leftovers):
        """Closing the store aborts what was not committed."""
        writer = await store.open_writer(KEY)
        await write(writer, parts_of(long_file)[:1])
        await store.aclose()
        assert await leftovers() == []
        with pytest.raises(StoreError):
            await writer.write(parts_of(long_file)[1])
        await writer.abort()
