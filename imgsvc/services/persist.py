"""Writing to the store behind the client's back: bounded in bytes, retried, drained at shutdown."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from msgspec import Struct

from imgsvc.errors import StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.store.base import ObjectStore, StoredObject
from imgsvc.stream.base import Ledger

log = logging.getLogger("imgsvc.persist")

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.2
WRITERS = 4


class PersisterStatistics(Struct, frozen=True):
    """Snapshot: what waits now, and what became of everything since the start."""

    waiting: int
    waiting_bytes: int
    written: int
    lost: int
    failed: int
    dropped: int


class _Item(Struct, frozen=True):
    key: str
    stored: StoredObject
    if_absent: bool

    @property
    def size_bytes(self) -> int:
        return len(self.stored.data)


class Persister:
    """
    Owns the writes that nobody waits for.

    What is waiting can be read back with :meth:`pending`, so that a picture is never fetched again only because its
    write has not ended. :meth:`start` before use, :meth:`aclose` once.

    Args:
        store: where to write.
        ledger: counts what waits; without room a new write is dropped and counted.
        on_stored: told key and SHA-256 of each object that the store now holds.
        pause: waits some seconds before another attempt.
    """

    def __init__(
        self,
        store: ObjectStore,
        ledger: Ledger,
        *,
        on_stored: Callable[[str, str], None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._on_stored = on_stored
        self.on_lost: Callable[[str], object] = _ignore
        """Told the key when another writer was first and its object stands: what is kept here is to be forgotten."""
        self._pause = pause
        # All mutable state: the newest item of each key until it is written, keys in the order they came, keys being
        # written now, and counters.
        self._items: dict[str, _Item] = {}
        self._order: asyncio.Queue[str] = asyncio.Queue()
        self._bytes = 0
        self._active: dict[str, asyncio.Event] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._changed = asyncio.Event()
        self._workers: list[asyncio.Task[None]] = []
        self._counts = dict.fromkeys(("written", "lost", "failed", "dropped"), 0)
        self._last_error: str | None = None

    def start(self) -> None:
        """Begin to write."""
        self._workers = [asyncio.create_task(self._work(), name=f"persist-{n}") for n in range(WRITERS)]

    @property
    def last_error(self) -> str | None:
        """Why the last write failed; None when it did not."""
        return self._last_error

    def put(self, key: str, data: bytes, meta: BlobMeta, *, if_absent: bool = False) -> bool:
        """
        Take a write, replacing one of the same key that still waits.

        Returns:
            False when there is no room: the write is dropped, which costs a fetch later and nothing else.
        """
        item = _Item(key, StoredObject(data, meta), if_absent)
        before = self._items.get(key)
        if before is not None:
            self._give_back(before)
        if not self._ledger.take(item.size_bytes):
            if before is not None:  # it waits on, as it did
                self._ledger.take_regardless(before.size_bytes)
                self._bytes += before.size_bytes
            self._counts["dropped"] += 1
            return False
        self._bytes += item.size_bytes
        self._items[key] = item
        self._idle.clear()
        if before is None:
            self._order.put_nowait(key)
        return True

    def pending(self, key: str) -> StoredObject | None:
        """Give what waits to be written under *key*."""
        item = self._items.get(key)
        return item.stored if item else None

    async def discard(self, prefix: str, *keys: str) -> None:
        """Forget what waits below *prefix* or under one of *keys*, and wait for what is just being written there."""
        for key in [k for k in self._items if k.startswith(prefix) or k in keys]:
            self._forget(self._items[key])
        for key, done in list(self._active.items()):
            if key.startswith(prefix) or key in keys:
                await done.wait()

    async def written(self, *keys: str) -> None:
        """Wait until none of *keys* waits to be written, however that ended."""
        while any(key in self._items for key in keys):
            await self._changed.wait()

    async def aclose(self, timeout_seconds: float) -> None:
        """Write what waits, for *timeout_seconds* at the most; what is left then is lost and logged."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._idle.wait()
        except TimeoutError:
            log.warning("%d objects were not stored in time before the end", len(self._items))
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    def statistics(self) -> PersisterStatistics:
        """Snapshot of queue and counters."""
        return PersisterStatistics(waiting=len(self._items), waiting_bytes=self._bytes, **self._counts)

    async def _work(self) -> None:
        while True:
            key = await self._order.get()
            if (item := self._items.get(key)) is None or key in self._active:
                continue  # discarded while it waited, or its writer takes the newer item itself
            self._active[key] = asyncio.Event()
            try:
                while item is not None:
                    await self._write(item)
                    newer = self._items.get(key)
                    if newer is item:
                        self._forget(item)
                        newer = None
                    item = newer
            finally:
                self._active.pop(key).set()

    async def _write(self, item: _Item) -> None:
        """Try a few times; a store that goes on failing costs this object and nothing else."""
        for attempt in range(ATTEMPTS):
            try:
                written = await self._store.put(item.key, item.stored.data, item.stored.meta, if_absent=item.if_absent)
            except StoreError as error:
                self._last_error = error.detail
                if attempt + 1 < ATTEMPTS:
                    await self._pause(FIRST_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            except Exception as error:
                # A fault of a backend's, or of ours: it costs this object, not the writer and all that waits for it.
                log.exception("writing %s failed", item.key)
                self._last_error = f"a writer met {type(error).__name__}"
                break
            else:
                self._last_error = None
                self._report(item, written=written)
                return
        self._counts["failed"] += 1
        log.warning("not stored: %s: %s", item.key, self._last_error)

    def _report(self, item: _Item, *, written: bool) -> None:
        self._counts["written" if written else "lost"] += 1
        if written:
            self._on_stored(item.key, item.stored.meta.sha256)
        else:
            self.on_lost(item.key)

    def _give_back(self, item: _Item) -> None:
        self._ledger.give_back(item.size_bytes)
        self._bytes -= item.size_bytes

    def _forget(self, item: _Item) -> None:
        if self._items.get(item.key) is item:
            del self._items[item.key]
            self._give_back(item)
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()
        if not self._items:
            self._idle.set()


def _ignore(_key: str) -> None:
    """Do nothing, as long as nobody wants to be told."""
