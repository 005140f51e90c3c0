"""Calls to one bucket, and the one place where what botocore and the connection raise becomes StoreError."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError

from imgsvc.errors import StoreError
from imgsvc.store.integrity import Counters
from imgsvc.store.s3_client import SharedClient
from imgsvc.store.s3_reads import METHODS, NeedsClient, Reads

_OF_AN_OBJECT = frozenset(("get_object", "head_object", "delete_object"))
# NoSuchBucket is not among them: that the bucket is gone is a failure, not a miss. HEAD has no body to tell them apart.
_MISSING = frozenset(("NoSuchKey", "NotFound", "404"))
# RFC 9110 §13.1.2: the condition failed; AWS answers the second while another conditional write is under way.
_PRECONDITION = frozenset(("PreconditionFailed", "412", "ConditionalRequestConflict", "409"))


class PreconditionFailed(Exception):
    """A condition of the call does not hold: there is an object of that name already, or another one by now."""


class Bucket:
    """
    A bucket.

    Args:
        name: as S3 knows it.
        client: owned by whoever made it.
        counters: told of failures.
        reads: makes the reads that need no client, if there is one; not owned either.
    """

    def __init__(self, name: str, client: SharedClient, counters: Counters, reads: Reads | None = None) -> None:
        self.name = name
        self._client = client
        self._counters = counters
        self._reads = reads

    async def call(self, operation: str, *, none_for: Collection[str] = (), **arguments: Any) -> Any:
        """
        Call the bucket.

        Args:
            operation: as the client's method is named.
            none_for: codes of errors that are an answer.
            **arguments: of the operation, but for the bucket's name.

        Returns:
            The answer; None when the object asked for is not there, and for the codes given.

        Raises:
            PreconditionFailed: see there.
            StoreError: anything else.
        """
        with self.translated():
            try:
                return await self._do(operation, arguments)
            except ClientError as error:
                if operation in _OF_AN_OBJECT and _code(error) in _MISSING:
                    return None
                if _code(error) in none_for:
                    return None
                if arguments.keys() & {"IfMatch", "IfNoneMatch"} and _code(error) in _PRECONDITION:
                    raise PreconditionFailed from error
                raise

    async def pages(self, operation: str, **arguments: Any) -> AsyncIterator[Any]:
        """Give the answers of an operation that lists, page by page."""
        with self.translated():
            client = await self._client.get()
            # A client reads the definition of its paginators from disk when it is first asked for one.
            paginator = await asyncio.to_thread(client.get_paginator, operation)
            async for page in paginator.paginate(Bucket=self.name, **arguments):
                yield page

    async def _do(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        if self._reads is not None and operation in METHODS:
            try:
                return await self._reads.ask(operation, arguments)
            except NeedsClient:
                pass
        client = await self._client.get()
        return await getattr(client, operation)(Bucket=self.name, **arguments)

    def translated(self) -> "Translated":
        """Turn what botocore and the connection raise into StoreError, counted; messages may hold addresses."""
        return Translated(self._counters)


class Translated:
    """
    The context of :meth:`Bucket.translated`; a class, for it is entered twice a read.

    Args:
        counters: told of failures.
    """

    __slots__ = ("_counters",)

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, ClientError):
            self._counters.failures += 1
            raise StoreError(f"The object store answered {_code(error)}.") from error
        # ValueError: an endpoint or a bucket name that is none, found out when the client is made or asked.
        if isinstance(error, BotoCoreError | aiohttp.ClientError | OSError | ValueError):
            self._counters.failures += 1
            raise StoreError(f"The object store cannot be reached: {type(error).__name__}.") from error
        if isinstance(error, KeyError):  # what answers is no S3, but says that all is well
            self._counters.failures += 1
            raise StoreError(f"The object store's answer has no {error.args[0]}.") from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))
