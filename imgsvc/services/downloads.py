"""
Large sources that go on arriving behind the answer they began, and go into the store meanwhile.

A download is a task of its own: it fills the spool at the source's pace, while clients, transforms and the store's
writer read it at theirs. It ends well when all has arrived, is a picture, and is stored; every other end closes the
connection, aborts the store's write and tells the readers. When the last client leaves, what is missing may still
arrive for as long as IMGSVC_DRAIN_DEADLINE, unless memory is short.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from msgspec import Struct

from imgsvc.errors import ImgsvcError, NoSpoolRoom, StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.services.arrivals import Arrival, given_up
from imgsvc.services.download import Download, Plan
from imgsvc.store.base import ObjectStore, ObjectWriter
from imgsvc.stream.spool import Spool
from imgsvc.stream.spoolfile import no_room

log = logging.getLogger("imgsvc.downloads")

PARTS_AT_ONCE = 4
"""Parts on their way to the store; others wait their turn, with their bytes on disk."""

ABORT_SECONDS = 1.0
"""How long writers may abort what was not stored in time; what takes longer is left to the store's own end."""

FAILURE_SHOWN_SECONDS = 300.0
"""How long a write that failed is told of when no other has followed."""


class DownloadStatistics(Struct, frozen=True):
    """
    State, and counters since the start.

    Attributes:
        running: not ended yet, their write to the store included.
        bytes: arrived of those.
        started: begun.
        stored: ended with their bytes in the store.
        failed: ended by a fault of the source or of its bytes, or for want of time to look at them.
        not_stored: ended well, but the store failed or there was no room on disk.
        abandoned: given up because nobody wanted them any more, or at the end.
    """

    running: int
    bytes: int
    started: int
    stored: int
    failed: int
    not_stored: int
    abandoned: int


