"""One object's file while it is written part by part: the half of a writer that runs in the store's threads."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from imgsvc.errors import StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.store.objectfile import HEAD_BYTES, head_of
from imgsvc.store.temporary import discard

SLICE_BYTES = 1024 * 1024
"""How much is written between two looks at whether anybody still wants it."""

# No copying inside the kernel between these two files: other file systems, or one that cannot.
_NO_COPYING = frozenset((errno.EXDEV, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL, errno.EPERM))


class Abandoned(Exception):
    """The write was given up half-way, as asked; nothing of it is left."""


class Draft:
    """
    A temporary file with room for a head, which is written last: only then its SHA-256 is known.

    Args:
        key: of the object.
        path: of the temporary.
        file: open and empty; owned.
        place: gives the file at a path its object's name.
    """

    def __init__(self, key: str, path: Path, file: BinaryIO, place: Callable[[Path, str], object]) -> None:
        self._key = key
        self._path = path
        self._file = file
        self._place = place
        self._abandoned = threading.Event()
        self.size_bytes = 0
        """Written so far."""

    def append(self, source: int, start: int, size_bytes: int) -> None:
        """
        Copy bytes of another file behind those that are here, within the kernel.

        Args:
            source: descriptor; owned, and closed at the end.
            start: of the first byte.
            size_bytes: how many.

        Raises:
            Abandoned: nobody wants it any more.
            OSError: the disk is full, say, or *source* has fewer bytes.
        """
        try:
            end = start + size_bytes
            while start < end:
                if self._abandoned.is_set():
                    raise Abandoned
                copied = self._copy(source, start, min(end - start, SLICE_BYTES))
                start += copied
                self.size_bytes += copied
        finally:
            os.close(source)

    def commit(self, meta: BlobMeta) -> None:
        """
        Write the head and give the file the object's name.

        Raises:
            Abandoned: nobody wants it any more.
            OSError: the disk is full, say.
            StoreError: nothing was written.
        """
        if self._abandoned.is_set():
            raise Abandoned  # and its file may be closed
        if not self.size_bytes:
            raise StoreError("An object without bytes is not stored.")
        os.pwrite(self._file.fileno(), head_of(self._key, self.size_bytes, meta, HEAD_BYTES), 0)
        if self._abandoned.is_set():
            raise Abandoned
        self._place(self._path, self._key)
        self._file.close()

    def abandon(self) -> None:
        """Make what a thread is at end soon; from any thread."""
        self._abandoned.set()

    def discard(self) -> None:
        """Remove the temporary, if it has no name as an object; no thread may be at it."""
        discard(self._path, self._file)

    def _copy(self, source: int, start: int, size_bytes: int) -> int:
        target, at = self._file.fileno(), HEAD_BYTES + self.size_bytes
        try:
            copied = os.copy_file_range(source, target, size_bytes, start, at)
        except OSError as error:
            if error.errno not in _NO_COPYING:
                raise
            os.lseek(target, at, os.SEEK_SET)
            copied = os.sendfile(target, source, start, size_bytes)
        if not copied:
            raise OSError(errno.EIO, os.strerror(errno.EIO))  # the source has fewer bytes than was said
        return copied
