"""Bytes that are read while they are sent: from a spool, or from the store."""

from collections.abc import AsyncIterator

from imgsvc.store.base import StoredStream
from imgsvc.stream.spool import Spool


class SpoolBody:
    """A source's bytes, perhaps still arriving. Holding it is holding the spool."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    @property
    def size_bytes(self) -> int | None:
        """What has arrived when all has, else what was declared."""
        return self._spool.size_bytes if self._spool.ended else self._spool.declared_bytes

    async def chunks(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """
        Give pieces as they arrive.

        Raises:
            NoSpoolRoom: only one reader can be served, and another is.
            ImgsvcError: the source failed on the way.
        """
        reader = self._spool.reader(start, stop)
        try:
            while chunk := await reader.read():
                yield chunk
        finally:
            reader.close()

    def hold(self) -> None:
        """Want it once more."""
        self._spool.hold()

    def let_go(self) -> None:
        """Want it once less."""
        self._spool.let_go()


class StoredBody:
    """An object of the store, opened; closed when the last has let it go."""

    def __init__(self, stream: StoredStream) -> None:
        self._stream = stream
        self._holds = 1

    @property
    def size_bytes(self) -> int | None:
        """As the store says."""
        return self._stream.size_bytes

    def chunks(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Give pieces; raises StoreError when the object turns out to be damaged, before its last piece."""
        return self._stream.chunks(start, stop)

    def hold(self) -> None:
        """Want it once more."""
        self._holds += 1

    def let_go(self) -> None:
        """Want it once less."""
        self._holds -= 1
        if self._holds == 0:
            self._stream.close()
