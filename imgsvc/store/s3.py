"""Objects in a bucket: AWS, or any server that speaks S3."""

import asyncio
import contextlib
import hashlib
import io
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError

from imgsvc.errors import BadKey, StoreError
from imgsvc.model.blob import BlobMeta
from imgsvc.model.formats import CAPABILITIES, SNIFF_BYTES, sniff
from imgsvc.model.keys import validate_key
from imgsvc.settings import StoreSettings
from imgsvc.store.base import StoredObject, StoreStatistics
from imgsvc.store.integrity import Counters, Damaged, check_prefix, check_put, refuse_empty, verify
from imgsvc.store.s3_client import SharedClient

CHUNK_BYTES = 64 * 1024
"""Read at once; aiobotocore's own default is 1 KiB."""

VERIFY_ON_LOOP_BYTES = 64 * 1024
"""Up to this hashing costs less than the way to a thread and back."""

_OF_AN_OBJECT = frozenset(("get_object", "head_object", "delete_object"))
# NoSuchBucket is not among them: that the bucket is gone is a failure, not a miss. HEAD has no body to tell them apart.
_MISSING = frozenset(("NoSuchKey", "NotFound", "404"))
_OUR_NAMES = frozenset(("sha256", "source-sha256", "fetched-at", "fresh-until", "format-version"))
# RFC 9110 §13.1.2: the condition failed; AWS answers the second while another conditional write is under way.
_PRECONDITION = frozenset(("PreconditionFailed", "412", "ConditionalRequestConflict", "409"))


