"""Who is called when memory gets short, in which order and how often."""

import logging
import math
from collections.abc import Callable

from msgspec import Struct

from imgsvc.pressure.levels import Level
from imgsvc.pressure.readings import MemoryReading

log = logging.getLogger("imgsvc.pressure")

Action = Callable[[MemoryReading], object]
"""Called on the event loop with the reading that set it off; what it returns is dropped."""


class _Rung(Struct):
    level: Level
    action: Action
    apart_seconds: float
    at_entry_only: bool
    called_at_seconds: float = -math.inf

    def is_due(self, before: Level, now: Level, now_seconds: float) -> bool:
        meant = now >= self.level and (before < self.level or not self.at_entry_only)
        return meant and now_seconds - self.called_at_seconds >= self.apart_seconds


class Ladder:
    """
    Actions by level.

    Going up, the lower level's actions come first and those of one level in the order in which they were registered,
    whatever their kind; going down, the higher level's come first. An action that raises is logged and counted, and
    the others are called all the same.
    """

    def __init__(self) -> None:
        self._rungs: list[_Rung] = []
        self._leavings: list[tuple[Level, Action]] = []
        self._failed = 0

    @property
    def failed(self) -> int:
        """How many calls have raised."""
        return self._failed

    def on(self, level: Level, action: Action, cooldown_seconds: float) -> None:
        """Call *action* on entering *level* from below, unless it was called less than *cooldown_seconds* ago."""
        self._add(_Rung(level, action, cooldown_seconds, at_entry_only=True))

    def on_sample(self, level: Level, action: Action, every_seconds: float) -> None:
        """Call *action* at samples in *level* or above, *every_seconds* apart at the least."""
        self._add(_Rung(level, action, every_seconds, at_entry_only=False))

    def on_leave(self, level: Level, action: Action) -> None:
        """Call *action* on falling below *level*."""
        self._leavings.append((level, action))
        self._leavings.sort(key=lambda leaving: -leaving[0])

    def step(self, before: Level, reading: MemoryReading, now_seconds: float) -> None:
        """Call what is due now that the level was *before* and *reading* has come."""
        for rung in tuple(self._rungs):
            if rung.is_due(before, reading.level, now_seconds):
                rung.called_at_seconds = now_seconds
                self._call(rung.action, reading)
        for level, action in tuple(self._leavings):
            if reading.level < level <= before:
                self._call(action, reading)

    def _add(self, rung: _Rung) -> None:
        self._rungs.append(rung)
        self._rungs.sort(key=lambda rung: rung.level)

    def _call(self, action: Action, reading: MemoryReading) -> None:
        try:
            action(reading)
        except Exception:  # it is anybody's code, and the rungs above it are needed all the more
            self._failed += 1
            log.exception("an action against memory pressure failed at level %s", reading.level.name)
