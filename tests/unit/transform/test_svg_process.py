"""The worker's life: how it is kept apart, and every way in which it ends."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from imgsvc.errors import CorruptImage, Draining, ImageTooLarge, MemoryPressure, Overloaded, QueueFull, TransformTimeout
from imgsvc.transform import svg_process
from imgsvc.transform.svg_turns import PATIENCE_SECONDS, PUT_OFF_SECONDS, TOO_SLOW_SECONDS, Turns
from tests.support.looptime import loop_clock
from tests.unit.transform.svg_renderers import BOMB, RED, SQUARE, Timers, begun, pixel, renderer, workers

pytestmark = pytest.mark.slow


async def test_one_worker_serves_one_after_the_other():
    """Requests at once are drawn by one process, each with its own pixels."""
    async with renderer() as subject:
        rasters = await asyncio.gather(*(subject.render(SQUARE, side, side) for side in range(1, 9)))
        assert subject.statistics().spawned == 1
        assert subject.statistics().worker_bytes > 0
    assert [len(r.data) for r in rasters] == [side * side * 4 for side in range(1, 9)]


async def test_worker_gets_no_environment_of_ours(monkeypatch):
    """Secrets in the service's environment do not reach the worker."""
    monkeypatch.setenv("S3_SECRET_ACCESS_KEY", "do-not-tell")
    async with renderer() as subject:
        await subject.render(SQUARE, 1, 1)
        pid = subject.statistics().worker_pid
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        limits = Path(f"/proc/{pid}/limits").read_text()
        modules = Path(f"/proc/{pid}/maps").read_text()
    names = {line.partition(b"=")[0] for line in environment.split(b"\0") if line}
    assert names == {b"PATH", b"HOME", b"FONTCONFIG_FILE", b"VIPS_CONCURRENCY", b"MALLOC_ARENA_MAX"}
    rows = {line[:25].strip(): line[26:].split()[:2] for line in limits.splitlines()}
    assert rows["Max address space"] == [str(512 * 1024 * 1024)] * 2
    assert rows["Max core file size"] == ["0", "0"]
    assert not any(name in modules for name in ("msgspec", "aiohttp", "lxml"))


async def test_bomb_is_killed_at_the_deadline():
    """Nested use ends at the deadline, and the next document is drawn by a new worker."""
    async with renderer(timeout_seconds=3) as subject:
        with pytest.raises(ImageTooLarge):
            await subject.render(BOMB, 9, 9)
        assert workers() == set()
        subject._timeout_seconds = 60  # the new worker may take its time to start
        assert pixel(await subject.render(SQUARE, 1, 1), 0, 0) == RED
        assert (subject.statistics().timed_out, subject.statistics().spawned) == (1, 2)


async def test_bomb_is_known_the_second_time():
    """What took too long is refused at once, at other sizes too, for what is left of its time; then it is tried."""
    seconds = [100.0]
    async with renderer(timeout_seconds=3, clock=lambda: seconds[0]) as subject:
        with pytest.raises(ImageTooLarge):
            await subject.render(BOMB, 9, 9)
        seconds[0] += 60
        for side in (9, 8, 99):
            with pytest.raises(ImageTooLarge) as raised:
                await subject.render(BOMB, side, side)
            assert raised.value.retry_after_seconds == TOO_SLOW_SECONDS - 60
        assert (subject.statistics().recalled, subject.statistics().spawned) == (3, 1)
        seconds[0] += TOO_SLOW_SECONDS
        with pytest.raises(ImageTooLarge):
            await subject.render(BOMB, 9, 9)
        assert (subject.statistics().timed_out, subject.statistics().spawned) == (2, 2)


