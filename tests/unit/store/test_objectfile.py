"""One object in one file."""

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.errors import StoreError
from imgsvc.store.base import StoredObject
from imgsvc.store.integrity import Damaged
from imgsvc.store.objectfile import HEAD_BYTES, Extent, head_of, read_meta, read_object, read_or_keep
from tests.support.blobs import meta_of

DATA = b"the bytes"
WHOLE = head_of("a/ü", len(DATA), meta_of(DATA)) + DATA


def test_roundtrip(tmp_path: Path):
    """What was written is read, whole or its metadata alone, and the bytes are owned."""
    path = tmp_path / "object"
    path.write_bytes(WHOLE)
    with path.open("rb") as file:
        found = read_object(file, "a/ü")
    assert found == StoredObject(DATA, meta_of(DATA))
    assert type(found.data) is bytes
    with path.open("rb") as file:
        assert read_meta(file, "a/ü") == meta_of(DATA)


def test_other_key(tmp_path: Path):
    """Under another key's name the file is damaged."""
    path = tmp_path / "object"
    path.write_bytes(WHOLE)
    with path.open("rb") as file, pytest.raises(Damaged, match="another key"):
        read_meta(file, "a/u")


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
@settings(deadline=None)
def test_any_byte_changed(tmp_path_factory, at: int, flip: int):
    """One byte changed anywhere is either noticed or changed nothing that is read."""
    path = tmp_path_factory.mktemp("f") / "object"
    path.write_bytes(WHOLE[:at] + bytes([WHOLE[at] ^ flip]) + WHOLE[at + 1 :])
    with path.open("rb") as file, contextlib.suppress(Damaged):
        assert read_object(file, "a/ü").data == DATA


@given(st.integers(0, len(WHOLE) - 1))
@settings(deadline=None)
def test_any_cut(tmp_path_factory, length: int):
    """A file cut anywhere is damaged, for a look at its metadata too."""
    path = tmp_path_factory.mktemp("f") / "object"
    path.write_bytes(WHOLE[:length])
    for read in (read_object, read_meta):
        with path.open("rb") as file, pytest.raises(Damaged):
            read(file, "a/ü")


def test_head_of_fixed_length(tmp_path: Path):
    """A head with room left in it is read like any other."""
    head = head_of("a", len(DATA), meta_of(DATA), HEAD_BYTES)
    assert len(head) == HEAD_BYTES
    path = tmp_path / "object"
    path.write_bytes(head + DATA)
    with path.open("rb") as file:
        assert read_object(file, "a") == StoredObject(DATA, meta_of(DATA))


def test_head_without_room():
    """A head that does not fit in its length is refused."""
    with pytest.raises(StoreError, match="too long"):
        head_of("a", 1, meta_of(DATA), 100)


@pytest.mark.parametrize("head_bytes", [0, HEAD_BYTES])
def test_kept_open(tmp_path: Path, head_bytes: int):
    """What is not read at once stays open, and its bytes are where the extent says."""
    path = tmp_path / "object"
    path.write_bytes(head_of("a", len(DATA), meta_of(DATA), head_bytes) + DATA)
    with path.open("rb") as file:
        extent = read_or_keep(file, "a", lambda _: False)
    assert isinstance(extent, Extent)
    with extent.file as file:
        assert (extent.meta, os.pread(file.fileno(), 100, extent.start)) == (meta_of(DATA), DATA)
        assert extent.size_bytes == len(DATA)
    with path.open("rb") as file:
        assert read_or_keep(file, "a", lambda size: size == len(DATA)) == StoredObject(DATA, meta_of(DATA))
