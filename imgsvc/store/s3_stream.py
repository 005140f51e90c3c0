"""Reading an object of a bucket piece by piece."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from imgsvc.errors import StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.store.integrity import Damaged, Passage
from imgsvc.store.s3_bucket import Bucket, PreconditionFailed
from imgsvc.stream.base import CHUNK_BYTES


class S3Stream:
    """
    An object behind a GET that is open already, and as many more as there are readers.

    Each reader's bytes come at that reader's pace over a connection of its own; left early, the connection is dropped.

    Args:
        bucket: where more GETs are made.
        key: of the object.
        response: of the first GET, its body not read but for *head*; owned.
        meta: of the object.
        on_damage: told of it, and waited for.
        head: what was read of the body already.
    """

    def __init__(
        self,
        bucket: Bucket,
        key: str,
        response: Any,
        meta: BlobMeta,
        on_damage: Callable[[Damaged], Awaitable[None]],
        head: bytes = b"",
    ) -> None:
        self._bucket = bucket
        self._key = key
        self._etag = response["ETag"]
        self._first: tuple[bytes, Any] | None = (head, response["Body"])
        self._bodies = {response["Body"]}
        self._on_damage = on_damage
        self._closed = False
        self.meta = meta
        self.size_bytes: int = response["ContentLength"]

    async def chunks(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Give the bytes from *start* to *stop*, as they come; the first whole reader has the GET that is open."""
        passage = Passage(self.meta, self.size_bytes, start, stop)
        if not passage.left_bytes:
            return
        head, body = await self._begin(passage)
        try:
            while passage.left_bytes:
                piece = head[: passage.left_bytes] or await self._read(body, passage.left_bytes)
                head = b""
                passage.note(piece)
                yield piece
        except Damaged as damage:
            await self._on_damage(damage)
            raise StoreError("The object was damaged.") from damage
        finally:
            self._bodies.discard(body)
            body.close()

    def close(self) -> None:
        """Drop the connections that are still reading."""
        self._closed = True
        for body in self._bodies:
            body.close()

    async def _begin(self, passage: Passage) -> tuple[bytes, Any]:
        """Give a body whose next byte, behind those given with it, is the one wanted."""
        self._check_open()
        if passage.at == 0 and self._first is not None:
            first, self._first = self._first, None
            return first
        body = await self._ask(passage.at, passage.stop)
        self._bodies.add(body)
        if self._closed:  # while the answer was waited for
            body.close()
        return b"", body

    async def _ask(self, start: int, stop: int) -> Any:
        span = f"bytes={start}-{stop - 1}"
        try:
            response = await self._bucket.call("get_object", Key=self._key, Range=span, IfMatch=self._etag)
        except PreconditionFailed:
            response = None
        if response is not None and _is(response, self._etag, stop - start):
            return response["Body"]
        if response is not None:
            response["Body"].close()
        raise StoreError("The object is another by now, or gone.")

    async def _read(self, body: Any, limit_bytes: int) -> bytes:
        self._check_open()
        with self._bucket.translated():
            piece: bytes = await body.read(min(CHUNK_BYTES, limit_bytes))
        if not piece:
            raise StoreError("The object's bytes ended too early.")
        return piece

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("The object's stream is closed.")


def _is(response: Any, etag: str, size_bytes: int) -> bool:
    """Whether an answer is what was asked for: there are servers that know no conditions, or no ranges."""
    return bool(response.get("ETag") == etag and response["ContentLength"] == size_bytes)
