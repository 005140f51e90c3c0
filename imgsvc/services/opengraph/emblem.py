"""A picture on a card, beside its text; had in time, or not at all."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import TypeVar

from msgspec import Struct

from imgsvc.errors import ImgsvcError, Overloaded, TransformTimeout

T = TypeVar("T")

log = logging.getLogger("imgsvc.opengraph")

WAIT_SECONDS = 2.5
"""Longest wait for a logo, or for a portrait: a card is there to be answered at once."""


class Emblem(Struct, frozen=True):
    """
    A site's logo or a person's portrait.

    Attributes:
        data: PNG of a few hundred px at the most, owned.
        sha256: hex digest of *data*.
    """

    data: bytes
    sha256: str


async def in_time(what: str, work: Awaitable[T], wait_seconds: float) -> T | None:
    """
    Wait for *work*, but not for long; a card goes without what fails.

    Args:
        what: is fetched, for the log.
        work: is cancelled when the time is over.
        wait_seconds: longest wait.

    Raises:
        Overloaded: there is no room for it.
    """
    try:
        async with asyncio.timeout(wait_seconds):
            return await work
    except TimeoutError:
        log.info("%s: not there in time", what)
    except ImgsvcError as error:
        pass_on(error)
        log.info("%s: %s", what, error.detail)
    return None


def pass_on(error: ImgsvcError) -> None:
    """Raise *error* if it says that there is no room for work; a picture too slow to decode is that one's own fault."""
    if isinstance(error, Overloaded) and not isinstance(error, TransformTimeout):
        raise error