async def test_bomb_makes_way_for_whoever_waits():
    """A drawing that takes long is given up for another document, and refused for some seconds as an overload."""
    with loop_clock() as clock:
        async with renderer() as subject:
            slow = asyncio.create_task(subject.render(BOMB, 9, 9))
            await begun(subject)
            waiting = asyncio.create_task(subject.render(SQUARE, 2, 2))
            await clock.forward(PATIENCE_SECONDS)
            with pytest.raises(TransformTimeout) as raised:
                await slow
            assert raised.value.retry_after_seconds == PUT_OFF_SECONDS
            assert pixel(await waiting, 1, 1) == RED
            with pytest.raises(TransformTimeout):
                await subject.render(BOMB, 9, 9)
            assert (subject.statistics().put_off, subject.statistics().timed_out) == (1, 0)


async def test_whoever_waited_for_the_same_is_told_at_once():
    """The verdict reaches those who had been waiting for the document already, without another try."""
    with loop_clock() as clock:
        async with renderer() as subject:
            tasks = [asyncio.create_task(subject.render(BOMB, 9, 9))]
            await begun(subject)
            tasks.append(asyncio.create_task(subject.render(BOMB, 8, 8)))
            await clock.forward(101)
            for task in tasks:
                with pytest.raises(ImageTooLarge):
                    await task
            assert (subject.statistics().spawned, subject.statistics().recalled) == (1, 1)


async def test_worker_that_is_not_ready_in_time_is_our_fault(monkeypatch):
    """A document that was never handed over is not blamed, nor remembered."""

    async def never(_process):
        await asyncio.Event().wait()

    async with renderer(timeout_seconds=0.1) as subject:
        with monkeypatch.context() as patch:
            patch.setattr(svg_process.SvgProcess, "wait_ready", never)
            with pytest.raises(Overloaded):
                await subject.render(SQUARE, 1, 1)
        subject._timeout_seconds = 60
        assert pixel(await subject.render(SQUARE, 1, 1), 0, 0) == RED


async def test_cancelled_request_kills_its_worker():
    """Who does not want the answer any more takes the worker along; the next in turn gets a new one."""
    async with renderer() as subject:
        first = asyncio.create_task(subject.render(BOMB, 9, 9))
        pid = await begun(subject)
        second = asyncio.create_task(subject.render(SQUARE, 2, 2))
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert pixel(await second, 1, 1) == RED
        assert subject.statistics().worker_pid != pid


async def test_cancelled_waiter_disturbs_nobody():
    """Who leaves before their turn leaves the worker to the one it works for."""
    async with renderer() as subject:
        await subject.render(SQUARE, 1, 1)
        pid = subject.statistics().worker_pid
        tasks = [asyncio.create_task(subject.render(SQUARE, side, side)) for side in (300, 2, 3)]
        tasks[2].cancel()
        await asyncio.wait(tasks)
        assert [len(task.result().data) for task in tasks[:2]] == [360_000, 16]
        assert subject.statistics().worker_pid == pid


async def test_crash_is_the_documents_fault():
    """A worker that dies of a document gives a broken picture; the next document is none the wiser."""
    async with renderer() as subject:
        task = asyncio.create_task(subject.render(BOMB, 9, 9))
        os.kill(await begun(subject), signal.SIGSEGV)
        with pytest.raises(CorruptImage):
            await task
        assert pixel(await subject.render(SQUARE, 1, 1), 0, 0) == RED
        assert (subject.statistics().died, subject.statistics().spawned) == (1, 2)


async def test_stopped_worker_is_killed_at_the_deadline():
    """A worker that takes no input and gives no answer does not outlive the deadline either."""
    async with renderer(timeout_seconds=60) as subject:
        await subject.render(SQUARE, 1, 1)
        subject._timeout_seconds = 1
        os.kill(subject.statistics().worker_pid, signal.SIGSTOP)
        large = SQUARE.replace(b"</svg>", b" " * 500_000 + b"</svg>")
        with pytest.raises(ImageTooLarge):
            await subject.render(large, 1, 1)
        assert workers() == set()


