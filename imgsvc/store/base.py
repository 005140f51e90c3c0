"""What an object store is; the backends pass one contract suite, ``tests/contracts``."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from msgspec import Struct

from imgsvc.model.blob import BlobMeta
from imgsvc.stream.base import FileRange

PART_BYTES = 8 * 1024 * 1024
"""What a writer takes at once. S3 takes no part but the last below 5 MiB, and 10,000 parts (AWS, "Multipart upload
limits"): this makes objects of up to 78 GiB."""


class StoredObject(Struct, frozen=True):
    """An object with its bytes."""

    data: bytes
    meta: BlobMeta


class StoredStream(Protocol):
    """
    An object that is read piece by piece. Whoever opened it closes it; not closed, it keeps a connection or a file.

    What it gives is of one object from the first piece to the last, whoever replaces or deletes it meanwhile: where
    the rest of the old one cannot be had any more reading fails.
    """

    @property
    def meta(self) -> BlobMeta:
        """
        What is known of the bytes.

        ``sha256`` and ``source_sha256`` are empty for an object that somebody else put into the bucket: nobody knows
        them without reading it all, so it has no entity tag and its bytes cannot be checked.
        """

    @property
    def size_bytes(self) -> int:
        """Length of the object, more than 0."""

    def chunks(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """
        Give the bytes from *start* up to *stop*, in pieces of at most 64 KiB and none empty.

        May be called any number of times, by several readers at once. When the whole object passes through one call
        its SHA-256 is checked before the last piece is given; damage is deleted and logged as in
        :meth:`ObjectStore.get`.

        Args:
            start: first byte wanted, from 0.
            stop: the byte before which it ends; None, or more than there are, is the object's end.

        Raises:
            StoreError: the object is damaged, cannot be read, or is another by now; or the stream is closed.
        """

    def close(self) -> None:
        """Give back what the stream holds, in the middle of reading too; twice is allowed."""


class ObjectWriter(Protocol):
    """
    An object that is written in parts while its bytes still arrive.

    Nothing of it is seen before :meth:`commit`. Whoever opened it calls :meth:`abort` in the end, after a commit too
    (it does nothing then), and right away after anything that failed or was cancelled: such a writer takes no more.
    One call at a time, but for :meth:`abort`, which may come at any moment.
    """

    @property
    def part_bytes(self) -> int:
        """How many bytes each part has; the last may have fewer, none more."""

    async def write(self, part: FileRange) -> None:
        """
        Append bytes, read straight from their file: a few KiB of them are in memory at once.

        The file may be closed as soon as the call has ended, however it ended.

        Raises:
            StoreError: they could not be written, or the writer takes no more.
        """

    async def commit(self, meta: BlobMeta) -> None:
        """
        Give the object its key, whole, in place of what was there.

        Cancelled, it leaves the old object or the new one.

        Args:
            meta: with the SHA-256 of all that was written.

        Raises:
            StoreError: it could not be done (nothing was written, say), or the writer takes no more.
        """

    async def abort(self) -> None:
        """
        Leave nothing behind but what was committed. Never raises; what it began goes on when its caller is cancelled.

        Of a store that cannot be reached something may be left; it is removed some time after, as is what killed
        processes leave.
        """


class StoreStatistics(Struct, frozen=True):
    """
    Counters since the start, each one outcome of one call; and how full the store is, where it has a ceiling.

    Attributes:
        hits: ``get``, ``open`` and ``stat`` that found a sound object.
        misses: those that found none.
        damaged: those that found a damaged one, or whose stream turned out to be one.
        writes: ``put`` and ``commit`` that wrote.
        failures: calls of any kind that ended in a StoreError.
        evictions: objects deleted to make room.
        entries: objects there now, about; None where that is not known: in S3, and before a folder was first counted.
        bytes: what they take on disk, those of other processes as of the last count; None likewise.
        capacity_bytes: the ceiling in force; None where there is none, or where it is not known yet.
    """

    hits: int = 0
    misses: int = 0
    damaged: int = 0
    writes: int = 0
    failures: int = 0
    evictions: int = 0
    entries: int | None = None
    bytes: int | None = None
    capacity_bytes: int | None = None


class ObjectStore(Protocol):
    """
    Immutable objects by key.

    Every method checks its key with ``model.keys.validate_key`` first (raising :class:`imgsvc.errors.BadKey`), and
    raises :class:`imgsvc.errors.StoreError` for whatever goes wrong behind it. An object is seen whole or not at all,
    at any instant, by any process.
    """

    async def get(self, key: str) -> StoredObject | None:
        """
        Read an object and check its length and SHA-256.

        Damage (zero bytes, other length, other digest, metadata unreadable or of another version) is a miss: the
        object is deleted and one line logged.
        """

    async def open(self, key: str, buffers: Callable[[int], bool]) -> StoredObject | StoredStream | None:
        """
        Read an object at once or piece by piece, as *buffers* decides, in one visit to the store.

        Damage is a miss as in :meth:`get`; what shows without reading the bytes shows here for a stream too.

        Args:
            key: of the object.
            buffers: asked at most once, with the object's length in bytes (more than 0), maybe in a thread: True
                reads and checks all of it, False gives a stream. Not called any more when the call has ended, by
                cancellation too. It said True and no StoredObject came: there is none, by damage or a failure.
        """

    async def stat(self, key: str) -> BlobMeta | None:
        """Read an object's metadata only; damage that shows without reading the bytes is treated as in :meth:`get`."""

    async def put(self, key: str, data: bytes, meta: BlobMeta, *, if_absent: bool = False) -> bool:
        """
        Write an object whole, in place of what was there; zero bytes are refused with StoreError.

        Cancelled, it leaves the old object or the new one, and no temporary. Where the store has a ceiling it waits
        until room is made: it is for work in the background.

        Returns:
            False when *if_absent* was asked and there is one already; nothing is changed then.
        """

    async def open_writer(self, key: str) -> ObjectWriter:
        """Begin an object that is written in parts, and whose metadata is known at the end only."""

    async def delete(self, key: str) -> bool:
        """Delete an object; False when there was none."""

    def list(self, prefix: str) -> AsyncIterator[str]:
        """
        Give the keys that begin with *prefix*, which may be empty or end in a slash, in no order.

        What lies in the folder or bucket under names that are no keys of ours is passed over. Objects that come or go
        meanwhile may be seen or not.
        """

    async def ping(self) -> None:
        """
        Make sure that the store can be reached and, where that costs nothing lasting, written to.

        Raises:
            StoreError: it cannot; the detail is fit for ``/api/health``.
        """

    async def aclose(self) -> None:
        """
        Wait for what is under way and give back connections and threads; calls after it raise StoreError.

        Streams that are still open are closed, and writers aborted.
        """

    def statistics(self) -> StoreStatistics:
        """Snapshot of the counters."""
