"""Failures of sources, remembered for as long as their kind says, so that a broken source is not asked again."""

import math
import time
from collections.abc import Callable
from typing import Any

from imgsvc import errors
from imgsvc.cache.metadata import MetadataCache
from imgsvc.errors import ImgsvcError

_PREFIX = "failure:"


class RememberedFailures:
    """
    Errors by name, kept in the metadata cache.

    Only a class of :mod:`imgsvc.errors` that says it is remembered is ever written or read back: overload, store
    failures and refusals say nothing about the source, and what a shared cache holds is not trusted further than that.

    Args:
        metadata: where they are kept; stays the caller's to close.
        clock: unix seconds; replicas compare theirs.
    """

    def __init__(self, metadata: MetadataCache, clock: Callable[[], float] = time.time) -> None:
        self._metadata = metadata
        self._clock = clock

    async def remember(self, name: str, error: ImgsvcError) -> None:
        """Keep *error* under *name* for ``error.remember_seconds``; does nothing when that is 0."""
        lifetime_seconds = error.remember_seconds
        if _kind(type(error).__name__) is not type(error):
            return
        record = {
            "class": type(error).__name__,
            "detail": error.detail,
            "param": error.param,
            "until": self._clock() + lifetime_seconds,
        }
        await self._metadata.set(_PREFIX + name, record, lifetime_seconds)

    async def recall(self, name: str) -> ImgsvcError | None:
        """
        Give the error remembered under *name*, ready to be raised.

        Returns:
            An error of the same class, detail and param, its ``retry_after_seconds`` the rest of its time, at least 1;
            None when there is none, or its time is over.
        """
        record = await self._metadata.get(_PREFIX + name)
        return None if record is None else _revive(record, self._clock())

    async def forget(self, name: str) -> None:
        """Drop what is remembered under *name*."""
        await self._metadata.delete(_PREFIX + name)


def _revive(record: dict[str, Any], now: float) -> ImgsvcError | None:
    kind = _kind(record.get("class"))
    detail, param, until = record.get("detail"), record.get("param"), record.get("until")
    if kind is None or not isinstance(detail, str) or not isinstance(param, str | None):
        return None
    if not isinstance(until, int | float) or not now < until < math.inf:
        return None
    # A replica whose clock is ahead must not make an error live longer than its kind does.
    left_seconds = min(math.ceil(until - now), kind.remember_seconds)
    return kind(detail, param=param, retry_after_seconds=left_seconds)


def _kind(name: object) -> type[ImgsvcError] | None:
    """Find the class of that name, if it is one of ours and is remembered."""
    kind = getattr(errors, name, None) if isinstance(name, str) else None
    if isinstance(kind, type) and issubclass(kind, ImgsvcError) and kind.remember_seconds > 0:
        return kind
    return None