async def test_idle_worker_is_ended():
    """A worker without work for the idle time ends; a request in between starts that time anew."""
    timers = Timers()
    async with renderer(idle_seconds=7, call_later=timers) as subject:
        await subject.render(SQUARE, 1, 1)
        await subject.render(SQUARE, 1, 1)
        assert [timer.seconds for timer in timers.pending] == [7]
        timers.pending[0].fire()
        assert subject.statistics().worker_pid is None
        assert subject.statistics().retired == 1
        await subject.render(SQUARE, 1, 1)
        assert subject.statistics().spawned == 2


async def test_large_worker_is_retired():
    """A worker above the limit after a request is ended, and its answer still given."""
    async with renderer(retire_bytes=1) as subject:
        assert pixel(await subject.render(SQUARE, 1, 1), 0, 0) == RED
        assert (subject.statistics().worker_pid, subject.statistics().retired) == (None, 1)


async def test_full_queue_is_refused_at_once():
    """Beyond the bound nobody waits."""
    async with renderer(max_waiting=1) as subject:
        first = asyncio.create_task(subject.render(SQUARE, 5, 5))
        await asyncio.sleep(0)
        with pytest.raises(QueueFull):
            await subject.render(SQUARE, 5, 5)
        await first


@pytest.mark.parametrize("patience_seconds", [PATIENCE_SECONDS, 0.0])
async def test_retiring_gives_memory_back_and_blames_nobody(patience_seconds):
    """The worker is gone at once; its document may well be fine, and what waits is drawn by the next worker."""
    async with renderer() as subject:
        subject._turns = Turns(patience_seconds)
        task = asyncio.create_task(subject.render(BOMB, 9, 9))
        pid = await begun(subject)
        waiting = asyncio.create_task(subject.render(SQUARE, 1, 1))
        subject.retire()
        assert subject.statistics().worker_pid is None
        with pytest.raises(MemoryPressure):
            await task
        assert pixel(await waiting, 0, 0) == RED
        assert subject.statistics().worker_pid != pid
        assert (subject.statistics().died, subject.statistics().retired) == (0, 1)


async def test_retiring_an_idle_worker_or_none_is_fine():
    """There is nothing to interrupt."""
    async with renderer() as subject:
        subject.retire()
        await subject.render(SQUARE, 1, 1)
        subject.retire()
        subject.retire()
        assert (subject.statistics().worker_pid, subject.statistics().worker_bytes) == (None, 0)
        assert subject.statistics().retired == 1


async def test_close_ends_all_that_runs_or_waits():
    """Closing kills what is drawn, refuses what waits, and says that it is not the picture's fault."""
    async with renderer() as subject:
        tasks = [asyncio.create_task(subject.render(BOMB, 9, 9)) for _ in range(3)]
        await begun(subject)
        await subject.aclose()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [Draining] * 3
        with pytest.raises(Draining):
            await subject.render(SQUARE, 1, 1)


async def test_close_while_a_worker_starts():
    """Closing in the moment of a start leaves no process behind."""
    async with renderer() as subject:
        task = asyncio.create_task(subject.render(SQUARE, 1, 1))
        while not subject.statistics().spawned:
            await asyncio.sleep(0)
        await subject.aclose()
        with pytest.raises(Overloaded):
            await task


async def test_worker_that_cannot_start_is_our_fault(monkeypatch):
    """No process at all is overload, not a broken picture that would be remembered."""
    monkeypatch.setattr(svg_process.sys, "executable", "/nonexistent/python")
    async with renderer() as subject:
        with pytest.raises(Overloaded):
            await subject.render(SQUARE, 1, 1)


async def test_worker_that_dies_at_its_start_is_our_fault(monkeypatch):
    """A worker that never gets ready is overload too."""
    monkeypatch.setattr(svg_process.svg_worker, "__file__", "/nonexistent/worker.py")
    async with renderer() as subject:
        with pytest.raises(Overloaded):
            await subject.render(SQUARE, 1, 1)
