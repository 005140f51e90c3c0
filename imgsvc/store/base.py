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
    """
    Counters since the start; each is one outcome of one call.

    Attributes:
        hits: ``get`` and ``stat`` that found a sound object.
        misses: those that found none.
        damaged: those that found a damaged one.
        writes: ``put`` that wrote.
        failures: calls of any kind that ended in a StoreError.
    """

    hits: int = 0
    misses: int = 0
    damaged: int = 0
    writes: int = 0
    failures: int = 0


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

    async def stat(self, key: str) -> BlobMeta | None:
        """Read an object's metadata only; damage that shows without reading the bytes is treated as in :meth:`get`."""

    async def put(self, key: str, data: bytes, meta: BlobMeta, *, if_absent: bool = False) -> bool:
        """
        Write an object whole, in place of what was there; zero bytes are refused with StoreError.

        Cancelled, it leaves the old object or the new one, and no temporary.

        Returns:
            False when *if_absent* was asked and there is one already; nothing is changed then.
        """

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
        """Wait for what is under way and give back connections and threads; calls after it raise StoreError."""

    def statistics(self) -> StoreStatistics:
        """Snapshot of the counters."""
