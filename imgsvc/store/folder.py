"""A folder of objects, handled by plain blocking calls: the half of the filesystem store that runs in its threads."""

import contextlib
import errno
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from imgsvc.model.blob import BlobMeta
from imgsvc.store.base import StoredObject
from imgsvc.store.ceiling import Seen, Tally
from imgsvc.store.draft import SLICE_BYTES, Abandoned, Draft
from imgsvc.store.integrity import Damaged
from imgsvc.store.layout import FILE_SUFFIX, TEMPORARY_FOLDER, folder_of, key_of, path_of
from imgsvc.store.objectfile import Extent, head_of, read_meta, read_object, read_or_keep
from imgsvc.store.survey import note_use, seen_as, size_on_disk_bytes, space_of, survey
from imgsvc.store.temporary import Temporaries

Read = TypeVar("Read")

COMMIT_ATTEMPTS = 10
"""A delete may prune the folder that a write has just made; each further loss of that race is less likely."""

# What file systems without hard links answer (vfat, some network and FUSE file systems).
_NO_LINKS = frozenset((errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK))


class Folder:
    """
    Objects below *root*, which is made when first written to.

    Safe for any number of threads and processes at once. All methods raise OSError for what the system refuses.

    Args:
        root: the folder.
        tally: told of every object that comes or goes by this process.
        clock: unix seconds, for noting when an object was read.
    """

    def __init__(self, root: Path, tally: Tally | None = None, clock: Callable[[], float] = time.time) -> None:
        self._root = root
        self._temporaries = Temporaries(root / TEMPORARY_FOLDER)
        self._tally = Tally() if tally is None else tally
        self._clock = clock
        # From the look at what a name stands for to its change, so that no change is noted twice.
        self._naming = threading.Lock()

    def read(self, key: str) -> StoredObject | None:
        """Read an object; raises Damaged, and the object is gone then."""
        return self._read(key, lambda file, key: self._used(file, read_object(file, key)))

    def open(self, key: str, buffers: Callable[[int], bool]) -> StoredObject | Extent | None:
        """Read an object when *buffers* says so of its length, else open it; raises Damaged, and it is gone then."""
        return self._read(key, lambda file, key: self._used(file, read_or_keep(file, key, buffers)))

    def read_meta(self, key: str) -> BlobMeta | None:
        """Read an object's metadata; raises Damaged, and the object is gone then."""
        return self._read(key, read_meta)

    def write(self, key: str, data: bytes, meta: BlobMeta, if_absent: bool, abandoned: threading.Event) -> bool:  # noqa: FBT001 - an executor passes by position
        """
        Write an object to a temporary file, then give it its name in one step.

        Returns:
            False when *if_absent* and there is one.

        Raises:
            Abandoned: *abandoned* was set before the object had its name.
        """
        path = self._root / path_of(key)
        if if_absent and path.exists():
            return False
        with self._temporaries.one() as (temporary, file):
            _write_slices(file, head_of(key, len(data), meta), data, abandoned)
            file.flush()  # not closed: that would give the lock back, and the file to a sweep
            return self._commit(temporary, path, if_absent=if_absent)

    def draft(self, key: str) -> Draft:
        """Begin an object that is written in parts."""
        return Draft(key, *self._temporaries.make(), self._place)

    def delete(self, key: str) -> bool:
        """Delete an object, and the folders it leaves empty; False when there was none."""
        path = self._root / path_of(key)
        try:
            with self._naming:
                self._unlink(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        self._prune(path)
        return True

    def evict(self, seen: Seen) -> int:
        """Delete an object that was not used, nor replaced, since it was seen; give the bytes that frees."""
        path = self._root / seen.path
        if key_of(seen.path) is None:
            return 0  # not ours to delete
        try:
            with self._naming:
                if seen_as(seen.path, path.lstat()) != seen:
                    return 0
                self._unlink(path)
                self._tally.evictions += 1
        except OSError:  # gone already, or read-only
            return 0
        self._prune(path)
        return seen.size_bytes

    def survey(self) -> Generator[Seen, None, None]:
        """Give the objects' files, in no order; closed by whoever does not read to the end."""
        return survey(self._root)

    def space(self) -> tuple[int | None, int]:
        """Give the file system's free bytes, None where they are not known, and the size of its blocks."""
        return space_of(self._root)

    def walk(self, prefix: str) -> Iterator[str]:
        """
        Give the keys that begin with *prefix*, in no order.

        Holds no handle between two keys, so that it may be dropped at any point and resumed by another thread.
        """
        waiting = [folder_of(prefix.rpartition("/")[0])]
        while waiting:
            folder = waiting.pop()
            for name in _names(self._root / folder):
                path = f"{folder}/{name}" if folder else name
                if name.endswith(FILE_SUFFIX):
                    if (key := key_of(path)) is not None and key.startswith(prefix):
                        yield key
                elif path != TEMPORARY_FOLDER:
                    waiting.append(path)

    def probe(self) -> None:
        """Write and remove a few bytes."""
        with self._temporaries.one() as (_, file):
            file.write(b"imgsvc")
            file.flush()

    def sweep(self, older_than: float) -> None:
        """Remove what killed writers left; *older_than* is as in :meth:`Temporaries.sweep`."""
        self._temporaries.sweep(older_than)

    def discard_damaged(self, key: str, file: BinaryIO) -> None:
        """Delete a damaged object unless a writer has replaced it; *file* is it, still open: no other has its inode."""
        path = self._root / path_of(key)
        with contextlib.suppress(OSError):  # read-only: it stays, and stays a miss
            with self._naming:
                if path.stat().st_ino != os.fstat(file.fileno()).st_ino:
                    return
                self._unlink(path)
            self._prune(path)

    def _read(self, key: str, read: Callable[[BinaryIO, str], Read]) -> Read | None:
        path = self._root / path_of(key)
        try:
            with open(path, "rb", opener=_at_once) as file:
                try:
                    return read(file, key)
                except Damaged:
                    self.discard_damaged(key, file)
                    raise
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _used(self, file: BinaryIO, found: Read) -> Read:
        note_use(file, self._clock())
        return found

    def _place(self, temporary: Path, key: str) -> None:
        self._commit(temporary, self._root / path_of(key), if_absent=False)

    def _commit(self, temporary: Path, path: Path, *, if_absent: bool) -> bool:
        for attempt in range(1, COMMIT_ATTEMPTS + 1):
            try:
                if attempt > 1:  # the folder is there already, but for the first object of a source
                    path.parent.mkdir(parents=True, exist_ok=True)
                return self._name(temporary, path, if_absent=if_absent)
            except (FileNotFoundError, FileExistsError):  # mkdir raises the second when it loses in its own middle
                if attempt == COMMIT_ATTEMPTS:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _name(self, temporary: Path, path: Path, *, if_absent: bool) -> bool:
        with self._naming:
            before_bytes, after_bytes = _size_bytes(path), _size_bytes(temporary)
            won = _link(temporary, path) if if_absent else _rename(temporary, path)
            if won:
                self._tally.changed(before_bytes, after_bytes)
        return won

    def _unlink(self, path: Path) -> None:
        before_bytes = _size_bytes(path)
        path.unlink()
        self._tally.changed(before_bytes, None)

    def _prune(self, path: Path) -> None:
        with contextlib.suppress(OSError):  # the first that is not empty ends it
            for folder in path.relative_to(self._root).parents[:-1]:
                (self._root / folder).rmdir()


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names are all that is needed; a Path each costs ten times as much
    except (FileNotFoundError, NotADirectoryError):
        return []


def _write_slices(file: BinaryIO, head: bytes, data: bytes, abandoned: threading.Event) -> None:
    file.write(head)
    view = memoryview(data)
    for start in range(0, len(view), SLICE_BYTES):
        if abandoned.is_set():
            raise Abandoned
        file.write(view[start : start + SLICE_BYTES])


def _size_bytes(path: Path) -> int | None:
    try:
        return size_on_disk_bytes(path.lstat())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _rename(temporary: Path, path: Path) -> bool:
    temporary.replace(path)
    return True


def _link(temporary: Path, path: Path) -> bool:
    """Give a file its second name, unless that is taken; the caller removes the first."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Without links two writers can both win; both hold the same picture, and the last one's bytes stay.
        return not path.exists() and _rename(temporary, path)
    return True


def _at_once(path: str, flags: int) -> int:
    """Open what is in an object's place without waiting for it: a pipe's other end may never come."""
    return os.open(path, flags | os.O_NONBLOCK)