class S3Store:
    """
    One object of the bucket an object, its metadata as ``x-amz-meta-*``; a write is one PUT.

    An object without any metadata of ours was put there by somebody else. It is read, never deleted, and counts as
    stale: it can be a source of pictures, not an answer this service once made.

    ``Content-Type`` and ``Cache-Control`` are set too, so that a CDN can serve the bucket as it is. The rights needed
    are GetObject, PutObject, DeleteObject and ListBucket; without the last S3 answers 403 for what is not there.

    Args:
        settings: ``s3_bucket`` is set.
    """

    def __init__(self, settings: StoreSettings) -> None:
        if settings.s3_bucket is None:
            raise ValueError("S3_BUCKET is not set")
        self._bucket = settings.s3_bucket
        self._client = SharedClient(settings)
        self._counters = Counters()

    async def get(self, key: str) -> StoredObject | None:
        """Read an object in one GET and check it, off the loop when it is large."""
        validate_key(key)
        try:
            return self._counters.looked_up(await self._read(key))
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
            await self._call(
                "put_object",
                Key=key,
                Body=io.BytesIO(data),  # aiohttp frowns on large plain bytes; this one shares them
                ContentType=meta.media_type,
                CacheControl=f"public, max-age={meta.lifetime_seconds}",
                Metadata=_to_metadata(meta),
                **condition,
            )
        except _PreconditionFailed:
            return False
        self._counters.writes += 1
        return True

    async def delete(self, key: str) -> bool:
        """Delete an object; S3 does not say whether there was one, so it is asked first."""
        validate_key(key)
        if await self._call("head_object", Key=key) is None:
            return False
        await self._call("delete_object", Key=key)
        return True

    async def list(self, prefix: str) -> AsyncIterator[str]:
        """Give keys page by page (1000)."""
        check_prefix(prefix)
        with self._translated():
            client = await self._client.get()
            # A client reads the definition of its paginators from disk when it is first asked for one.
            paginator = await asyncio.to_thread(client.get_paginator, "list_objects_v2")
            async for page in paginator.paginate(Bucket=self._bucket, Prefix=prefix):
                for item in page.get("Contents", ()):
                    if _is_key(item["Key"]):
                        yield item["Key"]

    async def ping(self) -> None:
        """Ask for the bucket; whether it can be written to shows when it is."""
        await self._call("head_bucket")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def statistics(self) -> StoreStatistics:
        """Snapshot of the counters."""
        return self._counters.snapshot()

    async def _read(self, key: str) -> StoredObject | None:
        response = await self._call("get_object", Key=key)
        if response is None:
            return None
        async with response["Body"] as body:  # left early, the connection is dropped, not drained
            meta = None if _is_foreign(response["Metadata"]) else _from_metadata(response["Metadata"])
            with self._translated():
                data = b"".join([chunk async for chunk in body.iter_chunks(CHUNK_BYTES)])
        if meta is None:
            written_at = int(response["LastModified"].timestamp())
            return await asyncio.to_thread(_adopted, data, response["ContentType"], written_at)
        if len(data) > VERIFY_ON_LOOP_BYTES:
            await asyncio.to_thread(verify, data, meta)
        else:
            verify(data, meta)
        return StoredObject(data, meta)

    async def _read_meta(self, key: str) -> BlobMeta | None:
        response = await self._call("head_object", Key=key)
        if response is None:
            return None
        if _is_foreign(response["Metadata"]):
            return None  # nothing is known of it without reading it
        refuse_empty(response["ContentLength"])
        return _from_metadata(response["Metadata"])

    async def _heal(self, key: str, damage: Damaged) -> None:
        self._counters.note_damage(key, damage)
        with contextlib.suppress(StoreError):  # it stays, and stays a miss
            await self._call("delete_object", Key=key)

    async def _call(self, operation: str, **arguments: Any) -> Any:
        """Call the bucket; None when the object asked for is not there."""
        with self._translated():
            client = await self._client.get()
            try:
                return await getattr(client, operation)(Bucket=self._bucket, **arguments)
            except ClientError as error:
                if operation in _OF_AN_OBJECT and _code(error) in _MISSING:
                    return None
                if "IfNoneMatch" in arguments and _code(error) in _PRECONDITION:
                    raise _PreconditionFailed from error
                raise

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what botocore and the connection raise into StoreError, counted; messages may hold addresses."""
        try:
            yield
        except ClientError as error:
            self._counters.failures += 1
            raise StoreError(f"The object store answered {_code(error)}.") from error
        # ValueError: an endpoint or a bucket name that is none, found out when the client is made or asked.
        except (BotoCoreError, aiohttp.ClientError, OSError, ValueError) as error:
            self._counters.failures += 1
            raise StoreError(f"The object store cannot be reached: {type(error).__name__}.") from error


class _PreconditionFailed(Exception):
    """There is an object of that name already."""


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def _is_key(text: str) -> bool:
    """Whether a name in the bucket is one that this service could ask for."""
    try:
        return bool(validate_key(text))
    except BadKey:
        return False


def _to_metadata(meta: BlobMeta) -> dict[str, str]:
    """Name fields with hyphens (proxies drop headers with underscores) and leave out empty ones (servers drop them)."""
    return {name.replace("_", "-"): text for name, text in meta.to_texts().items() if text}


def _from_metadata(metadata: Mapping[str, str]) -> BlobMeta:
    texts = {"degraded": ""} | {name.lower().replace("-", "_"): text for name, text in metadata.items()}
    try:
        return BlobMeta.from_texts(texts)
    except ValueError as error:
        raise Damaged(f"its {error}") from error


def _is_foreign(metadata: Mapping[str, str]) -> bool:
    """Whether somebody else wrote the object; ours have lost at most a part of their metadata."""
    return not metadata.keys() & _OUR_NAMES


def _adopted(data: bytes, media_type: str, written_at: int) -> StoredObject | None:
    """Describe somebody else's object by what can be seen of it; an empty one is nothing."""
    if not data:
        return None
    digest = hashlib.sha256(data).hexdigest()
    image_format = sniff(data[:SNIFF_BYTES])
    meta = BlobMeta(
        media_type=CAPABILITIES[image_format].media_type if image_format else media_type,
        sha256=digest,
        source_sha256=digest,
        fetched_at=written_at,
        fresh_until=written_at,
        last_modified=written_at,
    )
    return StoredObject(data, meta)
