"""What a bucket answers to a read, in the words of botocore's client."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from botocore.parsers import create_parser

from imgsvc.store.s3_metadata import is_foreign

_METADATA = "x-amz-meta-"
_METADATA_CHARS = len(_METADATA)
_WORDS = (("ContentType", "Content-Type"), ("ETag", "ETag"))
_PARSER = create_parser("rest-xml")


class Body:
    """
    An object's bytes as they come, with as much of :class:`aiobotocore.response.AioStreamingBody` as is of use here.

    Args:
        response: owned. aiohttp itself raises when there are fewer bytes than it says.
    """

    __slots__ = ("_response",)

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def read(self, limit_bytes: int = -1) -> bytes:
        """
        Read what is there already, or wait for some.

        Args:
            limit_bytes: at most so many; -1 is all to the end.

        Returns:
            Nothing at the end.

        Raises:
            aiohttp.ClientError: the connection broke.
            TimeoutError: nothing came for too long.
        """
        return await self._response.content.read(limit_bytes)

    def close(self) -> None:
        """Close the connection, unless all was read: then it is given back already."""
        if not self._response.closed:
            self._response.close()


def in_words(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """
    Give an answer as the client gives it; a header that is missing is missing there too.

    When it was written is said of objects of others only: of ours it is in their metadata.

    Returns:
        ``Body`` is to be closed.

    Raises:
        ValueError: it does not say how long it is; it is closed, body and all.
    """
    try:
        return _in_words(response, response.headers)
    except BaseException:
        response.close()
        raise


def _in_words(response: aiohttp.ClientResponse, headers: Mapping[str, str]) -> dict[str, Any]:
    metadata = {}
    for name, text in headers.items():
        if name[:_METADATA_CHARS].lower() == _METADATA:
            metadata[name[_METADATA_CHARS:].lower()] = text
    length_bytes = int(headers.get("Content-Length", "none"))
    answer = {"Body": Body(response), "ContentLength": length_bytes, "Metadata": metadata}
    for word, name in _WORDS:
        if name in headers:
            answer[word] = headers[name]
    if is_foreign(metadata) and "Last-Modified" in headers:
        answer["LastModified"] = parsedate_to_datetime(headers["Last-Modified"])
    return answer


async def parsed(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """Read an answer that is an error, and give it as the client does."""
    headers = {name.lower(): text for name, text in response.headers.items()}
    message = {"status_code": response.status, "headers": headers, "body": await response.read()}
    error: dict[str, Any] = _PARSER.parse(message, None)
    return error
