"""Making a folder ready."""

import threading
from pathlib import Path

import pytest

from imgsvc.errors import StoreError
from imgsvc.settings import StoreSettings
from imgsvc.store.folder import Folder
from imgsvc.store.preparing import prepare, prepare_folder
from tests.support.blobs import meta_of


def settings_of(folder: Path, **more: str) -> StoreSettings:
    return StoreSettings.from_env({"IMGSVC_STORE_DIR": str(folder), **more})


async def test_folder_is_made(tmp_path: Path):
    """The folder is made and nothing is left in it; what is said is what is there, and it may be done again."""
    for _ in range(2):
        said: list[str] = []
        await prepare(settings_of(tmp_path / "a" / "b", IMGSVC_STORE_MAX_BYTES="5000"), 30, 60, said.append)
        assert said == [
            f"folder {tmp_path}/a/b: there, and can be written to",
            "ceiling: 5000 bytes (IMGSVC_STORE_MAX_BYTES)",
            "taken: 0 bytes, by 0 objects",
        ]
    assert [p for p in (tmp_path / "a" / "b").rglob("*") if p.is_file()] == []


def test_folder_with_something_in_it(tmp_path: Path):
    """What is there is counted, and stays, though it be too much."""
    for key in ("a", "b"):
        Folder(tmp_path).write(key, b"x", meta_of(b"x"), False, threading.Event())
    said: list[str] = []
    prepare_folder(settings_of(tmp_path, IMGSVC_STORE_MAX_BYTES="1"), said.append)
    assert said[-1] == "taken: 8192 bytes, by 2 objects"
    assert sorted(Folder(tmp_path).walk("")) == ["a", "b"]


async def test_ceiling_of_its_own(tmp_path: Path):
    """Unless said the ceiling in force is worked out as the service does."""
    said: list[str] = []
    await prepare(settings_of(tmp_path), 30, 60, said.append)
    assert said[1].endswith("bytes (10 GiB or half of the disk's room, the smaller)")


async def test_folder_that_cannot_be_made(tmp_path: Path):
    """A folder in whose way something lies is one line with its path."""
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(StoreError, match=f"^folder {tmp_path}/file/store: cannot be written to: Not a directory$"):
        await prepare(settings_of(tmp_path / "file" / "store"), 30, 60, pytest.fail)
