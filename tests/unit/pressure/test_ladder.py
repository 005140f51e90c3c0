"""Who is called when: order, repetition, failures."""

import logging
from functools import partial

import pytest
from msgspec.structs import replace

from imgsvc.pressure.ladder import Ladder
from imgsvc.pressure.levels import Level
from imgsvc.pressure.readings import MemoryReading

OK, WARNING, GUARD, CRITICAL, CLEANUP, EMERGENCY = Level
READING = MemoryReading(
    rss_bytes=1, peak_bytes=1, budget_bytes=1, level=OK, status=OK.status, since_seconds=0, trend="stable"
)


class Climb:
    """A ladder, where it stands, and what was called."""

    def __init__(self) -> None:
        self.ladder = Ladder()
        self.level = OK
        self.now = 0.0
        self.calls: list[str] = []

    def note(self, name: str):
        return lambda _: self.calls.append(name)

    def to(self, level: Level, seconds: float = 0) -> list[str]:
        """Take a step, and give what it called."""
        self.now += seconds
        before, self.level = self.level, level
        self.ladder.step(before, replace(READING, level=level), self.now)
        calls, self.calls = self.calls, []
        return calls


@pytest.fixture
def climb() -> Climb:
    return Climb()


def test_a_jump_calls_the_lower_levels_first(climb):
    """By level, whatever the order of registration; within a level by that order, whatever the kind."""
    climb.ladder.on(CLEANUP, climb.note("cleanup"), 0)
    climb.ladder.on(GUARD, climb.note("guard-1"), 0)
    climb.ladder.on_sample(GUARD, climb.note("guard-2"), 0)
    climb.ladder.on(GUARD, climb.note("guard-3"), 0)
    climb.ladder.on_sample(WARNING, climb.note("warning"), 0)
    climb.ladder.on(EMERGENCY, climb.note("emergency"), 0)

    assert climb.to(CLEANUP) == ["warning", "guard-1", "guard-2", "guard-3", "cleanup"]


def test_entering_is_from_below(climb):
    """Staying does not call again, nor does falling onto a level; coming back up does."""
    climb.ladder.on(GUARD, climb.note("guard"), 0)
    assert climb.to(WARNING) == []
    assert climb.to(CRITICAL) == ["guard"]
    assert climb.to(GUARD) == []
    assert climb.to(GUARD) == []
    assert climb.to(OK) == []
    assert climb.to(GUARD) == ["guard"]


def test_cooldown(climb):
    """An entry too soon after the last call is passed over for good."""
    climb.ladder.on(GUARD, climb.note("guard"), 10)
    assert climb.to(GUARD) == ["guard"]
    climb.to(OK, 3)
    assert climb.to(GUARD, 6.9) == []
    assert climb.to(GUARD, 60) == []
    climb.to(OK)
    assert climb.to(GUARD) == ["guard"]


def test_repetition(climb):
    """What is done at each sample is done on entry and again, never too soon, at or above its level only."""
    climb.ladder.on_sample(WARNING, climb.note("evict"), 2)
    assert climb.to(OK) == []
    assert climb.to(WARNING) == ["evict"]
    assert climb.to(WARNING, 1.9) == []
    assert climb.to(GUARD, 0.1) == ["evict"]
    assert climb.to(OK, 5) == []
    assert climb.to(WARNING, 1) == ["evict"]


def test_a_flush_is_made_up_for(climb):
    """A flush that came too soon after the last comes when its time is there, not only at the next entry."""
    climb.ladder.on_sample(CLEANUP, climb.note("flush"), 10)
    assert climb.to(CLEANUP) == ["flush"]
    climb.to(OK, 3)
    assert climb.to(EMERGENCY, 3) == []
    assert climb.to(EMERGENCY, 3.9) == []
    assert climb.to(CLEANUP, 0.1) == ["flush"]
    assert climb.to(CLEANUP, 10) == ["flush"]


def test_leaving(climb):
    """Falling calls what belongs to each level that is no longer reached, the highest first, once."""
    for level in (WARNING, CRITICAL, GUARD):
        climb.ladder.on_leave(level, climb.note(level.name))
    assert climb.to(CRITICAL) == []
    assert climb.to(GUARD) == ["CRITICAL"]
    assert climb.to(OK) == ["GUARD", "WARNING"]
    assert climb.to(OK) == []


def test_actions_get_the_reading(climb):
    """An action is told what set it off."""
    seen = []
    climb.ladder.on(GUARD, seen.append, 0)
    climb.to(GUARD)
    assert [reading.level for reading in seen] == [GUARD]


def test_a_failing_action_stops_nobody(climb, caplog):
    """It is logged and counted, the others are called, and it is tried again the next time."""

    def fail(_):
        raise RuntimeError("broken")

    climb.ladder.on_sample(WARNING, fail, 0)
    climb.ladder.on_leave(WARNING, fail)
    climb.ladder.on(GUARD, climb.note("guard"), 0)
    climb.ladder.on_leave(WARNING, climb.note("left"))
    with caplog.at_level(logging.ERROR, "imgsvc.pressure"):
        assert climb.to(CRITICAL) == ["guard"]
        assert climb.to(OK) == ["left"]
    assert climb.ladder.failed == 2
    assert caplog.messages[0] == "an action against memory pressure failed at level CRITICAL"
    assert "broken" in caplog.text


def test_registering_while_climbing(climb):
    """An action may register another, which waits for its own turn."""
    climb.ladder.on(WARNING, lambda _: climb.ladder.on(GUARD, climb.note("late"), 0), 60)
    assert climb.to(CRITICAL) == []
    climb.to(OK)
    assert climb.to(CRITICAL) == ["late"]


def test_a_callable_of_any_kind(climb):
    """Partials and bound methods are actions too, whatever they return."""
    climb.ladder.on(GUARD, partial(lambda names, _: names.append("partial") or 7, climb.calls), 0)
    assert climb.to(GUARD) == ["partial"]
