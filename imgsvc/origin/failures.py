"""aiohttp's errors, and the statuses that are as good as one, in this service's terms; nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp

from imgsvc.errors import (
    ImgsvcError,
    OriginError,
    OriginStatus,
    OriginTimeout,
    OriginUnreachable,
    OriginUnresolvable,
    SourceNotFound,
)

_NOT_FOUND = frozenset((404, 410))
_NO_PICTURE = frozenset((204, 205, 206))
_SUCCESS = range(200, 300)


@contextmanager
def translated() -> Iterator[None]:
    """
    Turn what aiohttp raises inside the block into an :class:`imgsvc.errors.OriginError`.

    The cause is cut off: its text holds addresses, whole URLs with their queries, and bytes of the source.

    Raises:
        OriginUnresolvable: the name has no address.
        OriginTimeout: it took too long.
        OriginUnreachable: no connection, no TLS, a connection that broke off, or no HTTP.
    """
    try:
        yield
    except (aiohttp.ClientError, OSError) as error:
        raise _failure(error) from None


def _failure(error: aiohttp.ClientError | OSError) -> ImgsvcError:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return _unconnected(OriginUnresolvable("The source's host name has no address.", param="url"))
        case aiohttp.ConnectionTimeoutError():
            return _unconnected(OriginTimeout("The source was too slow.", param="url"))
        case TimeoutError():
            return OriginTimeout("The source was too slow.", param="url")
        case aiohttp.ClientSSLError():
            return _unconnected(
                OriginUnreachable("No trusted TLS connection to the source could be made.", param="url")
            )
        case aiohttp.ClientConnectorError():
            return _unconnected(OriginUnreachable("The source cannot be connected to.", param="url"))
        case aiohttp.ClientPayloadError():
            return OriginUnreachable("The source broke off in the middle of its answer.", param="url")
        case aiohttp.ClientResponseError():
            return OriginUnreachable("The source's answer is not valid HTTP.", param="url")
        case _:
            return OriginUnreachable("The connection to the source broke off.", param="url")


def _unconnected(error: OriginError) -> OriginError:
    error.was_connected = False
    return error


def promises_body(status: int) -> bool:
    """Whether all of a content comes with an answer of this status (RFC 9110 §15.3)."""
    return status in _SUCCESS and status not in _NO_PICTURE


def judge_status(status: int) -> None:
    """
    Let an answer pass whose status promises a whole body.

    Raises:
        SourceNotFound: 404 or 410.
        OriginStatus: anything else that does not.
    """
    if status in _NOT_FOUND:
        raise SourceNotFound(f"The source answered {status}.", param="url")
    if not promises_body(status):
        raise OriginStatus(f"The source answered {status}.", param="url")
