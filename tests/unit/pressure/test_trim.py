"""Trimming: the C library's, and who does it when."""

import asyncio
import gc
import os
import platform
import threading
import weakref

import pytest

from imgsvc.pressure.resident import resident_reader
from imgsvc.pressure.trim import Trimmer, TrimStatistics, collect_and_trim, trim


class Trim:
    """A trim that waits, in its thread, until the test lets it go on."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun = 0
        self.at_once = 0
        self.most_at_once = 0
        self.threads: set[int] = set()

    def __call__(self) -> None:
        self.begun += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.threads.add(threading.get_ident())
        self.gate.wait(60)
        self.at_once -= 1


@pytest.fixture
def slow() -> Trim:
    return Trim()


async def until(condition) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or "LD_PRELOAD" in os.environ, reason="only glibc gives memory back by a call"
)
def test_the_real_one():
    """What was freed between pieces that are still held is given back."""
    read = resident_reader()
    held = [b"x" * (2000 + n % 2) for n in range(20_000)]
    held = held[::100]
    before = read()
    assert trim() is True
    assert before - read() > 20 * 1024 * 1024
    assert len(held) == 200


def test_a_library_without_it(monkeypatch):
    """Where the C library cannot, nothing is done."""
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    assert trim() is False


async def test_a_request_returns_at_once(slow):
    """The trim runs in a thread of its own, and is waited for on closing."""
    trimmer = Trimmer(slow)
    trimmer.request()
    await until(lambda: slow.begun == 1)
    assert threading.get_ident() not in slow.threads

    closing = asyncio.create_task(trimmer.aclose())
    await asyncio.sleep(0.01)
    assert not closing.done()
    slow.gate.set()
    await closing
    assert trimmer.statistics() == TrimStatistics(requested=1, done=1)


async def test_many_requests_are_one(slow):
    """Requests during a trim lead to one more, never to two at once."""
    trimmer = Trimmer(slow, apart_seconds=0)
    trimmer.request()
    await until(lambda: slow.begun == 1)
    for _ in range(50):
        trimmer.request()
    slow.gate.set()
    await until(lambda: trimmer.statistics().done == 2)
    await trimmer.aclose()
    assert (slow.begun, slow.most_at_once) == (2, 1)
    assert trimmer.statistics() == TrimStatistics(requested=51, done=2)


async def test_it_keeps_its_distance(slow):
    """A second trim does not follow at once, and closing does not wait for it."""
    slow.gate.set()
    trimmer = Trimmer(slow, apart_seconds=3600)
    trimmer.request()
    await until(lambda: trimmer.statistics().done == 1)
    trimmer.request()
    async with asyncio.timeout(60):
        await trimmer.aclose()
    assert slow.begun == 1


async def test_again_after_a_rest(slow):
    """When all is done a new request begins anew."""
    slow.gate.set()
    trimmer = Trimmer(slow, apart_seconds=0)
    for count in (1, 2, 3):
        trimmer.request()
        await until(lambda count=count: trimmer.statistics().done == count)
    await trimmer.aclose()


async def test_closed(slow):
    """Closing twice, or unused, is allowed; after it nothing is begun."""
    trimmer = Trimmer(slow)
    await trimmer.aclose()
    trimmer.request()
    await trimmer.aclose()
    assert slow.begun == 0


def test_circles_are_collected_first():
    """What only the cyclic collector finds is freed before the allocator is asked."""

    class Node:
        """One that refers to itself."""

    node = Node()
    node.self = node
    gone = weakref.ref(node)
    gc.disable()
    try:
        del node
        held = gone() is not None
        collect_and_trim()
        assert (held, gone()) == (True, None)
    finally:
        gc.enable()
