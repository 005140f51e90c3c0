"""A source's bytes, wherever they lie: in memory, or in a file that need not fit there."""

import hashlib
import mmap
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from imgsvc.stream.base import FileRange

Body = bytes | FileRange
"""A whole source. A range begins at 0 and is all of its file: libvips opens the file by name."""

View = bytes | mmap.mmap
"""A whole source that can be indexed, searched and sliced; a slice is a copy, so slices are small."""

_PIECE_BYTES = 1024 * 1024


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


@contextmanager
def viewed(body: Body) -> Iterator[View]:
    """Let a body be looked into here and there; of a file only the pages that are looked at are read. For threads."""
    if not isinstance(body, FileRange):
        yield body
    elif not body.size_bytes:
        yield b""  # nothing cannot be mapped
    else:
        with mmap.mmap(body.descriptor, body.size_bytes, access=mmap.ACCESS_READ) as view:
            yield view


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
