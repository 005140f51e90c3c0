"""The filesystem store never takes more room than its ceiling, whatever is asked of it."""

import asyncio
import contextlib
import os
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from imgsvc.errors import StoreError
from imgsvc.store.filesystem import FilesystemStore
from imgsvc.store.layout import path_of
from imgsvc.stream.base import FileRange
from tests.contracts.store import keys_of
from tests.contracts.writing import writing
from tests.integration.test_filesystem_disk import small_disk  # noqa: F401 - a fixture
from tests.integration.test_filesystem_store import files_below, settings_of
from tests.support.blobs import meta_of

CEILING_BYTES = 400_000
SMALL = b"s" * 3000
LARGE = os.urandom(60_000)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FilesystemStore]:
    store = FilesystemStore(settings_of(tmp_path / "store", CEILING_BYTES))
    yield store
    await store.aclose()
    assert files_below(tmp_path / "store" / ".tmp") == []


def bytes_below(folder: Path) -> int:
    """What all objects have, counted at one instant: none may come or go meanwhile."""
    return sum(
        (Path(path) / name).stat().st_size
        for path, _, names in os.walk(folder)
        for name in names
        if Path(path) != folder / ".tmp"
    )


@contextlib.contextmanager
def watched(store: FilesystemStore, folder: Path) -> Iterator[list[int]]:
    """Look at the folder again and again; what it held at each moment is in the list at the end."""
    seen: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            with store._folder._naming:  # no object gets or loses its name meanwhile
                seen.append(bytes_below(folder))
            done.wait(0.002)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


async def put(store: FilesystemStore, key: str, data: bytes = SMALL) -> None:
    await store.put(key, data, meta_of(data))


async def put_large(store: FilesystemStore, key: str, descriptor: int) -> None:
    async with writing(store, key) as writer:
        await writer.write(FileRange(descriptor, 0, len(LARGE)))
        await writer.commit(meta_of(LARGE))


async def test_thousands_of_sizes(store: FilesystemStore, tmp_path: Path):
    """Thousands of sizes of one picture, eight written at once, at no moment take more than the ceiling."""

    async def ask(first: int) -> None:
        for number in range(first, 3000, 8):
            await put(store, f"images/image/0123456789abcdef/t1,w{number}.webp", SMALL[: 500 + number % 2500])

    with watched(store, tmp_path / "store") as seen:
        await asyncio.gather(*(ask(first) for first in range(8)))
    assert len(seen) > 50
    assert CEILING_BYTES / 2 < max(seen) <= CEILING_BYTES
    await store._errands.finished()
    counted = store.statistics()
    assert (counted.writes, counted.failures) == (3000, 0)
    assert counted.bytes <= counted.capacity_bytes == CEILING_BYTES
    assert counted.evictions + len(await keys_of(store)) == 3000


async def test_large_ones_beside(store: FilesystemStore, tmp_path: Path):
    """Large objects take their room at their commit, and small ones give way to them."""
    (tmp_path / "data").write_bytes(LARGE)
    with (tmp_path / "data").open("rb") as file, watched(store, tmp_path / "store") as seen:
        for number in range(6):
            calls = [put_large(store, f"large/{number}/{n}", file.fileno()) for n in range(4)]
            calls += [put(store, f"small/{number}/{n}") for n in range(40)]
            await asyncio.gather(*calls)
    assert max(seen) <= CEILING_BYTES
    assert store.statistics().writes == 6 * 44
    assert store.statistics().failures == 0


async def test_larger_than_all(store: FilesystemStore, tmp_path: Path):
    """An object that could never fit is refused, by put and by commit, and nothing goes for it."""
    await put(store, "a")
    data = bytes(CEILING_BYTES)
    with pytest.raises(StoreError, match="larger than all"):
        await put(store, "b", data)
    (tmp_path / "data").write_bytes(data)
    with (tmp_path / "data").open("rb") as file:
        async with writing(store, "b") as writer:
            await writer.write(FileRange(file.fileno(), 0, len(data)))
            with pytest.raises(StoreError, match="larger than all"):
                await writer.commit(meta_of(data))
    assert await keys_of(store) == ["a"]
    assert store.statistics().failures == 2


