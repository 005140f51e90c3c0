"""A source's bytes, wherever they lie: in memory, or in a file that need not fit there."""

import hashlib
import os
from contextlib import ExitStack
from typing import overload

from msgspec.structs import replace

from imgsvc.stream.base import FileRange

Body = bytes | FileRange
"""A whole source. A range begins at 0 and is all of its file: libvips opens the file by name."""

_PIECE_BYTES = 1024 * 1024
_WINDOW_BYTES = 64 * 1024


class FileView:
    """
    A file that can be indexed and sliced as bytes can; a slice is a copy, so slices are small. For threads.

    Reads a window at a time. A map would do the same with less ado, but whoever walks through a mapped file from end to
    end has all of it in the process's resident size.
    """

    def __init__(self, file: FileRange) -> None:
        self._file = file
        self._window = b""
        self._window_start = 0

    def __len__(self) -> int:
        return self._file.size_bytes

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> bytes: ...
    def __getitem__(self, place: int | slice) -> int | bytes:
        if isinstance(place, slice):
            start, stop, _ = place.indices(len(self))
            return self._read(start, max(0, stop - start))
        if not 0 <= place < len(self):
            raise IndexError(place)
        at = place - self._window_start
        return self._window[at] if 0 <= at < len(self._window) else self._read(place, 1)[0]

    def _read(self, start: int, size_bytes: int) -> bytes:
        at = start - self._window_start
        if not 0 <= at <= len(self._window) - size_bytes:
            wanted_bytes = min(max(size_bytes, _WINDOW_BYTES), len(self) - start)
            self._window = FileRange(self._file.descriptor, self._file.start + start, wanted_bytes).read()
            self._window_start, at = start, 0
        return self._window[at : at + size_bytes]


View = bytes | FileView
"""A whole source that can be indexed and sliced, wherever it lies."""


def size_of(body: Body) -> int:
    """Give the number of bytes."""
    return body.size_bytes if isinstance(body, FileRange) else len(body)


def whole(body: Body) -> bytes:
    """Give all bytes; reads the file, so for threads."""
    return body.read() if isinstance(body, FileRange) else body


def head_of(body: Body, size_bytes: int) -> bytes:
    """Give the first *size_bytes*, or all when there are fewer; reads the file, so for threads."""
    if isinstance(body, FileRange):
        return os.pread(body.descriptor, min(size_bytes, body.size_bytes), body.start)
    return body[:size_bytes]


def digest_of(body: Body) -> str:
    """Give the SHA-256 in hex, of a file piece by piece; for threads."""
    if not isinstance(body, FileRange):
        return hashlib.sha256(body).hexdigest()
    digest = hashlib.sha256()
    at, end = body.start, body.start + body.size_bytes
    while at < end and (piece := os.pread(body.descriptor, min(_PIECE_BYTES, end - at), at)):
        digest.update(piece)
        at += len(piece)
    return digest.hexdigest()


def viewed(body: Body) -> View:
    """Let a body be looked into here and there; of a file only a window is in memory."""
    return FileView(body) if isinstance(body, FileRange) else body


def held_open(body: Body, held: ExitStack) -> Body:
    """
    Make sure that a file stays open as long as *held* does, whatever its owner does meanwhile.

    A thread ends later than the caller who has left; by then the number of the owner's descriptor may be another
    file's.
    """
    if not isinstance(body, FileRange):
        return body
    descriptor = os.dup(body.descriptor)
    held.callback(os.close, descriptor)
    return replace(body, descriptor=descriptor)
