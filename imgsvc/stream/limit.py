"""The size-checking reader: a body never grows beyond its limit, whatever its sender declares."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast

from imgsvc.errors import SourceTooLarge
from imgsvc.stream.base import ByteStream


class SizeLimitedStream:
    """
    Wrap a stream and count.

    The declared length is judged at once, before the first byte; what really arrives is counted all the same.
    Owns the wrapped stream and closes it.

    Raises:
        SourceTooLarge: on construction when too much is declared, on reading when too much arrives.
    """

    def __init__(self, stream: ByteStream, limit_bytes: int) -> None:
        self._stream = stream
        self._limit_bytes = limit_bytes
        self.received_bytes = 0
        if (stream.declared_bytes or 0) > limit_bytes:
            raise self._too_large()

    @property
    def declared_bytes(self) -> int | None:
        """The length the sender declared, or None."""
        return self._stream.declared_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the wrapped stream's chunks until there are too many bytes."""
        # Closed with this one, or a reader that leaves early would leave it to be collected some time.
        async with aclosing(cast("AsyncGenerator[bytes, None]", aiter(self._stream))) as chunks:
            async for chunk in chunks:
                self.received_bytes += len(chunk)
                if self.received_bytes > self._limit_bytes:
                    raise self._too_large()
                yield chunk

    async def aclose(self) -> None:
        """Close the wrapped stream."""
        await self._stream.aclose()

    def _too_large(self) -> SourceTooLarge:
        return SourceTooLarge(
            f"The source has more than {self._limit_bytes} bytes, the limit set by MAX_IMAGE_SIZE_BYTES.", param="url"
        )