async def test_replaced_over_and_over(store: FilesystemStore):
    """An object that is replaced takes its room once, whoever else replaces it at the same time."""
    await put(store, "other")
    for _ in range(100):
        await asyncio.gather(*(put(store, "k", SMALL[:size]) for size in (1000, 2000, 3000)))
    assert await keys_of(store) == ["k", "other"]
    counted = store.statistics()
    assert (counted.entries, counted.bytes, counted.evictions) == (2, 8192, 0)


async def test_a_read_is_a_use(store: FilesystemStore, tmp_path: Path):
    """What was read lately stays, by whatever kind of read, and what was not goes."""
    keys = [f"k/{n:02}" for n in range(80)]
    for key in keys:
        await put(store, key)
        os.utime(tmp_path / "store" / path_of(key), (1, 1))
    await store.get(keys[3])
    (await store.open(keys[5], lambda _: False)).close()
    for number in range(60):
        await put(store, f"n/{number:02}")
    left = await keys_of(store, "k/")
    assert {keys[3], keys[5]} <= set(left)
    assert keys[7] not in left
    assert len(await keys_of(store, "n/")) == 60


async def test_what_is_there_is_counted(tmp_path: Path):
    """A store opened on more than its ceiling makes room without being written to."""
    before = FilesystemStore(settings_of(tmp_path))
    for number in range(100):
        await put(before, f"k/{number}")
    await before.aclose()
    store = FilesystemStore(settings_of(tmp_path, 100_000))  # other than the fixture
    assert (store.statistics().entries, store.statistics().bytes) == (None, None)
    await store.ping()
    await store._errands.finished()
    counted = store.statistics()
    assert counted.bytes <= 90_000
    assert counted.entries == len(await keys_of(store)) == 100 - counted.evictions
    await store.aclose()


async def test_closed_while_counting(tmp_path: Path):
    """A store closed while it is counted ends at once, and leaves what it had not come to."""
    before = FilesystemStore(settings_of(tmp_path))
    for number in range(600):
        await put(before, f"k/{number}", b"x")
    await before.aclose()
    store = FilesystemStore(settings_of(tmp_path, 10_000))
    await store.ping()
    await store.aclose()
    assert len(files_below(tmp_path)) > 0
    with pytest.raises(StoreError, match="closed"):
        await put(store, "new")


async def test_two_stores_in_one_folder(tmp_path: Path):
    """Two processes that share a folder delete each other's objects, and nobody fails."""
    stores = [FilesystemStore(settings_of(tmp_path, CEILING_BYTES)) for _ in range(2)]
    for turn in range(10):
        await asyncio.gather(*(put(s, f"k/{n % 7}/{turn}/{n}") for n in range(30) for s in stores))
        await asyncio.gather(*(s.get(f"k/{n % 7}/{turn}/{n}") for n in range(30) for s in stores))
    assert all(s.statistics().failures == s.statistics().damaged == 0 for s in stores)
    assert bytes_below(tmp_path) <= 2 * CEILING_BYTES
    await asyncio.gather(*(s.aclose() for s in stores))


async def test_half_of_a_disk(small_disk: Path):  # noqa: F811 - the fixture
    """Unless said otherwise half of the disk is left to others, and a store that is full never fills it."""
    store = FilesystemStore(settings_of(small_disk / "store"))
    for number in range(400):
        await put(store, f"k/{number}")
    await store._errands.finished()
    assert store.statistics().failures == 0
    assert 500_000 < store.statistics().capacity_bytes <= 524_288
    assert bytes_below(small_disk / "store") <= 524_288
    await store.aclose()


async def test_full_and_read_only(small_disk: Path):  # noqa: F811 - the fixture
    """Where nothing can be deleted nothing is stored, and what is there is served."""
    store = FilesystemStore(settings_of(small_disk, 50_000))
    for number in range(8):
        await put(store, f"k/{number}")
    await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,ro", str(small_disk)], check=True)
    left = await keys_of(store)
    for number in range(8, 20):
        with pytest.raises(StoreError):
            await put(store, f"k/{number}")
    assert await keys_of(store) == left
    assert all([await store.get(key) for key in left])
    await store.aclose()
