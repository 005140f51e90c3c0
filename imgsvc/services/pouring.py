"""A body, given piece by piece to whoever wants only the beginning of it."""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from enum import Enum, auto
from typing import cast

from imgsvc.errors import OriginError, OriginTimeout, OriginUnreachable
from imgsvc.origin.answer import Fetched
from imgsvc.stream.inflate import Beginning


class End(Enum):
    """How a body ended, or the reading of it."""

    WHOLE = auto()
    """All of interest was read."""
    BROKEN = auto()
    """The connection, or what was encoded, broke off."""
    LATE = auto()
    """It took too long."""


async def pour(
    fetched: Fetched, take: Callable[[bytes], bool], most_bytes: int, until: Callable[[], float] = lambda: math.inf
) -> End:
    """
    Give decoded pieces to *take*, in a thread, until it wants no more or the body ends, well or not.

    Args:
        fetched: whose body is read.
        take: takes a piece, and says whether more is wanted.
        most_bytes: of a decoded piece.
        until: gives the loop's time up to which the next piece is waited for; asked anew for each.

    Raises:
        OriginError: it ended before it had begun.
    """
    undo = Beginning(fetched.content_encoding) if fetched.content_encoding else None
    has_begun = False
    async with aclosing(cast("AsyncGenerator[bytes, None]", aiter(fetched.body))) as chunks:
        try:
            while (chunk := await _next(chunks, until())) is not None:
                if not await asyncio.to_thread(_take, undo, take, chunk, most_bytes):
                    return End.WHOLE
                has_begun = True
        except OriginError as error:
            if not has_begun:
                raise
            return End.BROKEN if isinstance(error, OriginUnreachable) else End.LATE
    return End.WHOLE if undo is None or undo.has_ended else End.BROKEN


async def _next(chunks: AsyncGenerator[bytes, None], until: float) -> bytes | None:
    """
    Wait for a piece up to the loop's time *until*; None = there is no more.

    Raises:
        OriginTimeout: it has not come.
    """
    try:
        async with asyncio.timeout_at(None if until == math.inf else until):
            return await anext(chunks, None)
    except TimeoutError:
        raise OriginTimeout("The page was too slow.") from None


def _take(undo: Beginning | None, take: Callable[[bytes], bool], chunk: bytes, most_bytes: int) -> bool:
    return take(chunk if undo is None else undo.feed(chunk, most_bytes))
