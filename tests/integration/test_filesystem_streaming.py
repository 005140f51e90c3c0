"""The filesystem store's streams and writers: descriptors, disks that are full, and kernels that cannot copy."""

import asyncio
import contextlib
import errno
import os
import threading
from pathlib import Path

import pytest

from imgsvc.errors import StoreError
from imgsvc.store.filesystem import FilesystemStore
from imgsvc.store.layout import path_of
from imgsvc.stream.base import CHUNK_BYTES, FileRange
from tests.contracts.store import DATA, KEY, keys_of
from tests.contracts.streaming import LARGE, read, stream_of
from tests.contracts.writing import LONG, long_file, parts_of, write, writing  # noqa: F401 - a fixture
from tests.integration.test_filesystem_disk import small_disk  # noqa: F401 - a fixture
from tests.integration.test_filesystem_store import files_below, settings_of, store  # noqa: F401 - fixtures
from tests.support.blobs import meta_of


def open_objects(folder: Path) -> int:
    """How many descriptors of this process lead to files below *folder*."""
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the listing's own
            count += str(link.readlink()).startswith(str(folder))
    return count


async def test_descriptors(store: FilesystemStore, tmp_path: Path):  # noqa: F811 - the fixture
    """A stream holds one descriptor until it is closed; what is read at once holds none, nor does a store closed."""
    await store.put(KEY, LARGE, meta_of(LARGE))
    streams = [await stream_of(store) for _ in range(3)]
    await store.open(KEY, lambda _: True)
    assert open_objects(tmp_path) == 3
    streams[0].close()
    assert open_objects(tmp_path) == 2
    await store.aclose()
    assert open_objects(tmp_path) == 0


async def test_closed_while_a_thread_reads(
    store: FilesystemStore,  # noqa: F811 - the fixture
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    """A stream closed under a reading thread keeps its descriptor until the thread is done."""
    await store.put(KEY, LARGE, meta_of(LARGE))
    stream = await stream_of(store)
    loop, reading, go_on, real = asyncio.get_running_loop(), asyncio.Event(), threading.Event(), os.pread

    def slow(*arguments) -> bytes:
        loop.call_soon_threadsafe(reading.set)
        go_on.wait(60)
        return real(*arguments)

    monkeypatch.setattr(os, "pread", slow)
    reader = asyncio.create_task(anext(stream.chunks()))
    await reading.wait()
    stream.close()
    assert open_objects(tmp_path) == 1
    go_on.set()
    assert await reader == LARGE[:CHUNK_BYTES]
    assert open_objects(tmp_path) == 0


@pytest.mark.parametrize("ending", ["opened", "whole"])
async def test_opening_cancelled_within_the_thread(
    store: FilesystemStore,  # noqa: F811 - the fixture
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
):
    """An opening cancelled while its thread is at it asks nobody afterwards, and leaves no descriptor."""
    await store.put(KEY, LARGE, meta_of(LARGE))
    loop, opening, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    real = store._folder._read

    def slow(*arguments):
        loop.call_soon_threadsafe(opening.set)
        go_on.wait(60)
        return real(*arguments)

    monkeypatch.setattr(store._folder, "_read", slow)
    asked = []
    task = asyncio.create_task(store.open(KEY, lambda size: asked.append(size) or ending == "whole"))
    await opening.wait()
    task.cancel()
    await asyncio.wait((task,))
    go_on.set()
    await store.aclose()
    assert (task.cancelled(), asked, open_objects(tmp_path)) == (True, [], 0)


@pytest.mark.parametrize("then", ["replaced", "deleted"])
async def test_old_bytes_to_the_end(store: FilesystemStore, then: str):  # noqa: F811 - the fixture
    """A stream gives the object it was opened on to the end, whatever has its name by now."""
    await store.put(KEY, LARGE, meta_of(LARGE))
    stream = await stream_of(store)
    await (store.put(KEY, DATA, meta_of(DATA)) if then == "replaced" else store.delete(KEY))
    assert await read(stream.chunks()) == LARGE
    assert await read(stream.chunks(5)) == LARGE[5:]
    stream.close()


async def test_file_cut_while_read(store: FilesystemStore, tmp_path: Path):  # noqa: F811 - the fixture
    """A file that becomes shorter under its reader is damage."""
    await store.put(KEY, LARGE, meta_of(LARGE))
    stream = await stream_of(store)
    os.truncate(tmp_path / "store" / path_of(KEY), 100_000)
    with pytest.raises(StoreError, match="damaged"):
        await read(stream.chunks(10))
    stream.close()
    assert await keys_of(store) == []


async def test_other_length_at_once(store: FilesystemStore, tmp_path: Path):  # noqa: F811 - the fixture
    """A file of another length is a miss when it is opened, and nobody is asked."""
    await store.put(KEY, LARGE, meta_of(LARGE))
    os.truncate(tmp_path / "store" / path_of(KEY), 100_000)
    assert await store.open(KEY, pytest.fail) is None
    assert store.statistics().damaged == 1


async def test_disk_that_fails(store: FilesystemStore, monkeypatch: pytest.MonkeyPatch):  # noqa: F811 - the fixture
    """A read that fails on the disk is a StoreError, counted, and no damage."""

    def refuse(*_arguments) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    await store.put(KEY, LARGE, meta_of(LARGE))
    stream = await stream_of(store)
    monkeypatch.setattr(os, "pread", refuse)
    with pytest.raises(StoreError, match="Input/output error"):
        await read(stream.chunks())
    stream.close()
    assert (store.statistics().failures, store.statistics().damaged) == (1, 0)
    assert await keys_of(store) == [KEY]


@pytest.mark.parametrize("code", [errno.EXDEV, errno.ENOSYS])
async def test_kernel_that_cannot_copy(
    store: FilesystemStore,  # noqa: F811 - the fixture
    long_file: int,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
    code: int,
):
    """Between file systems, where the kernel does not copy, parts are sent from file to file."""

    def refuse(*_arguments) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "copy_file_range", refuse)
    async with writing(store) as writer:
        await write(writer, parts_of(long_file))
        await writer.commit(meta_of(LONG))
    assert (await store.get(KEY)).data == LONG


async def test_parts_from_another_file_system(small_disk: Path, tmp_path: Path):  # noqa: F811 - the fixture
    """Parts may come from any file system; one that has no room fails, and leaves none taken."""
    (tmp_path / "data").write_bytes(LARGE * 4)
    store = FilesystemStore(settings_of(small_disk / "store"))  # noqa: F811 - another store
    with (tmp_path / "data").open("rb") as file:
        async with writing(store) as writer:
            await writer.write(FileRange(file.fileno(), 0, len(LARGE)))
            await writer.commit(meta_of(LARGE))
        async with writing(store, "other") as writer:
            with pytest.raises(StoreError, match="No space left on device"):
                await writer.write(FileRange(file.fileno(), 0, 4 * len(LARGE)))
            with pytest.raises(StoreError):
                await writer.commit(meta_of(LARGE * 4))
    assert files_below(small_disk / "store") == [path_of(KEY)]
    assert (await store.get(KEY)).data == LARGE
    assert await store.put("c", LARGE, meta_of(LARGE))
    await store.aclose()
