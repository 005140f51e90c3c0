"""
One object in one file: a small head, then the bytes.

::

    8 bytes    MAGIC, the layout's version in its last
    4 bytes    length of the JSON text that follows, big-endian
    JSON       {"key": …, "length": bytes of data, "meta": {…}}
    data

Metadata and bytes in one file can never be of two writes, whatever is killed when. The key guards against files that
were moved, and file systems that take two names for one.
"""

import json
import os
import struct
from typing import BinaryIO

from imgsvc.model.blob import BlobMeta
from imgsvc.store.base import StoredObject
from imgsvc.store.integrity import Damaged, refuse_empty, verify

MAGIC = b"imgsvc\x00\x01"
MAX_JSON_BYTES = 16 * 1024
"""Far above what a key of 512 bytes and the metadata need: a larger number is damage, not a reason to read on."""

_START = struct.Struct(">8sI")


def head_of(key: str, length_bytes: int, meta: BlobMeta) -> bytes:
    """Write the head of an object of *length_bytes* bytes."""
    text = json.dumps({"key": key, "length": length_bytes, "meta": meta.to_texts()}).encode("ascii")
    return _START.pack(MAGIC, len(text)) + text


def read_object(file: BinaryIO, key: str) -> StoredObject:
    """Read and check all of an open file; raises Damaged."""
    meta, length_bytes = _read_head(file, key)
    data = file.read(length_bytes)
    verify(data, meta)
    return StoredObject(data, meta)


def read_meta(file: BinaryIO, key: str) -> BlobMeta:
    """Read an open file's metadata and check its length; raises Damaged."""
    return _read_head(file, key)[0]


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
