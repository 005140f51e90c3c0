"""Threads of one kind: order, room, deadline, and when an end is an end."""

import asyncio
import threading
import time

import pytest

from imgsvc.errors import CorruptImage, Draining, QueueFull, TransformTimeout
from imgsvc.transform.lane import Lane
from imgsvc.transform.runtime import KillSwitch
from tests.unit.transform.bodies import until


class Bench:
    """A lane of one thread, work that goes on until it is let go, and a note of each end."""

    def __init__(self, room: int = 0) -> None:
        self.lane = Lane("bench", 1, time.monotonic, room)
        self.let_go = threading.Event()
        self.ends: list[str] = []

    def begin(self, name: str, timeout_seconds: float = 60, **options) -> asyncio.Task[tuple[str, float]]:
        def work(switch: KillSwitch) -> str:
            self.let_go.wait()
            switch.check()
            return name

        return asyncio.create_task(
            self.lane.run(work, timeout_seconds, ended=lambda: self.ends.append(name), **options)
        )


@pytest.fixture
async def bench():
    """A bench, whose lane is closed afterwards."""
    bench = Bench(room=2)
    yield bench
    bench.let_go.set()
    await bench.lane.aclose()


async def test_work_is_done_in_its_order(bench) -> None:
    """Each hands over what it made and how long it waited, and each end is told once."""
    tasks = [bench.begin(name) for name in "abc"]
    await until(lambda: bench.lane.statistics().running)
    assert (bench.lane.statistics().queued, bench.ends) == (2, [])
    bench.let_go.set()

    outcomes = await asyncio.gather(*tasks)

    assert [name for name, _ in outcomes] == bench.ends == ["a", "b", "c"]
    assert all(seconds >= 0 for _, seconds in outcomes)
    assert bench.lane.statistics().completed == 3


async def test_a_cancelled_caller_does_not_end_its_thread(bench) -> None:
    """What was lent to the work comes back when its thread has ended, not when the caller has gone."""
    task = bench.begin("a")
    await until(lambda: bench.lane.statistics().running)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (bench.ends, bench.lane.statistics().running) == ([], 1)

    bench.let_go.set()
    await bench.lane.idle()

    assert bench.ends == ["a"]


async def test_the_deadline_does_not_end_it_either(bench) -> None:
    """The caller is told at once, and it counts."""
    with pytest.raises(TransformTimeout):
        await bench.begin("a", timeout_seconds=0.01)
    assert (bench.ends, bench.lane.statistics().timed_out) == ([], 1)


async def test_what_never_begins_has_ended(bench) -> None:
    """Cancelled in the queue it gives back what it was lent without having had a thread."""
    bench.begin("a")
    queued = bench.begin("b")
    await until(lambda: bench.lane.statistics().queued)
    queued.cancel()
    await until(lambda: bench.ends)
    assert bench.ends == ["b"]


async def test_an_error_is_an_end(bench) -> None:
    """Errors reach the caller after the end."""

    def fail(_: KillSwitch) -> None:
        raise CorruptImage("x")

    with pytest.raises(CorruptImage):
        await bench.lane.run(fail, 60, ended=lambda: bench.ends.append("a"))
    assert bench.ends == ["a"]


async def test_bounded_work_is_refused_when_there_is_no_room(bench) -> None:
    """Beyond the room there is no waiting, the refusal says when to come back, and the unbounded still get in."""
    for name in "ab":
        bench.begin(name, bounded=True)
    refused = bench.begin("c", bounded=True)
    welcome = bench.begin("d")

    with pytest.raises(QueueFull) as error:
        await refused

    assert error.value.retry_after_seconds == 1
    assert (bench.ends, bench.lane.statistics().refused) == (["c"], 1)
    bench.let_go.set()
    assert (await welcome)[0] == "d"


async def test_closing_ends_what_runs_waits_or_comes_later(bench) -> None:
    """All are told that the service is shutting down, and all have ended."""
    tasks = [bench.begin(name) for name in "ab"]
    await until(lambda: bench.lane.statistics().running)
    bench.lane.stop()
    tasks.append(bench.begin("c"))
    bench.let_go.set()

    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [Draining] * 3
    assert sorted(bench.ends) == ["a", "b", "c"]
