"""A part's bytes as a file of their own."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsvc.store.s3_body import PartBody
from imgsvc.stream.base import FileRange

DATA = bytes(range(256)) * 4


@pytest.fixture(scope="module")
def descriptor(tmp_path_factory) -> int:
    path: Path = tmp_path_factory.mktemp("part") / "data"
    path.write_bytes(DATA)
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@given(start=st.integers(0, 1000), size_bytes=st.integers(0, 24), reads=st.lists(st.integers(1, 10), max_size=5))
def test_is_the_range(descriptor: int, start: int, size_bytes: int, reads: list[int]):
    """It is read, measured and rewound like a file of these bytes."""
    body, expected = PartBody(FileRange(descriptor, start, size_bytes)), DATA[start : start + size_bytes]
    assert body.readable()
    assert body.seekable()
    assert body.seek(0, os.SEEK_END) == body.tell() == size_bytes
    for _ in range(2):
        assert body.seek(0) == 0
        got = b"".join(body.read(count) for count in reads)
        assert got == expected[: sum(reads)]
        assert body.tell() == len(got)
    assert body.seek(-len(got), os.SEEK_CUR) == 0
    assert body.read() == expected


def test_rewound_under_a_reader(descriptor: int, monkeypatch: pytest.MonkeyPatch):
    """A read that a retry has overtaken does not move the retry's position."""
    body, real = PartBody(FileRange(descriptor, 0, 100)), os.preadv

    def overtaken(*arguments) -> int:
        count = real(*arguments)
        body.seek(0)
        return count

    monkeypatch.setattr(os, "preadv", overtaken)
    assert body.read(10) == DATA[:10]
    monkeypatch.undo()
    assert body.read(10) == DATA[:10]
    assert body.read(10) == DATA[10:20]


def test_own_descriptor(tmp_path: Path):
    """It reads on when the part's file is closed, and gives its own descriptor back when it is told to."""
    (tmp_path / "data").write_bytes(DATA)
    with (tmp_path / "data").open("rb") as file:
        body = PartBody(FileRange(file.fileno(), 1, 5))
    assert body.read() == DATA[1:6]
    own = body._descriptor
    os.fstat(own)
    body.give_back()
    body.give_back()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(own)
    body.seek(0)
    with pytest.raises(OSError, match="not wanted any more"):
        body.read()


def test_file_that_is_too_short(descriptor: int):
    """A file with fewer bytes than the range is a failure, not an end."""
    body = PartBody(FileRange(descriptor, len(DATA) - 1, 10))
    assert body.read(5) == DATA[-1:]
    with pytest.raises(OSError, match="fewer"):
        body.read(5)


def test_closed_file(tmp_path: Path):
    """A part whose file is closed already is a failure, and nothing else."""
    with pytest.raises(OSError, match="Bad file descriptor"):
        PartBody(FileRange(-1, 0, 10))
