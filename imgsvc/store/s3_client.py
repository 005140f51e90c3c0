"""The one client of the bucket: made on first use, off the loop, and shared."""

import asyncio
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from imgsvc.errors import StoreError
from imgsvc.settings import StoreSettings

CONNECT_TIMEOUT_SECONDS = 2
READ_TIMEOUT_SECONDS = 10
ATTEMPTS = 2
"""The first included. A request waits for the store, so it hears soon that there is none; botocore pauses ≤ 1 s."""
MAX_CONNECTIONS = 256
"""A stream keeps its connection for as long as its reader takes: slow readers must not use up those of everybody."""


class SharedClient:
    """
    An aiobotocore client that opens itself.

    Making one reads megabytes of JSON and takes about 0.4 s of CPU: it happens in a thread, once, however many ask at
    the same time. A failure (credentials that make no sense, say) is raised to all who wait, and the next to ask tries
    again.

    Args:
        settings: the ``s3_*`` fields; credentials that are not there are looked for by botocore's own chain.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings
        self._opening: asyncio.Task[Any] | None = None
        self._closed = False

    async def get(self) -> Any:
        """
        Give the client.

        Raises:
            StoreError: it is closed.
            Exception: botocore's, when no client can be made.
        """
        if self._closed:
            raise StoreError("The bucket's client is closed.")
        if self._opening is None or (self._opening.done() and _failed(self._opening)):
            self._opening = asyncio.create_task(_open(self._settings))
            self._opening.add_done_callback(_failed)
        # One waiter that leaves must not take the client from the others.
        return await asyncio.shield(self._opening)

    async def aclose(self) -> None:
        """Close the client, if there is one, and its connections."""
        self._closed = True
        if self._opening is None:
            return
        await asyncio.wait((self._opening,))
        if not _failed(self._opening):
            await self._opening.result().close()


def _failed(task: asyncio.Task[Any]) -> bool:
    """Whether a task that is done has no result; looked at, its exception is not reported as unseen."""
    return task.cancelled() or task.exception() is not None


async def _open(settings: StoreSettings) -> Any:
    """
    Make a client in a thread, by an event loop of the thread's own.

    That is sound because a client opens no connection, and binds itself to no loop, before its first request.
    """
    context = get_session().create_client("s3", **_arguments(settings))
    return await asyncio.to_thread(asyncio.run, context.__aenter__())


def _arguments(settings: StoreSettings) -> dict[str, Any]:
    return {
        "endpoint_url": settings.s3_endpoint_url,
        "region_name": settings.s3_region,
        "aws_access_key_id": settings.s3_access_key_id and settings.s3_access_key_id.get_secret_value(),
        "aws_secret_access_key": settings.s3_secret_access_key and settings.s3_secret_access_key.get_secret_value(),
        "aws_session_token": settings.s3_session_token and settings.s3_session_token.get_secret_value(),
        "config": _config(settings),
    }


def _config(settings: StoreSettings) -> AioConfig:
    return AioConfig(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        max_pool_connections=MAX_CONNECTIONS,
        # botocore's newer default, CRC trailers, is refused by some servers that speak S3.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={
            "addressing_style": settings.s3_addressing_style,
            # The metadata carries the body's SHA-256 and is signed; botocore would hash the body again, on the loop.
            "payload_signing_enabled": False,
        },
    )
