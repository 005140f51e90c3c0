"""
Files that are not objects yet, each held by a lock of its writer.

A temporary whose lock can be had has no writer any more: the process was killed, and the kernel let go of its locks.
That makes leftovers known at once, whatever their age, and never takes a file from a writer that lives, in whatever
process. (``flock`` belongs to the open file; it goes with the last descriptor.)
"""

import contextlib
import errno
import fcntl
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# What file systems without locks answer (some network and FUSE file systems).
_NO_LOCKS = frozenset((errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS, errno.EINVAL))


class Temporaries:
    """
    The folder of temporaries, made when first needed; for threads.

    Args:
        folder: in the objects' file system.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(self) -> tuple[Path, BinaryIO]:
        """Make a file that is locked as long as it is open; raises OSError."""
        while True:
            path = self._folder / uuid.uuid4().hex
            file = self._opened(path)
            try:
                _lock(file.fileno(), fcntl.LOCK_EX)
                # A sweep that saw the file before it was locked has taken it for a leftover.
                if os.fstat(file.fileno()).st_nlink:
                    return path, file
            except BaseException:
                discard(path, file)
                raise
            file.close()

    def _opened(self, path: Path) -> BinaryIO:
        """Make an empty file, and the folder only where it is missing: it is there all but once."""
        try:
            return path.open("xb")
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True)
            return path.open("xb")

    @contextlib.contextmanager
    def one(self) -> Iterator[tuple[Path, BinaryIO]]:
        """Make a file that is closed, and gone unless renamed, whatever happens inside."""
        path, file = self.make()
        try:
            yield path, file
        finally:
            discard(path, file)

    def sweep(self, older_than: float) -> None:
        """
        Remove what killed writers left.

        Args:
            older_than: unix seconds; where the file system has no locks, those last written to before are removed.
        """
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            for path in list(self._folder.iterdir()):
                with contextlib.suppress(OSError):  # another process sweeps too, or may alone
                    _sweep_one(path, older_than)


def discard(path: Path, file: BinaryIO) -> None:
    """Close and remove a temporary, if it is one still; what cannot be removed now is swept later."""
    with contextlib.suppress(OSError):
        path.unlink()
    with contextlib.suppress(OSError):  # buffered bytes that the disk had no room for
        file.close()


def _sweep_one(path: Path, older_than: float) -> None:
    # Locks over NFS want a file that is open for writing.
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB) or os.fstat(descriptor).st_mtime < older_than:
            path.unlink()
    except BlockingIOError:
        pass  # its writer lives
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int) -> bool:
    """Lock an open file; False where there are no locks."""
    try:
        fcntl.flock(descriptor, kind)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return False
    return True
