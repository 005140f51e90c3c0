"""What makes an object sound, and what happens to one that is not; the same for every backend."""

import hashlib
import logging
from dataclasses import asdict, dataclass
from typing import TypeVar

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


def check_put(key: str, data: bytes) -> None:
    """Check what is about to be written; raises BadKey, or StoreError when there are no bytes."""
    validate_key(key)
    if not data:
        raise StoreError("An object without bytes is not stored.")


def check_prefix(prefix: str) -> None:
    """Check what keys are to begin with: nothing, a key, or a key with a slash behind it; raises BadKey."""
    if prefix:
        validate_key(prefix.removesuffix("/"))


@dataclass(slots=True)
class Counters:
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
