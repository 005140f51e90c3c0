"""
Writing an object of a bucket in parts.

Metadata is given when a multipart upload begins and cannot be changed later, but the SHA-256 is known at its end only.
So the upload goes to a name of its own, and the finished object is copied, within the server and in one step for every
reader, to its key together with its metadata.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

from imgsvc.errors import StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.store.base import PART_BYTES
from imgsvc.store.errands import Errands
from imgsvc.store.integrity import Counters
from imgsvc.store.s3_body import PartBody
from imgsvc.store.s3_bucket import Bucket
from imgsvc.store.s3_metadata import headers_of
from imgsvc.stream.base import FileRange

UPLOADS = "imgsvc-uploads/"
"""What the names of unfinished objects begin with; they are never listed."""

PART_TIMEOUT_SECONDS = 60
"""For one part, retries included: a store that takes less than 140 KB a second is no help."""


AGAIN_AFTER_SECONDS = (5.0, 30.0, 120.0)
"""Pauses before an upload that could not be aborted is tried again; after the last it is left to be swept."""


class S3Writer:
    """
    A multipart upload that becomes an object; see :class:`imgsvc.store.base.ObjectWriter`.

    What changes something at the server is never cut off in its middle, or nobody would know what to undo: its caller
    may leave, the call goes on in a task of its own. Only a part on its way is dropped with its caller.

    Args:
        bucket: where it is written.
        key: of the object.
        counters: told of what was written.
        errands: where those tasks are.
        later: where what could not be undone waits to be tried again; whoever ends it need not wait for that.
        on_end: called with the writer when it is done with.
    """

    part_bytes = PART_BYTES

    def __init__(
        self,
        bucket: Bucket,
        key: str,
        counters: Counters,
        errands: Errands,
        later: Errands,
        on_end: Callable[["S3Writer"], None],
    ) -> None:
        self._bucket = bucket
        self._key = key
        self._counters = counters
        self._errands = errands
        self._later = later
        self._on_end = on_end
        self._temporary = UPLOADS + uuid.uuid4().hex
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []
        self._usable = True
        self._committed = self._completing = False
        self._work: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    async def write(self, part: FileRange) -> None:
        """Upload a part; a retry reads it again."""
        self._use()
        body = PartBody(part)  # now: the caller's descriptor may be closed before its task begins
        try:
            if self._upload is None:
                await self._do(self._create())
            await self._do(self._send(body))
        except asyncio.CancelledError:
            self._drop()
            raise
        finally:
            body.give_back()
        self._usable = True

    async def commit(self, meta: BlobMeta) -> None:
        """Complete the upload and copy it to its key."""
        self._use()
        if not self._parts:
            raise StoreError("An object without bytes is not stored.")
        await self._do(self._finish(meta))

    async def abort(self) -> None:
        """Abort the upload, or delete what became of it."""
        if (ending := self.end()) is not None:
            await asyncio.shield(ending)

    def end(self) -> asyncio.Task[None] | None:
        """Begin to abort, and give the task of that; None after the commit."""
        self._usable = False
        if self._committed:
            return None
        if self._ending is None:
            self._ending = self._errands.start(self._tidy())
        return self._ending

    def _use(self) -> None:
        if not self._usable:
            raise StoreError("The object's writer takes no more.")
        self._usable = False

    async def _do(self, work: Coroutine[Any, Any, None]) -> None:
        self._work = self._errands.start(work)
        await asyncio.wait((self._work,))  # unlike the task itself, cancelled only when the caller is
        if self._ending is not None and not self._committed:
            raise StoreError("The object's writer was aborted.")
        self._work.result()

    def _drop(self) -> None:
        """Cancel a part on its way, and nothing else."""
        if self._work is not None and self._upload is not None and not self._completing:
            self._work.cancel()

    async def _create(self) -> None:
        with self._bucket.translated():
            answer = await self._bucket.call("create_multipart_upload", Key=self._temporary)
            self._upload = answer["UploadId"]

    async def _send(self, body: PartBody) -> None:
        number = len(self._parts) + 1
        # The client's own time-out begins when all is sent; a server that takes no bytes would hold it for ever.
        with self._bucket.translated():
            async with asyncio.timeout(PART_TIMEOUT_SECONDS):
                answer = await self._bucket.call(
                    "upload_part", Key=self._temporary, UploadId=self._upload, PartNumber=number, Body=body
                )
            self._parts.append({"ETag": answer["ETag"], "PartNumber": number})

    async def _finish(self, meta: BlobMeta) -> None:
        self._completing = True
        await self._bucket.call(
            "complete_multipart_upload",
            Key=self._temporary,
            UploadId=self._upload,
            MultipartUpload={"Parts": self._parts},
        )
        if self._ending is not None:
            return  # aborted meanwhile; that waits for this to end
        await self._bucket.call(
            "copy_object",
            Key=self._key,
            CopySource={"Bucket": self._bucket.name, "Key": self._temporary},
            MetadataDirective="REPLACE",
            **headers_of(meta),
        )
        self._committed = True
        self._counters.writes += 1
        await self._delete_temporary()  # should it fail, it is swept some day: the object is written all the same
        self._on_end(self)

    async def _tidy(self) -> None:
        if self._work is not None:
            self._drop()
            await asyncio.wait((self._work,))
        if await self._undo():
            self._on_end(self)
        else:
            self._later.start(self._undo_later())

    async def _undo_later(self) -> None:
        """Try again a few times: the server may have been away for a moment only."""
        for seconds in AGAIN_AFTER_SECONDS:
            await asyncio.sleep(seconds)
            if await self._undo():
                break
        self._on_end(self)

    async def _undo(self) -> bool:
        """Try once; say whether nothing is left."""
        if self._upload is None or self._committed:
            return True
        is_undone = False
        with contextlib.suppress(StoreError):
            await self._bucket.call(
                "abort_multipart_upload", none_for=("NoSuchUpload",), Key=self._temporary, UploadId=self._upload
            )
            is_undone = True
        if self._completing:
            is_undone = await self._delete_temporary() and is_undone
        return is_undone

    async def _delete_temporary(self) -> bool:
        try:
            await self._bucket.call("delete_object", Key=self._temporary)
        except StoreError:
            return False
        return True
