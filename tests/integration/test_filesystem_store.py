"""The filesystem store on a real disk: the contract, and damage."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imgsvc.errors import StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.settings import StoreSettings
from imgsvc.store import objectfile
from imgsvc.store.filesystem import FilesystemStore
from imgsvc.store.layout import path_of
from tests.contracts.store import DATA, KEY, ObjectStoreContract, Plant, keys_of
from tests.contracts.streaming import StreamingContract, large  # noqa: F401 - a fixture
from tests.contracts.writing import Leftovers, WritingContract, long_file  # noqa: F401 - a fixture
from tests.support.blobs import meta_of


def settings_of(folder: Path, max_bytes: int | None = None) -> StoreSettings:
    ceiling = {} if max_bytes is None else {"IMGSVC_STORE_MAX_BYTES": str(max_bytes)}
    return StoreSettings.from_env({"IMGSVC_STORE_DIR": str(folder), **ceiling})


def files_below(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FilesystemStore]:
    store = FilesystemStore(settings_of(tmp_path / "store"))
    yield store
    await store.aclose()
    assert files_below(tmp_path / "store" / ".tmp") == []


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    class Texts:
        """Stands for metadata when a head is to be written of texts that no BlobMeta would give."""

        def __init__(self, texts: dict[str, str]) -> None:
            self.to_texts = lambda: texts

    async def plant(key: str, data: bytes, texts: dict[str, str] | None) -> None:
        path = tmp_path / "store" / path_of(key)
        head = b"" if texts is None else objectfile.head_of(key, len(data), Texts(texts))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(head + data)

    return plant


@pytest.fixture
def leftovers(tmp_path: Path) -> Leftovers:
    async def leftovers() -> list[str]:
        return files_below(tmp_path / "store" / ".tmp")

    return leftovers


class TestFilesystemStore(ObjectStoreContract):
    """The contract."""


class TestFilesystemStreaming(StreamingContract):
    """The contract's streaming part."""


class TestFilesystemWriting(WritingContract):
    """The contract's writing part."""


@pytest.mark.parametrize(
    "harm",
    [
        lambda b: b[:-1],
        lambda b: b[: len(b) // 2],
        lambda b: b[:10],
        lambda b: b"",
        lambda b: b + b"x",
        lambda b: b[:-5] + bytes([b[-5] ^ 1]) + b[-4:],
        lambda b: bytes([b[0] ^ 1]) + b[1:],
        lambda b: b[:11] + b"\xff" + b[12:],
        lambda b: b[:8] + b"\xff\xff\xff\xff" + b[12:],
        lambda b: b[:40] + b"\xff" + b[41:],
        lambda b: b"\x00" * len(b),
    ],
    ids=[
        "last-byte",
        "half",
        "in-head",
        "empty",
        "longer",
        "flipped",
        "magic",
        "head-size",
        "huge-head",
        "json",
        "nul",
    ],
)
async def test_damaged_file(store: FilesystemStore, tmp_path: Path, caplog, harm):
    """Whatever is wrong with the file, it is a miss, is deleted, and costs one line in the log."""
    await store.put(KEY, DATA, meta_of(DATA))
    path = tmp_path / "store" / path_of(KEY)
    path.write_bytes(harm(path.read_bytes()))
    assert await store.get(KEY) is None
    assert not path.exists()
    assert len([r for r in caplog.records if r.name == "imgsvc.store"]) == 1
    assert await store.put(KEY, DATA, meta_of(DATA), if_absent=True)


async def test_pipe_in_an_object_s_place(store: FilesystemStore, tmp_path: Path):
    """What is no file is damage too, and holds no thread."""
    await store.put(KEY, DATA, meta_of(DATA))
    path = tmp_path / "store" / path_of(KEY)
    path.unlink()
    os.mkfifo(path)
    async with asyncio.timeout(30):
        assert await store.get(KEY) is None
    assert not path.exists()


async def test_moved_file(store: FilesystemStore, tmp_path: Path):
    """A file found under another key's name is damage."""
    await store.put("a", DATA, meta_of(DATA))
    (tmp_path / "store" / path_of("a")).rename(tmp_path / "store" / path_of("b"))
    assert await store.get("b") is None
    assert await keys_of(store) == []


async def test_damage_on_a_read_only_disk(store: FilesystemStore, tmp_path: Path, monkeypatch):
    """Damage that cannot be deleted stays a miss, and fails nobody."""
    await store.put(KEY, DATA, meta_of(DATA))
    path = tmp_path / "store" / path_of(KEY)
    path.write_bytes(b"harm")
    monkeypatch.setattr(Path, "unlink", _refuse)
    assert await store.get(KEY) is None
    assert await store.get(KEY) is None
    assert store.statistics().damaged == 2
    monkeypatch.undo()


def _refuse(*_args, **_options):
    raise OSError(30, "Read-only file system")


async def test_empty_folders_go(store: FilesystemStore, tmp_path: Path):
    """Deleting the last object of a folder removes the folder, never the store's own."""
    await store.put("a/b/c", DATA, meta_of(DATA))
    await store.put("a/d", DATA, meta_of(DATA))
    await store.delete("a/b/c")
    assert [p.name for p in (tmp_path / "store" / "a").iterdir()] == ["d=o"]
    await store.delete("a/d")
    assert [p.name for p in (tmp_path / "store").iterdir()] == [".tmp"]


async def test_cancelled_put_stops(store: FilesystemStore, tmp_path: Path, monkeypatch):
    """A put cancelled while its thread writes removes its temporary and never names the object."""
    loop = asyncio.get_running_loop()
    writing = asyncio.Event()
    go_on = threading.Event()
    real = objectfile.head_of

    def slow_head(*arguments):
        loop.call_soon_threadsafe(writing.set)
        go_on.wait(60)
        return real(*arguments)

    monkeypatch.setattr("imgsvc.store.folder.head_of", slow_head)
    put = asyncio.create_task(store.put(KEY, DATA, meta_of(DATA)))
    await writing.wait()
    put.cancel()
    await asyncio.wait((put,))
    assert put.cancelled()
    go_on.set()
    await store.aclose()
    assert files_below(tmp_path / "store") == []


async def test_folder_that_cannot_be_made(tmp_path: Path):
    """A store whose folder cannot be made misses, and fails to write by name, without the path."""
    (tmp_path / "file").write_bytes(b"in the way")
    store = FilesystemStore(settings_of(tmp_path / "file" / "store"))
    assert await store.get(KEY) is None
    assert await keys_of(store) == []
    with pytest.raises(StoreError) as caught:
        await store.put(KEY, DATA, meta_of(DATA))
    assert str(tmp_path) not in caught.value.detail
    with pytest.raises(StoreError):
        await store.ping()
    await store.aclose()


async def test_no_hard_links(store: FilesystemStore, monkeypatch):
    """Where the file system has no hard links, if-absent still writes once and then refuses."""

    def refuse(*_arguments):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert await store.put(KEY, DATA, meta_of(DATA), if_absent=True) is True
    assert await store.put(KEY, b"x", meta_of(b"x"), if_absent=True) is False
    assert isinstance(await store.stat(KEY), BlobMeta)
