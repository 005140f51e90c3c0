"""Failures of sources, remembered for as long as their kind says, so that a broken source is not asked again."""

import math
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from imgsvc import errors
from imgsvc.cache.metadata import MetadataCache
from imgsvc.errors import ImgsvcError, OriginError

MAX_BACK_OFF_SECONDS = 1800
"""A source that fails again and again is left alone for twice as long each time, up to this."""

MEMORY_OF_A_ROW = 2
"""For so many lifetimes after its own a failure still counts, so that a source asked now and then backs off too."""

_PREFIX = "failure:"
_ENOUGH_DOUBLINGS = 20


class FailureStatistics(Struct, frozen=True):
    """
    Counters since the start.

    Attributes:
        remembered: failures kept for a time.
        recalled: times that one was given instead of asking the source.
    """

    remembered: int
    recalled: int


class RememberedFailures:
    """
    Errors by name, kept in the metadata cache.

    Only a class of :mod:`imgsvc.errors` that says it is remembered is ever written or read back: overload, store
    failures and refusals say nothing about the source, and what a shared cache holds is not trusted further than that.
    An ``OriginError`` is kept for longer from one to the next of the same name, until something else becomes of it.

    Args:
        metadata: where they are kept; stays the caller's to close.
        clock: unix seconds; replicas compare theirs.
    """

    def __init__(self, metadata: MetadataCache, clock: Callable[[], float] = time.time) -> None:
        self._metadata = metadata
        self._clock = clock
        self._remembered = self._recalled = 0

    async def remember(self, name: str, error: ImgsvcError) -> int:
        """
        Keep *error* under *name*.

        Returns:
            For how many seconds; 0 when its class is not one to remember, and nothing was done.
        """
        kind = type(error)
        if _kind(kind.__name__) is not kind:
            return 0
        count = 1
        if _backs_off(kind):
            count += _row(await self._metadata.get(_PREFIX + name))
        lifetime_seconds = _lifetime_seconds(kind, count)
        await self._metadata.set(
            _PREFIX + name,
            _record(error, self._clock(), lifetime_seconds, count),
            lifetime_seconds * (1 + MEMORY_OF_A_ROW) if _backs_off(kind) else lifetime_seconds,
        )
        self._remembered += 1
        return lifetime_seconds

    async def recall(self, name: str, *, newer_than: float = 0) -> ImgsvcError | None:
        """
        Give the error remembered under *name*, ready to be raised.

        Args:
            name: as in :meth:`remember`.
            newer_than: unix seconds; what was remembered then or before is no longer to be believed.

        Returns:
            An error of the same class, detail and param, its ``retry_after_seconds`` the rest of its time, at least 1;
            None when there is none, or its time is over.
        """
        record = await self._metadata.get(_PREFIX + name)
        error = None if record is None else _revive(record, self._clock(), newer_than)
        if error is not None:
            self._recalled += 1
        return error

    async def forget(self, name: str) -> None:
        """Drop what is remembered under *name*, and how often it has failed: for a source that has succeeded."""
        await self._metadata.delete(_PREFIX + name)

    def statistics(self) -> FailureStatistics:
        """Snapshot of the counters."""
        return FailureStatistics(self._remembered, self._recalled)


def _record(error: ImgsvcError, now: float, lifetime_seconds: int, count: int) -> dict[str, Any]:
    return {
        "class": type(error).__name__,
        "detail": error.detail,
        "param": error.param,
        "at": now,
        "until": now + lifetime_seconds,
        "count": count,
    }


def _revive(record: dict[str, Any], now: float, newer_than: float) -> ImgsvcError | None:
    kind = _kind(record.get("class"))
    detail, param = record.get("detail"), record.get("param")
    if kind is None or not isinstance(detail, str) or not isinstance(param, str | None):
        return None
    at, until = record.get("at"), record.get("until")
    if not isinstance(at, int | float) or not newer_than < at:
        return None
    if not isinstance(until, int | float) or not now < until < math.inf:
        return None
    # A replica whose clock is ahead must not make an error live longer than its kind ever does.
    latest = now + _lifetime_seconds(kind, _ENOUGH_DOUBLINGS)
    return kind(detail, param=param, retry_after_seconds=math.ceil(min(until, latest) - now))


def _row(record: dict[str, Any] | None) -> int:
    """Give how many failures in a row a record stands for; one that is not backed off from begins no row."""
    kind = _kind(record.get("class")) if record else None
    count = record.get("count") if record else None
    if kind is None or not _backs_off(kind) or not isinstance(count, int):
        return 0
    return min(max(count, 0), _ENOUGH_DOUBLINGS)


def _backs_off(kind: type[ImgsvcError]) -> bool:
    """Whether it may be over soon, so that asking again early is worth it at first, and ever less."""
    return issubclass(kind, OriginError)


def _lifetime_seconds(kind: type[ImgsvcError], count: int) -> int:
    """Give the lifetime of the last of *count* failures in a row."""
    if not _backs_off(kind):
        return kind.remember_seconds
    return min(kind.remember_seconds << (count - 1), MAX_BACK_OFF_SECONDS)


def _kind(name: object) -> type[ImgsvcError] | None:
    """Find the class of that name, if it is one of ours and is remembered."""
    kind = getattr(errors, name, None) if isinstance(name, str) else None
    if isinstance(kind, type) and issubclass(kind, ImgsvcError) and kind.remember_seconds > 0:
        return kind
    return None
