"""An object's file while it is written in parts."""

import os
from pathlib import Path

import pytest

from imgsvc.errors import StoreError
from imgsvc.store.draft import SLICE_BYTES, Abandoned
from imgsvc.store.folder import Folder
from imgsvc.store.objectfile import HEAD_BYTES
from tests.support.blobs import meta_of

DATA = os.urandom(SLICE_BYTES + 1000)
LONGEST_KEY = "/".join(["\N{GRINNING FACE}" * 31] * 4)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(DATA)
    return path


def descriptor_of(path: Path) -> int:
    return os.open(path, os.O_RDONLY)


def files_below(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()]


@pytest.mark.parametrize("key", ["a/b", LONGEST_KEY, '"' * 500])
def test_parts_make_an_object(tmp_path: Path, source: Path, key: str):
    """What was appended is read like any other object; its bytes begin on a block's boundary, whatever its key."""
    folder = Folder(tmp_path / "store")
    draft = folder.draft(key)
    for start, size_bytes in ((0, 10), (10, len(DATA) - 20), (5, 15)):
        draft.append(descriptor_of(source), start, size_bytes)
    data = DATA[:-10] + DATA[5:20]
    draft.commit(meta_of(data, degraded='"' * 128, media_type='"' * 128))
    draft.discard()
    assert folder.read(key).data == data
    (path,) = files_below(tmp_path / "store")
    assert path.stat().st_size == HEAD_BYTES + len(data)


def test_metadata_that_is_too_long(tmp_path: Path, source: Path):
    """Metadata that has no room in the head is a failure, and leaves nothing."""
    draft = Folder(tmp_path / "store").draft("a")
    draft.append(descriptor_of(source), 0, 10)
    with pytest.raises(StoreError, match="too long"):
        draft.commit(meta_of(DATA, degraded="x" * HEAD_BYTES))
    draft.discard()
    assert files_below(tmp_path / "store") == []


def test_abandoned(tmp_path: Path, source: Path):
    """What nobody wants any more is neither appended nor committed, and its source is closed."""
    draft = Folder(tmp_path / "store").draft("a")
    draft.append(descriptor_of(source), 0, 10)
    draft.abandon()
    descriptor = descriptor_of(source)
    with pytest.raises(Abandoned):
        draft.append(descriptor, 0, 10)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    with pytest.raises(Abandoned):
        draft.commit(meta_of(DATA))
    draft.discard()
    assert files_below(tmp_path / "store") == []


def test_source_that_ends_early(tmp_path: Path, source: Path):
    """A source with fewer bytes than was said is a failure."""
    draft = Folder(tmp_path / "store").draft("a")
    with pytest.raises(OSError, match="Input/output"):
        draft.append(descriptor_of(source), 10, len(DATA))
    draft.discard()
