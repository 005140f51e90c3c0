"""One reader of a spool."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from imgsvc.stream.base import CHUNK_BYTES

if TYPE_CHECKING:
    from imgsvc.stream.spool import Spool


class SpoolReader:
    """
    One reader of a spool: gives its pieces once, in order, as they arrive.

    Args:
        spool: held by whoever made the reader for as long as it is open.
        start: first byte wanted.
        stop: the byte before which it ends; None = the spool's end.
    """

    def __init__(self, spool: "Spool", start: int = 0, stop: int | None = None) -> None:
        self._spool = spool
        self._at = start
        self._stop = stop

    @property
    def declared_bytes(self) -> int | None:
        """What is known of the length."""
        return self._spool.declared_bytes

    async def read(self) -> bytes:
        """Give the next piece of at most 64 KiB; nothing at the end. Raises what :meth:`Spool.read` raises."""
        limit_bytes = CHUNK_BYTES if self._stop is None else min(CHUNK_BYTES, self._stop - self._at)
        if limit_bytes <= 0:
            return b""
        chunk = await self._spool.read(self, self._at, limit_bytes)
        self._at += len(chunk)
        return chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give all pieces."""
        while chunk := await self.read():
            yield chunk

    def close(self) -> None:
        """Read no more; twice is allowed."""
        self._spool.leave(self)
