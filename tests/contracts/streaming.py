"""What every object store does when it is read piece by piece; inherited as ``tests/contracts/store.py`` is."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from imgsvc.errors import BadKey, StoreError
from imgsvc.store.base import ObjectStore, StoredObject, StoredStream
from imgsvc.stream.base import CHUNK_BYTES
from tests.contracts.store import BAD_KEYS, DATA, KEY, Plant, keys_of
from tests.support.blobs import meta_of

LARGE = os.urandom(5 * CHUNK_BYTES + 1234)


async def stream_of(store: ObjectStore, key: str = KEY) -> StoredStream:
    """Open an object for reading piece by piece."""
    stream = await store.open(key, lambda _: False)
    assert stream is not None
    assert not isinstance(stream, StoredObject)
    return stream


async def read(chunks: AsyncIterator[bytes]) -> bytes:
    """Read to the end; no piece is empty or larger than agreed."""
    pieces = [piece async for piece in chunks]
    assert all(0 < len(piece) <= CHUNK_BYTES for piece in pieces)
    return b"".join(pieces)


async def steps(count: int) -> None:
    """Let everybody else have so many turns."""
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture
async def large(store: ObjectStore) -> AsyncIterator[StoredStream]:
    """A large object, stored and opened."""
    await store.put(KEY, LARGE, meta_of(LARGE, width=7))
    stream = await stream_of(store)
    yield stream
    stream.close()


class StreamingContract:
    """Reading."""

    async def test_read_at_once(self, store: ObjectStore):
        """The answer to the object's length decides: yes gives it whole, as get does."""
        await store.put(KEY, DATA, meta_of(DATA))
        asked = []
        assert await store.open(KEY, lambda size: asked.append(size) or True) == StoredObject(DATA, meta_of(DATA))
        assert asked == [len(DATA)]

    async def test_read_in_pieces(self, large: StoredStream):
        """No gives the same bytes in pieces, with length and metadata known before the first, as often as wanted."""
        assert (large.size_bytes, large.meta) == (len(LARGE), meta_of(LARGE, width=7))
        for _ in range(3):
            assert await read(large.chunks()) == LARGE

    async def test_nothing_to_open(self, store: ObjectStore):
        """What is not there is None, a miss, and nobody is asked about its length."""
        assert await store.open(KEY, pytest.fail) is None
        assert store.statistics().misses == 1

    @pytest.mark.parametrize(
        ("start", "stop"),
        [
            (0, 0),
            (0, 1),
            (0, None),
            (0, 10**9),
            (1, None),
            (len(LARGE) - 1, None),
            (len(LARGE) - 1, len(LARGE)),
            (CHUNK_BYTES - 1, CHUNK_BYTES + 1),
            (CHUNK_BYTES, 3 * CHUNK_BYTES),
            (5, 5),
            (len(LARGE), None),
        ],
    )
    async def test_ranges(self, large: StoredStream, start: int, stop: int | None):
        """Any range gives exactly its bytes, as the first thing read and as the second."""
        for _ in range(2):
            assert await read(large.chunks(start, stop)) == LARGE[start:stop]

    async def test_many_readers(self, large: StoredStream):
        """Several readers at once each get their own bytes."""
        spans = [(0, None), (0, None), (100, 200_000), (CHUNK_BYTES, None), (0, 10)]
        got = await asyncio.gather(*(read(large.chunks(*span)) for span in spans))
        assert got == [LARGE[slice(*span)] for span in spans]

    async def test_reader_that_leaves(self, store: ObjectStore, large: StoredStream):
        """A reader may leave in the middle, or be cancelled anywhere; others read on."""
        async for piece in large.chunks():
            assert LARGE.startswith(piece)
            break
        for turns in range(0, 30, 3):
            reader = asyncio.create_task(read(large.chunks()))
            await steps(turns)
            reader.cancel()
            await asyncio.wait((reader,))
        assert await read(large.chunks()) == LARGE
        assert (await store.get(KEY)).data == LARGE

    async def test_cancelled_open(self, store: ObjectStore):
        """Once an opening is cancelled nobody is asked any more, and nothing stays open."""
        await store.put(KEY, LARGE, meta_of(LARGE))
        for turns in range(0, 40, 2):
            asked = []
            opening = asyncio.create_task(store.open(KEY, lambda size, asked=asked: bool(asked.append(size))))
            await steps(turns)
            opening.cancel()
            await asyncio.wait((opening,))
            before = len(asked)
            await steps(20)
            assert len(asked) == before
            if not opening.cancelled():
                opening.result().close()

    async def test_closed_stream(self, large: StoredStream):
        """A closed stream gives no more, to who reads already too; closing twice is allowed."""
        reader = large.chunks()
        assert await anext(reader)
        large.close()
        large.close()
        for chunks in (reader, large.chunks(), large.chunks(5, 10)):
            with pytest.raises(StoreError):
                await read(chunks)

    async def test_damage(self, store: ObjectStore, plant: Plant, caplog):
        """A wrong digest is found before the last piece is given; the object goes, with one line in the log."""
        await plant(KEY, LARGE, replace(meta_of(LARGE), sha256="0" * 64).to_texts())
        stream = await stream_of(store)
        assert await read(stream.chunks(1)) == LARGE[1:]
        got = []
        with caplog.at_level(logging.WARNING, "imgsvc.store"), pytest.raises(StoreError, match="damaged"):
            got.extend([piece async for piece in stream.chunks()])
        stream.close()

        assert len(b"".join(got)) < len(LARGE)
        assert [r.name for r in caplog.records if KEY in r.getMessage()] == ["imgsvc.store"]
        assert store.statistics().damaged == 1
        assert await keys_of(store) == []

    async def test_damage_known_at_once(self, store: ObjectStore, plant: Plant):
        """No bytes, or metadata that cannot be read, is a miss at once, and nobody is asked."""
        for data, change in ((b"", {}), (DATA, {"width": "wide"})):
            await plant(KEY, data, meta_of(data).to_texts() | change)
            assert await store.open(KEY, pytest.fail) is None
            assert await keys_of(store) == []

    @pytest.mark.parametrize("then", ["replaced", "deleted"])
    async def test_replaced_while_read(self, store: ObjectStore, large: StoredStream, then: str):
        """The bytes of two objects never mix: what is read is the old one's, or an error."""
        other = os.urandom(len(LARGE))
        reader = large.chunks()
        got = await anext(reader)
        await (store.put(KEY, other, meta_of(other)) if then == "replaced" else store.delete(KEY))
        for chunks, start in ((reader, len(got)), (large.chunks(100), 100)):
            with contextlib.suppress(StoreError):
                assert await read(chunks) == LARGE[start:]
        found = await store.get(KEY)
        assert (found and found.data) == (other if then == "replaced" else None)
        assert store.statistics().damaged == 0

    async def test_replaced_before_damage_is_found(self, store: ObjectStore, plant: Plant):
        """A sound object that took the place of the damaged one that is read is not deleted with it."""
        await plant(KEY, LARGE, replace(meta_of(LARGE), sha256="0" * 64).to_texts())
        stream = await stream_of(store)
        await store.put(KEY, DATA, meta_of(DATA))
        with pytest.raises(StoreError):
            await read(stream.chunks())
        stream.close()
        assert (await store.get(KEY)).data == DATA

    @pytest.mark.parametrize("key", BAD_KEYS)
    async def test_bad_keys_for_streams(self, store: ObjectStore, key: str):
        """A malformed key is refused before anything is touched."""
        with pytest.raises(BadKey):
            await store.open(key, pytest.fail)
        with pytest.raises(BadKey):
            await store.open_writer(key)

    async def test_closed_for_streams(self, store: ObjectStore, large: StoredStream):
        """A closed store opens nothing, and what was open fails."""
        await store.aclose()
        with pytest.raises(StoreError):
            await store.open(KEY, lambda _: False)
        with pytest.raises(StoreError):
            await store.open_writer(KEY)
        with pytest.raises(StoreError):
            await read(large.chunks())
