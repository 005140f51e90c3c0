"""Tasks that nobody waits for but the store's own end."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Errands:
    """
    Work that goes on when whoever asked for it has left: what was begun on a server or a disk has to be undone there.

    What an errand raises is looked at, lest asyncio complains; who wants to know waits for the task, shielded.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin *work* in a task of its own."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def finished(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    async def ended(self, timeout_seconds: float) -> None:
        """Wait until nothing is under way, and cut off what still is after *timeout_seconds*."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self.finished()
        except TimeoutError:
            for task in self._tasks:
                task.cancel()
            await self.finished()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()
