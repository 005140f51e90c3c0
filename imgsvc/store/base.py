"""What an object store is; the backends pass one contract suite, ``tests/contracts/store.py``."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from imgsvc.model.blob import BlobMeta


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object with its bytes."""

    data: bytes
    meta: BlobMeta


@dataclass(frozen=True, slots=True)
class StoreStatistics:
    """Counters since the start; each is one outcome of one call."""

    hits: int = 0
    misses: int = 0
    damaged: int = 0
    writes: int = 0
    failures: int = 0


class ObjectStore(Protocol):
    """
    Immutable objects by key.

    Every method checks its key with ``model.keys.validate_key`` first, and raises :class:`imgsvc.errors.StoreError`
    for whatever goes wrong behind it. An object is seen whole or not at all, at any instant, by any process.
    """

    async def get(self, key: str) -> StoredObject | None:
        """
        Read an object and check its length and SHA-256.

        Damage (zero bytes, other length, other digest, metadata unreadable or of another version) is a miss: the
        object is deleted and one line logged.
        """

    async def stat(self, key: str) -> BlobMeta | None:
        """Read an object's metadata only."""

    async def put(self, key: str, data: bytes, meta: BlobMeta, *, if_absent: bool = False) -> bool:
        """
        Write an object whole.

        Returns:
            False when *if_absent* was asked and there is one already; nothing is changed then.
        """

    async def delete(self, key: str) -> bool:
        """Delete an object; False when there was none."""

    def list(self, prefix: str) -> AsyncIterator[str]:
        """Give the keys that begin with *prefix*, which may be empty or end in a slash, in no order."""

    async def ping(self) -> None:
        """
        Make sure that the store can be written to.

        Raises:
            StoreError: it cannot; the detail is fit for ``/api/health``.
        """

    async def aclose(self) -> None:
        """Give back connections and threads."""

    def statistics(self) -> StoreStatistics:
        """Snapshot of the counters."""
