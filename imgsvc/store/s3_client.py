"""The one client of the bucket, for all but reads: made on first use, off the loop, and shared."""

import functools
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from imgsvc.settings import StoreSettings
from imgsvc.store.s3_opening import Opening

if TYPE_CHECKING:
    from aiobotocore.config import AioConfig

CONNECT_TIMEOUT_SECONDS = 2
READ_TIMEOUT_SECONDS = 10
ATTEMPTS = 2
"""The first included. A request waits for the store, so it hears soon that there is none; botocore pauses ≤ 1 s."""
MAX_CONNECTIONS = 256
"""
A stream keeps its connection for as long as its reader takes: slow readers must not use up those of everybody.

Reads without the client have as many: a bucket is read by the one or by the other, and what else the client does takes
few. So it is one number for a bucket's readers, whoever reads; both pools open connections only as they are needed.
"""


class SharedClient:
    """
    An aiobotocore client that opens itself.

    Making one loads modules and reads megabytes of JSON, a fifth of a second of CPU: it happens in a thread, once,
    however many ask at the same time.

    Args:
        settings: the ``s3_*`` fields; credentials that are not there are looked for by botocore's own chain.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self._opening: Opening[Any] = Opening(functools.partial(_open, settings))

    async def get(self) -> Any:
        """
        Give the client.

        Raises:
            StoreError: it is closed.
            Exception: botocore's, when no client can be made.
        """
        return await self._opening.get()

    async def aclose(self) -> None:
        """Close the client, if there is one, and its connections."""
        if (client := await self._opening.ended()) is not None:
            await client.close()


def _open(settings: StoreSettings) -> Coroutine[Any, Any, Any]:
    from aiobotocore.session import get_session  # noqa: PLC0415 - a tenth of a second, not before it is needed

    return get_session().create_client("s3", **_arguments(settings)).__aenter__()  # type: ignore[no-any-return]


def _arguments(settings: StoreSettings) -> dict[str, Any]:
    return {
        "endpoint_url": settings.s3_endpoint_url,
        "region_name": settings.s3_region,
        "aws_access_key_id": settings.s3_access_key_id and settings.s3_access_key_id.reveal(),
        "aws_secret_access_key": settings.s3_secret_access_key and settings.s3_secret_access_key.reveal(),
        "aws_session_token": settings.s3_session_token and settings.s3_session_token.reveal(),
        "config": _config(settings),
    }


def _config(settings: StoreSettings) -> "AioConfig":
    from aiobotocore.config import AioConfig  # noqa: PLC0415 - see above

    from imgsvc.store.s3_connections import Staying  # noqa: PLC0415 - see above

    return AioConfig(
        http_session_cls=Staying,
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
