"""
One object in one file: a small head, then the bytes.

::

    8 bytes    MAGIC, the layout's version in its last
    4 bytes    length of the JSON text that follows, big-endian
    JSON       {"key": …, "length": bytes of data, "meta": {…}}, then perhaps spaces
    data

What is written in parts gets its head last; room is left for it, :data:`HEAD_BYTES`, and filled with spaces.

Metadata and bytes in one file can never be of two writes, whatever is killed when. The key guards against files that
were moved, and file systems that take two names for one.
"""

import json
import os
import struct
from collections.abc import Callable
from typing import BinaryIO

from msgspec import Struct

from imgsvc.errors import StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.store.base import StoredObject
from imgsvc.store.integrity import Damaged, refuse_empty, verify

MAGIC = b"imgsvc\x00\x01"
MAX_JSON_BYTES = 16 * 1024
"""Far above what a key of 512 bytes and the metadata need: a larger number is damage, not a reason to read on."""

HEAD_BYTES = 4096
"""A head whose length is fixed before its text is known: a key of 512 bytes and metadata escape to less than 3 KiB,
and data that begins on a block's boundary can be shared instead of copied by file systems that do."""

_START = struct.Struct(">8sI")


class Extent(Struct, frozen=True):
    """
    Where an object's bytes lie.

    Attributes:
        meta: its metadata.
        file: open; whoever gets the extent closes it.
        start: of the first byte in the file.
        size_bytes: how many there are.
    """

    meta: BlobMeta
    file: BinaryIO
    start: int
    size_bytes: int


def head_of(key: str, length_bytes: int, meta: BlobMeta, head_bytes: int = 0) -> bytes:
    """
    Write the head of an object of *length_bytes* bytes, filled up to *head_bytes*.

    Raises:
        StoreError: it does not fit in *head_bytes*, when those are given.
    """
    text = json.dumps({"key": key, "length": length_bytes, "meta": meta.to_texts()}).encode("ascii")
    if head_bytes:
        text = text.ljust(head_bytes - _START.size)
        if _START.size + len(text) > head_bytes:
            raise StoreError("The object's metadata is too long.")
    return _START.pack(MAGIC, len(text)) + text


def read_object(file: BinaryIO, key: str) -> StoredObject:
    """Read and check all of an open file; raises Damaged."""
    meta, length_bytes = _read_head(file, key)
    return _read_data(file, meta, length_bytes)


def read_or_keep(file: BinaryIO, key: str, buffers: Callable[[int], bool]) -> StoredObject | Extent:
    """Read and check all of an open file when *buffers* says so of its bytes, else keep it open; raises Damaged."""
    meta, length_bytes = _read_head(file, key)
    if buffers(length_bytes):
        return _read_data(file, meta, length_bytes)
    return Extent(meta, os.fdopen(os.dup(file.fileno()), "rb", buffering=0), file.tell(), length_bytes)


def read_meta(file: BinaryIO, key: str) -> BlobMeta:
    """Read an open file's metadata and check its length; raises Damaged."""
    return _read_head(file, key)[0]


def _read_data(file: BinaryIO, meta: BlobMeta, length_bytes: int) -> StoredObject:
    data = file.read(length_bytes)
    verify(data, meta)
    return StoredObject(data, meta)


def _read_head(file: BinaryIO, key: str) -> tuple[BlobMeta, int]:
    text = _read_json(file)
    try:
        head = json.loads(text)
        named, length_bytes, meta = head["key"], int(head["length"]), BlobMeta.from_texts(head["meta"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Damaged(f"its head is unreadable: {error}") from error
    if named != key:
        raise Damaged("it is another key's")
    refuse_empty(length_bytes)
    if os.fstat(file.fileno()).st_size != _START.size + len(text) + length_bytes:
        raise Damaged("its file has another length")
    return meta, length_bytes


def _read_json(file: BinaryIO) -> bytes:
    start = file.read(_START.size)
    if len(start) < _START.size:
        raise Damaged("its file ends in its head")
    magic, json_bytes = _START.unpack(start)
    if magic != MAGIC or json_bytes > MAX_JSON_BYTES:
        raise Damaged("its file is not one of this layout")
    return file.read(json_bytes)
