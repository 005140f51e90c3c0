"""What a stream of bytes is, whoever sends it, and where its bytes may lie."""

import os
from collections.abc import AsyncIterator
from typing import Protocol

from msgspec import Struct

CHUNK_BYTES = 64 * 1024
"""The largest piece in which bytes move."""


class FileRange(Struct, frozen=True):
    """
    Bytes of an open file that are there already and will not change.

    Attributes:
        descriptor: of the file; stays its owner's, who keeps it open while the range is in use. Its position is
            nobody's: read with ``os.pread``, or open :attr:`path` anew.
        start: of the first byte.
        size_bytes: how many there are.
    """

    descriptor: int
    start: int
    size_bytes: int

    @property
    def path(self) -> str:
        """A name under which the whole file can be opened once more, though it has none in any folder (proc(5))."""
        return f"/proc/self/fd/{self.descriptor}"

    def read(self) -> bytes:
        """Read all of it; blocks, so for threads."""
        parts = []
        at, end = self.start, self.start + self.size_bytes
        while at < end and (part := os.pread(self.descriptor, end - at, at)):
            parts.append(part)
            at += len(part)
        return b"".join(parts)


class Ledger(Protocol):
    """Counts bytes that are held; ``pressure`` has the real one. Callable from any thread, never waits."""

    def take(self, size_bytes: int) -> bool:
        """Count *size_bytes* more, if there is room; False when there is none, and nothing is counted."""

    def take_regardless(self, size_bytes: int) -> None:
        """Count what is held already, room or not."""

    def give_back(self, size_bytes: int) -> None:
        """Count *size_bytes* less."""


class ByteStream(Protocol):
    """
    Bytes that arrive in chunks and own what must be given back.

    Whoever holds a stream closes it; closing twice is allowed, closing early drops the connection behind it.
    """

    @property
    def declared_bytes(self) -> int | None:
        """The length its sender declared, or None."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give chunks, none of them empty, once."""

    async def aclose(self) -> None:
        """Give back what the stream holds."""
