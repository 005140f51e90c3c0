"""Parts of files."""

import os
from pathlib import Path
from tempfile import TemporaryFile

from imgsvc.stream.base import FileRange


def test_read():
    """A range reads its own bytes, wherever the file's position is, and leaves that alone."""
    with TemporaryFile() as file:
        file.write(b"0123456789")
        file.flush()

        assert FileRange(file.fileno(), 3, 4).read() == b"3456"
        assert FileRange(file.fileno(), 0, 0).read() == b""
        assert file.tell() == 10


def test_path():
    """A file without a name is opened once more by the range's path, at a position of its own."""
    with TemporaryFile() as file:
        file.write(b"0123456789")
        file.flush()
        with Path(FileRange(file.fileno(), 0, 10).path).open("rb") as again:
            assert again.read(3) == b"012"
            assert os.fstat(again.fileno()).st_nlink == 0
        assert file.tell() == 10
