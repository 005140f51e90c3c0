"""A part's bytes on their way from a file to a bucket."""

import io
import os
import threading
from typing import TYPE_CHECKING

from imgsvc.stream.base import FileRange

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class PartBody(io.RawIOBase):
    """
    A range of a file, as a file of its own.

    botocore measures and rewinds it, aiohttp reads it in a thread, 64 KiB at a time: the part is never in memory.

    It has a descriptor of its own, for the thread may outlive the upload. It gives it back when told to, once no thread
    reads: errors of botocore's refer to what they were about in a circle, and so would keep an unwanted file on disk.

    Args:
        part: need not stay open.
    """

    def __init__(self, part: FileRange) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._users = 1  # whoever made it
        self._wanted = True
        self._descriptor = os.dup(part.descriptor)
        self._start = part.start
        self._size_bytes = part.size_bytes
        self._cursor = [0]
        """The position; a new list at every seek, so that a read which a retry has overtaken moves only its own."""

    def give_back(self) -> None:
        """Read no more; twice is allowed. Not :meth:`close`, which aiohttp calls before a retry."""
        if self._wanted:
            self._wanted = False
            self._leave()

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
        with self._lock:
            if not self._wanted:
                raise OSError("the part is not wanted any more")
            self._users += 1
        try:
            return self._read(buffer)
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                os.close(self._descriptor)

    def _read(self, buffer: "WriteableBuffer") -> int:
        cursor = self._cursor
        at = cursor[0]
        view = memoryview(buffer)[: max(0, self._size_bytes - at)]
        count = os.preadv(self._descriptor, [view], self._start + at) if view else 0
        if view and not count:
            raise OSError("the file has fewer bytes than its range")
        cursor[0] = at + count
        return count
