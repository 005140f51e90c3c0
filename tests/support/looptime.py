"""The running loop's clock, which a test puts forward: what is to run out does, however slow the machine is."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

TURNS = 5
"""Turns of the loop that a timer has for what it does, and for what that makes others do."""


class LoopClock:
    """The real time, and as much more as the test says."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._real = loop.time
        self._ahead_seconds = 0.0

    def __call__(self) -> float:
        return self._real() + self._ahead_seconds

    async def forward(self, seconds: float) -> None:
        """Let so much time pass at once, and all timers ring that wait for it."""
        self._ahead_seconds += seconds
        for _ in range(TURNS):
            await asyncio.sleep(0)


@contextmanager
def loop_clock() -> Iterator[LoopClock]:
    """Give the running loop's clock into the test's hand until the block ends."""
    loop = asyncio.get_running_loop()
    clock = LoopClock(loop)
    loop.time = clock
    try:
        yield clock
    finally:
        del loop.time
