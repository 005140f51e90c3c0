"""
Large sources that go on arriving behind the answer they began, and go into the store meanwhile.

A download is a task of its own: it fills the spool at the source's pace, while clients, transforms and the store's
writer read it at theirs. It ends well when all has arrived, is a picture, and is stored; every other end closes the
connection, aborts the store's write and tells the readers. When the last client leaves, what is missing may still
arrive for as long as IMGSVC_DRAIN_DEADLINE, unless memory is short.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from imgsvc.errors import ImgsvcError, NoSpoolRoom, StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.services.arrivals import Arrival
from imgsvc.store.base import ObjectStore, ObjectWriter
from imgsvc.stream.spool import Spool
from imgsvc.stream.spoolfile import no_room

log = logging.getLogger("imgsvc.downloads")

UPLOADS = 4
"""Writes to the store at once; the others wait with their bytes on disk."""


@dataclass(frozen=True, slots=True)
class DownloadStatistics:
    """
    State, and counters since the start.

    Attributes:
        running: not ended yet, their write to the store included.
        bytes: arrived of those.
        started: begun.
        stored: ended with their bytes in the store.
        failed: ended by a fault of the source or of its bytes.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    What becomes of a download.

    Attributes:
        key: where its bytes are stored; None = they are not.
        inspect: looks at the finished spool and gives what is known of it, or raises what is wrong with it.
        stored: told when the store has the bytes.
        failed: told what was wrong with the source.
    """

    key: str | None
    inspect: Callable[[Spool], Awaitable[BlobMeta]]
    stored: Callable[[BlobMeta], Awaitable[None]]
    failed: Callable[[ImgsvcError], Awaitable[None]]


class Download:
    """One of them; see the module. *arriving* ends with what is known of the whole, or with what went wrong."""

    def __init__(self, arrival: Arrival, plan: Plan) -> None:
        self.arrival = arrival
        self.plan = plan
        self.spool = arrival.spool
        self.arriving: asyncio.Future[BlobMeta] = asyncio.get_running_loop().create_future()
        # Perhaps nobody asks; then its error is no news to anybody.
        self.arriving.add_done_callback(lambda future: future.cancelled() or future.exception())
        self.task: asyncio.Task[None]
        self.drain_timer: asyncio.TimerHandle | None = None

    async def whole(self) -> BlobMeta:
        """
        Wait until all has arrived and was looked at.

        Raises:
            NoSpoolRoom: it never will be whole anywhere.
            ImgsvcError: whatever was wrong with the source.
        """
        await self.spool.until(lambda: self.spool.is_narrow)
        if self.spool.is_narrow:
            raise no_room()
        return await asyncio.shield(self.arriving)


class Downloads:
    """
    All that are running.

    Args:
        store: where the bytes go.
        drain_deadline_seconds: how long one may go on without a client.
        may_drain: whether it may at all, just now.
    """

    def __init__(self, store: ObjectStore, drain_deadline_seconds: float, may_drain: Callable[[], bool]) -> None:
        self._store = store
        self._drain_deadline_seconds = drain_deadline_seconds
        self._may_drain = may_drain
        self._uploads = asyncio.Semaphore(UPLOADS)
        self._running: set[Download] = set()
        self._counts = dict.fromkeys(("started", "stored", "failed", "not_stored", "abandoned"), 0)
        self.last_error: str | None = None
        """Why the last write to the store failed; None when it did not."""

    def begin(self, arrival: Arrival, plan: Plan, ended: Callable[[], None]) -> Download:
        """Let a body arrive in a task of its own; *ended* is called when all is over, the store included."""
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

    async def aclose(self, timeout_seconds: float) -> None:
        """Let end what ends within *timeout_seconds*, and give up the rest."""
        tasks = [download.task for download in self._running]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=timeout_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def statistics(self) -> DownloadStatistics:
        """Snapshot of state and counters."""
        return DownloadStatistics(
            running=len(self._running), bytes=sum(d.spool.size_bytes for d in self._running), **self._counts
        )

    async def _run(self, download: Download) -> None:
        upload = asyncio.create_task(self._upload(download), name="upload") if download.plan.key else None
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

    async def _upload(self, download: Download) -> None:
        """Write to the store while the body arrives; a store that fails costs this object and nothing else."""
        key = download.plan.key
        if key is None:
            return
        try:
            async with self._uploads:
                writer = await self._store.open_writer(key)
                try:
                    meta = await self._write(download, writer)
                    await writer.commit(meta)
                finally:
                    await writer.abort()  # harmless after the commit
        except StoreError as error:
            self._counts["not_stored"] += 1
            self.last_error = error.detail
            log.warning("not stored: %s: %s", key, error.detail)
        except ImgsvcError:
            pass  # the source's fault, and the reader of the source says so
        else:
            self.last_error = None
            self._counts["stored"] += 1
            await download.plan.stored(meta)

    @staticmethod
    async def _write(download: Download, writer: ObjectWriter) -> BlobMeta:
        """Follow the spool part by part; give what is known of the whole."""
        spool, at = download.spool, 0
        while True:
            await _written(spool, at + writer.part_bytes)
            if spool.is_narrow or spool.error is not None:
                raise spool.error if isinstance(spool.error, ImgsvcError) else no_room()
            size_bytes = min(writer.part_bytes, spool.file_bytes - at)
            if size_bytes == 0:
                return await asyncio.shield(download.arriving)
            await writer.write(spool.file_range(at, size_bytes))
            at += size_bytes

    def _unwanted(self, download: Download) -> None:
        """Nobody holds the spool: close it when all is over, else let it arrive for a while."""
        if download not in self._running:
            download.spool.close()
        elif download.spool.is_narrow or not self._may_drain():
            self._give_up(download)
        elif download.drain_timer is None:
            loop = asyncio.get_running_loop()
            download.drain_timer = loop.call_later(self._drain_deadline_seconds, self._drained, download)

    def _drained(self, download: Download) -> None:
        download.drain_timer = None
        if not download.spool.is_held:
            self._give_up(download)

    @staticmethod
    def _give_up(download: Download) -> None:
        """End what still arrives; what has arrived goes on into the store, even if its end was not read yet."""
        spool = download.spool
        if not spool.ended and spool.size_bytes != spool.declared_bytes:
            download.task.cancel()

    def _over(self, download: Download, ended: Callable[[], None]) -> None:
        self._running.discard(download)
        if download.drain_timer is not None:
            download.drain_timer.cancel()
        if not download.task.cancelled() and (error := download.task.exception()) is not None:
            log.error("a download failed unforeseen", exc_info=error)
        ended()
        if not download.spool.is_held:
            download.spool.close()


async def _written(spool: Spool, size_bytes: int) -> None:
    """Wait until so much is in the file, or never will be."""
    await spool.until(lambda: spool.is_narrow or spool.file_bytes >= size_bytes)
