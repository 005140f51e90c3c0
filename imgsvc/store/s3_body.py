"""A part's bytes on their way from a file to a bucket."""

import contextlib
import io
import os
from typing import TYPE_CHECKING

from imgsvc.stream.base import FileRange

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class PartBody(io.RawIOBase):
    """
    A range of a file, as a file of its own.

    botocore measures and rewinds it, aiohttp reads it in a thread, 64 KiB at a time: the part is never in memory.

    It has a descriptor of its own, for the thread may outlive the upload, and gives it back when nobody refers to it
    any more: then no thread can be reading.

    Args:
        part: need not stay open.
    """

    def __init__(self, part: FileRange) -> None:
        super().__init__()
        self._descriptor = -1
        self._descriptor = os.dup(part.descriptor)
        self._start = part.start
        self._size_bytes = part.size_bytes
        self._cursor = [0]
        """The position; a new list at every seek, so that a read which a retry has overtaken moves only its own."""

    def __del__(self) -> None:
        """Give the descriptor back."""
        with contextlib.suppress(OSError):
            os.close(self._descriptor)

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes: a retry begins at the start."""
        return True

    def tell(self) -> int:
        """Position within the range."""
        return self._cursor[0]

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; blocks nothing."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._cursor[0], os.SEEK_END: self._size_bytes}[whence]
        self._cursor = [base + offset]
        return base + offset

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read from the file; blocks."""
        cursor = self._cursor
        at = cursor[0]
        view = memoryview(buffer)[: max(0, self._size_bytes - at)]
        count = os.preadv(self._descriptor, [view], self._start + at) if view else 0
        if view and not count:
            raise OSError("the file has fewer bytes than its range")
        cursor[0] = at + count
        return count
