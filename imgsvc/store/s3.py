"""Objects in a bucket: AWS, or any server that speaks S3."""

import asyncio
import contextlib
import functools
import io
import logging
import time
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any
from weakref import WeakSet

from imgsvc.errors import BadKey, StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.model.keys import validate_key
from imgsvc.settings import StoreSettings
from imgsvc.store.base import ObjectWriter, StoredObject, StoredStream, StoreStatistics
from imgsvc.store.errands import Errands
from imgsvc.store.integrity import Counters, Damaged, check_prefix, check_put, refuse_empty, verify
from imgsvc.store.s3_bucket import Bucket, PreconditionFailed
from imgsvc.store.s3_client import SharedClient
from imgsvc.store.s3_leftovers import Leftovers
from imgsvc.store.s3_metadata import adopted, from_metadata, guessed, headers_of, is_foreign
from imgsvc.store.s3_reads import Reads
from imgsvc.store.s3_stream import S3Stream
from imgsvc.store.s3_writer import UPLOADS, S3Writer
from imgsvc.stream.base import CHUNK_BYTES

log = logging.getLogger("imgsvc.store")

UNDO_SECONDS = 2.0
"""How long the end may take for what is under way, aborts above all: a server that hangs would hold it for the client's
own time-out, several times over."""

VERIFY_ON_LOOP_BYTES = 64 * 1024
"""Up to this hashing costs less than the way to a thread and back."""

UNKNOWN_TYPE = "application/octet-stream"
"""What a body may be taken for whose type is not said (RFC 9110 §8.3)."""


