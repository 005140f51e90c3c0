"""One piece of work and its thread."""

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import pyvips

from imgsvc.errors import CorruptImage, Draining, ImageTooLarge, TransformTimeout
from imgsvc.transform.job import Job
from imgsvc.transform.runtime import KillSwitch


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    """One thread, ended afterwards."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


class Bench:
    """A job, work that goes on until it is let go, and a note of its end."""

    def __init__(self, timeout_seconds: float = 60) -> None:
        self.ended = asyncio.Event()
        self.job: Job[str] = Job(timeout_seconds, time.monotonic, lambda _: self.ended.set())
        self.begun = asyncio.Event()
        self.let_go = threading.Event()
        self._loop = asyncio.get_running_loop()

    def work(self, switch: KillSwitch) -> str:
        self._loop.call_soon_threadsafe(self.begun.set)
        self.let_go.wait()
        switch.check()
        return "done"


async def test_an_outcome_is_handed_over(executor) -> None:
    """What the thread returns arrives, and the end has been told by then."""
    bench = Bench()
    bench.let_go.set()
    assert await bench.job.outcome(executor, bench.work) == "done"
    assert bench.ended.is_set()
    assert bench.job.running
    assert bench.job.queue_seconds >= 0


async def test_pixels_are_free_as_soon_as_the_work_has_ended(executor) -> None:
    """What a job has watched is given back without the garbage collector, which counts objects and not megabytes."""

    def work(switch: KillSwitch) -> None:
        switch.watch(pyvips.Image.black(10, 10))

    gc.collect()
    gc.disable()
    try:
        before = pictures_alive()
        await Job(60, time.monotonic, lambda _: None).outcome(executor, work)
        await asyncio.get_running_loop().run_in_executor(executor, int)  # a worker holds its last task until the next
        assert pictures_alive() == before
    finally:
        gc.enable()


def pictures_alive() -> int:
    """Count the images that something still refers to, circles included."""
    return sum(isinstance(thing, pyvips.Image) for thing in gc.get_objects())


async def test_the_deadline_frees_the_caller_but_not_the_slot(executor) -> None:
    """The caller is told at once; the end comes when the thread is really through."""
    bench = Bench(timeout_seconds=0.01)
    with pytest.raises(TransformTimeout):
        await bench.job.outcome(executor, bench.work)
    assert bench.job.switch.killed
    assert not bench.ended.is_set()
    bench.let_go.set()
    await bench.ended.wait()


async def test_a_cancelled_caller_leaves_the_slot_taken(executor) -> None:
    """The same holds where the caller goes by itself."""
    bench = Bench()
    task = asyncio.create_task(bench.job.outcome(executor, bench.work))
    await bench.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not bench.ended.is_set()
    bench.let_go.set()
    await bench.ended.wait()


async def test_a_kill_from_outside_is_no_cancellation_of_the_caller(executor) -> None:
    """Who still waits when the pool ends hears why."""
    bench = Bench()
    task = asyncio.create_task(bench.job.outcome(executor, bench.work))
    await bench.begun.wait()
    bench.job.kill()
    bench.let_go.set()
    with pytest.raises(Draining):
        await task


async def test_queued_work_that_is_killed_never_starts(executor) -> None:
    """Behind a busy thread nothing begins after its kill."""
    first, second = Bench(), Bench()
    running = asyncio.create_task(first.job.outcome(executor, first.work))
    await first.begun.wait()
    waiting = asyncio.create_task(second.job.outcome(executor, second.work))
    await asyncio.sleep(0)
    second.job.kill()
    with pytest.raises(Draining):
        await waiting
    first.let_go.set()
    assert await running == "done"
    assert not second.begun.is_set()
    assert not second.job.running


@pytest.mark.parametrize(("raised", "told"), [(pyvips.Error("x"), CorruptImage), (ImageTooLarge("x"), ImageTooLarge)])
async def test_errors_of_libvips_become_ours(executor, raised, told) -> None:
    """Foreign errors are translated, ours pass."""
    bench = Bench()

    def work(_: KillSwitch) -> str:
        raise raised

    with pytest.raises(told):
        await bench.job.outcome(executor, work)
    assert bench.ended.is_set()


async def test_a_fault_at_the_end_does_not_keep_the_caller(executor) -> None:
    """The outcome arrives even if whoever is told of the end fails; the loop hears of the fault."""
    faults = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))

    def fail(_: Job[str]) -> None:
        raise RuntimeError("x")

    assert await Job(60, time.monotonic, fail).outcome(executor, lambda _: "done") == "done"
    assert [str(fault) for fault in faults] == ["x"]
