"""What lies in a store's folder, how large, and when it was last used."""

import contextlib
import os
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

from imgsvc.model.purge import MARKS_PREFIX
from imgsvc.store.ceiling import BLOCK_BYTES, Seen
from imgsvc.store.layout import FILE_SUFFIX, TEMPORARY_FOLDER, folder_of

KEPT = f"{folder_of(MARKS_PREFIX.rstrip('/'))}/"
"""Purge marks are never deleted to make room: without them what they hit would be answered again."""

RECENT_SECONDS = 1
"""A use is noted unless the last one was noted within this time: it costs a write of the file's inode."""


def survey(root: Path, folder: str = "") -> Generator[Seen, None, None]:
    """
    Give the objects' files below *root*, in no order.

    Reads each folder piece by piece, however many files are in it, and keeps it open meanwhile. Links are not followed.
    What cannot be read, or goes while it is looked at, is passed over.
    """
    with contextlib.suppress(OSError), os.scandir(root / folder) as entries:
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if path != TEMPORARY_FOLDER:
                    yield from survey(root, path)
            elif (seen := _look(entry, path)) is not None:
                yield seen


def is_kept(path: str) -> bool:
    """Whether the object at a relative path stays, however long it was not used."""
    return path.startswith(KEPT)


def size_on_disk_bytes(status: os.stat_result) -> int:
    """Give what a file takes: its blocks, or its length where they hold more than they take."""
    return max(status.st_size, status.st_blocks * 512)


def seen_as(path: str, status: os.stat_result) -> Seen:
    """Describe a file by its status."""
    return Seen(status.st_atime_ns, path, size_on_disk_bytes(status))


def space_of(root: Path) -> tuple[int | None, int]:
    """Give free bytes, None where they are not known, and the size of a block of the file system *root* is in."""
    for folder in (root, *root.absolute().parents):  # it need not be there yet
        with contextlib.suppress(OSError):
            status = os.statvfs(folder)
            return status.f_bavail * status.f_frsize, status.f_frsize
    return None, BLOCK_BYTES


def note_use(file: BinaryIO, now: float) -> None:
    """
    Set an open file's time of last access: what the kernel does by itself depends on how the disk was mounted.

    Args:
        file: which is being read.
        now: unix seconds.
    """
    with contextlib.suppress(OSError):  # somebody else's file, or a read-only disk
        status = os.fstat(file.fileno())
        if now - status.st_atime > RECENT_SECONDS:
            os.utime(file.fileno(), ns=(int(now * 1e9), status.st_mtime_ns))


def _look(entry: os.DirEntry[str], path: str) -> Seen | None:
    if not entry.name.endswith(FILE_SUFFIX) or not entry.is_file(follow_symlinks=False):
        return None
    try:
        return seen_as(path, entry.stat(follow_symlinks=False))
    except OSError:
        return None
