"""What a stream of bytes is, whoever sends it."""

from collections.abc import AsyncIterator
from typing import Protocol


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