class Downloads:
    """
    All that are running.

    Args:
        store: where the bytes go.
        drain_deadline_seconds: how long one may go on without a client.
        may_drain: whether it may at all, just now.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        store: ObjectStore,
        drain_deadline_seconds: float,
        may_drain: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._store = store
        self._drain_deadline_seconds = drain_deadline_seconds
        self._may_drain = may_drain
        self._parts = asyncio.Semaphore(PARTS_AT_ONCE)
        self._commits: dict[str, asyncio.Event] = {}
        self._running: set[Download] = set()
        self._counts = dict.fromkeys(("started", "stored", "failed", "not_stored", "abandoned"), 0)
        self._failure: tuple[float, str] | None = None

    @property
    def last_error(self) -> str | None:
        """Why the last write to the store failed, if that was lately; None when it did not."""
        if self._failure is None or self._clock() - self._failure[0] > FAILURE_SHOWN_SECONDS:
            return None
        return self._failure[1]

    def begin(self, arrival: Arrival, plan: Plan, ended: Callable[[Download], None]) -> Download:
        """Let a body arrive in a task of its own; *ended* is told of it when all is over, the store included."""
        download = Download(arrival, plan)
        self._running.add(download)
        self._counts["started"] += 1
        download.spool.when_idle = lambda: self._unwanted(download)
        download.task = asyncio.create_task(self._run(download), name="download")
        download.task.add_done_callback(lambda _: self._over(download, ended))
        return download

    def abandon_unwanted(self) -> None:
        """Give up what has no client: memory is short."""
        for download in [d for d in self._running if not d.spool.is_held]:
            self._unwanted(download)

    async def committed(self, key: str) -> None:
        """Wait until no write that has begun to give *key* its bytes is under way."""
        if (done := self._commits.get(key)) is not None:
            await done.wait()

    async def ended(self, key: str) -> None:
        """Wait until nothing arrives for *key* any more, and its write to the store is over, however that ended."""
        if tasks := [download.task for download in self._running if download.plan.key == key]:
            await asyncio.wait(tasks)

    async def aclose(self, timeout_seconds: float) -> None:
        """
        Give up what still arrives, for no client is left; let end within *timeout_seconds* what is being stored.

        What is late is cut off and logged; a store that hangs holds up the end for two moments more at the most.
        """
        tasks = [download.task for download in self._running]
        for download in list(self._running):
            self._give_up(download)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout_seconds)
            await self._cut_off(late)

    def statistics(self) -> DownloadStatistics:
        """Snapshot of state and counters."""
        return DownloadStatistics(
            running=len(self._running), bytes=sum(d.spool.size_bytes for d in self._running), **self._counts
        )

    async def _cut_off(self, late: set[asyncio.Task[None]]) -> None:
        """Cancel once, upon which writers abort, and once more, upon which nobody waits for that any longer."""
        if lost := sum(download.task in late for download in self._running if download.plan.key is not None):
            log.warning("%d large objects were not stored in time before the end", lost)
        for _ in range(2):
            for task in late:
                task.cancel()
            if late:
                _, late = await asyncio.wait(late, timeout=ABORT_SECONDS)

    async def _run(self, download: Download) -> None:
        key = download.plan.key
        upload = asyncio.create_task(self._upload(download, key), name="upload") if key else None
        try:
            await self._arrive(download)
            if upload is not None:
                await upload
        except asyncio.CancelledError:
            self._counts["abandoned"] += 1
            raise
        except NoSpoolRoom:
            self._counts["not_stored"] += 1
        except ImgsvcError as error:
            self._counts["failed"] += 1
            await download.plan.failed(error)
        finally:
            if upload is not None:
                upload.cancel()
                await asyncio.gather(upload, return_exceptions=True)

    async def _arrive(self, download: Download) -> None:
        """Read to the end, and look at what has come."""
        try:
            try:
                await download.arrival.read_until(lambda: False)
            finally:
                await download.arrival.aclose()
            download.arriving.set_result(await self._looked_at(download))
        except BaseException as error:
            if not download.arriving.done():
                abandoned = download.spool.error or no_room()
                download.arriving.set_exception(error if isinstance(error, Exception) else abandoned)
            raise

    @staticmethod
    async def _looked_at(download: Download) -> BlobMeta:
        if download.spool.is_narrow:
            raise no_room()
        return await download.plan.inspect(download.spool)

    async def _upload(self, download: Download, key: str) -> None:
        """Write to the store while the body arrives; a store that fails costs this object and nothing else."""
        try:
            writer = await self._store.open_writer(key)
            try:
                meta = await self._write(download, writer)
                is_kept = await self._commit(download.plan, key, writer, meta)
            finally:
                await writer.abort()  # harmless after the commit
        except StoreError as error:
            self._counts["not_stored"] += 1
            self._failure = self._clock(), error.detail
            log.warning("not stored: %s: %s", key, error.detail)
        except ImgsvcError:
            pass  # the source's fault, and the reader of the source says so
        else:
            self._failure = None
            self._counts["stored"] += is_kept
            if is_kept:
                await download.plan.stored()

    async def _commit(self, plan: Plan, key: str, writer: ObjectWriter, meta: BlobMeta) -> bool:
        """Give the bytes their place, unless they were purged meanwhile; a purge that comes now waits."""
        async with self._parts:
            if not plan.wanted():
                return False
            done = self._commits[key] = asyncio.Event()
            try:
                await writer.commit(meta)
            finally:
                done.set()
                if self._commits.get(key) is done:
                    del self._commits[key]
        return True

    async def _write(self, download: Download, writer: ObjectWriter) -> BlobMeta:
        """Follow the spool part by part; give what is known of the whole."""
        spool, at = download.spool, 0
        while True:
            await _written(spool, at + writer.part_bytes)
            if spool.is_narrow or spool.error is not None:
                raise spool.error if isinstance(spool.error, ImgsvcError) else no_room()
            size_bytes = min(writer.part_bytes, spool.file_bytes - at)
            if size_bytes == 0:
                return await asyncio.shield(download.arriving)
            async with self._parts:
                await writer.write(spool.file_range(at, size_bytes))
            at += size_bytes

    def _unwanted(self, download: Download) -> None:
        """Nobody holds the spool: close it when all is over, else let it arrive for a while."""
        if download not in self._running:
            download.spool.close()
        elif download.spool.is_narrow or download.plan.key is None or not self._may_drain():
            self._give_up(download)
        else:
            if download.drain_timer is not None:
                download.drain_timer.cancel()
            loop = asyncio.get_running_loop()
            download.drain_timer = loop.call_later(self._drain_deadline_seconds, self._drained, download)

    def _drained(self, download: Download) -> None:
        if not download.spool.is_held:
            self._give_up(download)

    @staticmethod
    def _give_up(download: Download) -> None:
        """End what still arrives; what has arrived goes on into the store, even if its end was not read yet."""
        spool = download.spool
        if not spool.ended and spool.size_bytes != spool.declared_bytes:
            spool.fail(given_up())  # at once, so that nobody joins what is ending
            download.task.cancel()

    def _over(self, download: Download, ended: Callable[[Download], None]) -> None:
        self._running.discard(download)
        if download.drain_timer is not None:
            download.drain_timer.cancel()
        if not download.task.cancelled() and (error := download.task.exception()) is not None:
            log.error("a download failed unforeseen", exc_info=error)
        ended(download)
        if not download.spool.is_held:
            download.spool.close()


async def _written(spool: Spool, size_bytes: int) -> None:
    """Wait until so much is in the file, or never will be."""
    await spool.until(lambda: spool.is_narrow or spool.file_bytes >= size_bytes)
