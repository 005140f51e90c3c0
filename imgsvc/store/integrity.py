"""What makes an object sound, and what happens to one that is not; the same for every backend."""

import hashlib
import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import asdict

from imgsvc.errors import StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.model.keys import validate_key
from imgsvc.store.base import StoreStatistics

Found = TypeVar("Found")

_log = logging.getLogger("imgsvc.store")


class Damaged(Exception):
    """An object is there but cannot be used; the text says what is wrong with it. Never leaves this room."""


def verify(data: bytes, meta: BlobMeta) -> None:
    """
    Check bytes against their metadata; takes about a millisecond a megabyte.

    Raises:
        Damaged: there are none, or they are not those the metadata was made for.
    """
    refuse_empty(len(data))
    if hashlib.sha256(data).hexdigest() != meta.sha256:
        raise Damaged("its bytes have another SHA-256")


def refuse_empty(length_bytes: int) -> None:
    """Raise Damaged when an object has no bytes: no picture has none, but many a broken write."""
    if length_bytes == 0:
        raise Damaged("it has no bytes")


class Passage:
    """
    One reader's way through an object.

    Args:
        meta: of the object; without a digest nothing is checked.
        size_bytes: of the object.
        start: first byte wanted.
        stop: the byte before which it ends; None, or more than there are, is the object's end.
    """

    def __init__(self, meta: BlobMeta, size_bytes: int, start: int, stop: int | None) -> None:
        self.at = start
        """The next byte to come."""
        self.stop = size_bytes if stop is None else min(stop, size_bytes)
        self._sha256 = meta.sha256
        self._digest = hashlib.sha256() if meta.sha256 and (start, self.stop) == (0, size_bytes) else None

    @property
    def left_bytes(self) -> int:
        """How many are still to come."""
        return max(0, self.stop - self.at)

    def note(self, piece: bytes) -> None:
        """
        Count, and hash, a piece that is about to be given out.

        Raises:
            Damaged: it is the last one of the whole object, and the digest is another.
        """
        self.at += len(piece)
        if self._digest is not None:
            self._digest.update(piece)
            if not self.left_bytes and self._digest.hexdigest() != self._sha256:
                raise Damaged("its bytes have another SHA-256")


class Question:
    """
    Whether to read an object at once, asked from a thread on behalf of a caller who may leave.

    Args:
        buffers: the caller's answer.
    """

    def __init__(self, buffers: Callable[[int], bool]) -> None:
        self._buffers = buffers
        self._withdrawn = False
        self._lock = threading.Lock()

    def ask(self, size_bytes: int) -> bool:
        """Ask, unless the caller has left."""
        with self._lock:
            return not self._withdrawn and self._buffers(size_bytes)

    def withdraw(self) -> None:
        """Make sure that the caller is not asked any more; waits no longer than the caller takes to answer."""
        with self._lock:
            self._withdrawn = True


def check_put(key: str, data: bytes) -> None:
    """Check what is about to be written; raises BadKey, or StoreError when there are no bytes."""
    validate_key(key)
    if not data:
        raise StoreError("An object without bytes is not stored.")


def check_prefix(prefix: str) -> None:
    """Check what keys are to begin with: nothing, a key, or a key with a slash behind it; raises BadKey."""
    if prefix:
        validate_key(prefix.removesuffix("/"))


class Counters(Struct):
    """What :class:`StoreStatistics` is a snapshot of; changed on the event loop only."""

    hits: int = 0
    misses: int = 0
    damaged: int = 0
    writes: int = 0
    failures: int = 0

    def looked_up(self, found: Found) -> Found:
        """Count a look-up by what it found, and pass that on."""
        if found is None:
            self.misses += 1
        else:
            self.hits += 1
        return found

    def note_damage(self, key: str, damage: Damaged) -> None:
        """Count and log an object that was found damaged; keys hold nothing that could forge a log line."""
        self.damaged += 1
        _log.warning("object %s was damaged (%s) and is deleted", key, damage)

    def snapshot(self) -> StoreStatistics:
        """Give the counters as they are."""
        return StoreStatistics(**asdict(self))