class S3Store:
    """
    One object of the bucket an object, its metadata as ``x-amz-meta-*``; a write is one PUT, a read one GET.

    Reads need no client of botocore's: :mod:`imgsvc.store.s3_plain`.

    What is written in parts takes another way: :mod:`imgsvc.store.s3_writer`. What killed processes left of that is
    removed in the background, when the first such object is begun and once an hour from then on.

    An object without any metadata of ours was put there by somebody else. It is read, never deleted, and counts as
    stale: it can be a source of pictures, not an answer this service once made.

    ``Content-Type`` and ``Cache-Control`` are set too, so that a CDN can serve the bucket as it is. The rights needed
    are GetObject, PutObject, DeleteObject, AbortMultipartUpload, ListBucketMultipartUploads and ListBucket; without the
    last S3 answers 403 for what is not there.

    Args:
        settings: ``s3_bucket`` is set.
        clock: unix seconds.
    """

    def __init__(self, settings: StoreSettings, *, clock: Callable[[], float] = time.time) -> None:
        if settings.s3_bucket is None:
            raise ValueError("S3_BUCKET is not set")
        self._client = SharedClient(settings)
        self._counters = Counters()
        self._reads = Reads(settings)
        self._bucket = Bucket(settings.s3_bucket, self._client, self._counters, self._reads)
        self._leftovers = Leftovers(Bucket(settings.s3_bucket, self._client, Counters()), clock)
        self._sweep: asyncio.Task[None] | None = None
        self._errands, self._later = Errands(), Errands()
        self._streams: WeakSet[S3Stream] = WeakSet()
        self._writers: set[S3Writer] = set()
        self._closed = False

    async def get(self, key: str) -> StoredObject | None:
        """Read an object in one GET and check it, off the loop when it is large."""
        found = await self.open(key, _always)
        if found is None or isinstance(found, StoredObject):
            return found
        raise AssertionError("unreachable: all is read at once")

    async def open(self, key: str, buffers: Callable[[int], bool]) -> StoredObject | StoredStream | None:
        """Read an object, or begin to, in one GET."""
        validate_key(key)
        response = await self._bucket.call("get_object", Key=key)
        if response is None:
            return self._counters.looked_up(None)
        try:
            return self._counters.looked_up(await self._opened(key, response, buffers))
        except Damaged as damage:
            await self._heal(key, damage)
            return None

    async def stat(self, key: str) -> BlobMeta | None:
        """Read an object's metadata in one HEAD."""
        validate_key(key)
        try:
            return self._counters.looked_up(await self._read_meta(key))
        except Damaged as damage:
            await self._heal(key, damage)
            return None

    async def put(self, key: str, data: bytes, meta: BlobMeta, *, if_absent: bool = False) -> bool:
        """
        Write an object in one PUT.

        With *if_absent*, an answer lost on the way makes the second attempt lose against the first: False, although
        the bytes that are there now are the caller's.
        """
        check_put(key, data)
        condition = {"IfNoneMatch": "*"} if if_absent else {}
        try:
            await self._bucket.call(
                "put_object",
                Key=key,
                Body=io.BytesIO(data),  # aiohttp frowns on large plain bytes; this one shares them
                **headers_of(meta),
                **condition,
            )
        except PreconditionFailed:
            return False
        self._counters.writes += 1
        return True

    async def open_writer(self, key: str) -> ObjectWriter:
        """Begin an object; nothing is asked of the bucket before the first part."""
        validate_key(key)
        if self._closed:
            raise StoreError("The bucket's client is closed.")
        if self._leftovers.is_due():
            self._sweep = self._errands.start(self._leftovers.sweep())
        writer = S3Writer(self._bucket, key, self._counters, self._errands, self._later, self._writers.discard)
        self._writers.add(writer)
        return writer

    async def delete(self, key: str) -> bool:
        """Delete an object; S3 does not say whether there was one, so it is asked first."""
        validate_key(key)
        if await self._bucket.call("head_object", Key=key) is None:
            return False
        await self._bucket.call("delete_object", Key=key)
        return True

    async def list(self, prefix: str) -> AsyncIterator[str]:
        """Give keys page by page (1000)."""
        check_prefix(prefix)
        async for page in self._bucket.pages("list_objects_v2", Prefix=prefix):
            for item in page.get("Contents", ()):
                if _is_key(item["Key"]):
                    yield item["Key"]

    async def ping(self) -> None:
        """Ask for the bucket; whether it can be written to shows when it is."""
        await self._bucket.call("head_bucket")

    async def aclose(self) -> None:
        """Close streams, abort writers, and close the connections; what a server that hangs leaves open is logged."""
        self._closed = True
        for stream in tuple(self._streams):
            stream.close()
        if self._sweep is not None:
            self._sweep.cancel()
        for writer in tuple(self._writers):
            writer.end()
        await self._errands.ended(UNDO_SECONDS)
        await self._later.ended(0)
        if self._writers:
            log.warning("%d unfinished uploads stay in the bucket until they are swept", len(self._writers))
        await self._reads.aclose()
        await self._client.aclose()

    def statistics(self) -> StoreStatistics:
        """Snapshot of the counters."""
        return self._counters.snapshot()

    async def _opened(
        self, key: str, response: Any, buffers: Callable[[int], bool]
    ) -> StoredObject | StoredStream | None:
        """Give what an answer holds; its connection is given back, or dropped when not read, unless a stream has it."""
        body, size_bytes = response["Body"], response["ContentLength"]
        found: StoredObject | StoredStream | None = None
        try:
            meta = None if is_foreign(response["Metadata"]) else from_metadata(response["Metadata"])
            if meta is not None:
                refuse_empty(size_bytes)
            if size_bytes:  # else it is an empty one of somebody else's, and that is nothing
                found = await (self._whole if buffers(size_bytes) else self._stream)(key, response, meta)
            return found
        finally:
            if not isinstance(found, S3Stream):
                body.close()

    async def _whole(self, _key: str, response: Any, meta: BlobMeta | None) -> StoredObject:
        with self._bucket.translated():
            data: bytes = await response["Body"].read()
        if meta is None:
            return await asyncio.to_thread(adopted, data, *_of_others(response))
        if len(data) > VERIFY_ON_LOOP_BYTES:
            await asyncio.to_thread(verify, data, meta)
        else:
            verify(data, meta)
        return StoredObject(data, meta)

    async def _stream(self, key: str, response: Any, meta: BlobMeta | None) -> S3Stream:
        head = b""
        if meta is None:
            with self._bucket.translated():
                head = await response["Body"].read(CHUNK_BYTES)
            meta = guessed(head, *_of_others(response))
        on_damage = functools.partial(self._heal_unless_replaced, key, _said(response, "ETag"))
        stream = S3Stream(self._bucket, key, response, meta, on_damage, head)
        self._streams.add(stream)
        return stream

    async def _read_meta(self, key: str) -> BlobMeta | None:
        response = await self._bucket.call("head_object", Key=key)
        if response is None:
            return None
        if is_foreign(response["Metadata"]):
            return None  # nothing is known of it without reading it
        refuse_empty(response["ContentLength"])
        return from_metadata(response["Metadata"])

    async def _heal(self, key: str, damage: Damaged) -> None:
        self._counters.note_damage(key, damage)
        with contextlib.suppress(StoreError):  # it stays, and stays a miss
            await self._bucket.call("delete_object", Key=key)

    async def _heal_unless_replaced(self, key: str, etag: str, damage: Damaged) -> None:
        """Delete what was damaged when it began to be read, unless another is there by now."""
        with contextlib.suppress(StoreError):
            response = await self._bucket.call("head_object", Key=key)
            if response is not None and response.get("ETag") != etag:
                self._counters.note_damage(key, damage)
                return
        await self._heal(key, damage)


def _always(_size_bytes: int) -> bool:
    return True


def _said(response: Any, word: str) -> Any:
    if word not in response:
        raise StoreError(f"The object store does not say an object's {word}.")
    return response[word]


def _of_others(response: Any) -> tuple[str, datetime]:
    """Give what is said of an object that somebody else wrote: its media type, which may be missing, and its age."""
    return response.get("ContentType", UNKNOWN_TYPE), _said(response, "LastModified")


def _is_key(text: str) -> bool:
    """Whether a name in the bucket is one that this service could ask for."""
    try:
        return bool(validate_key(text)) and not text.startswith(UPLOADS)
    except BadKey:
        return False
