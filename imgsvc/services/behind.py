"""Work behind answers: nobody waits for it, and of one name there is one piece at a time."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Behind:
    """
    Tasks by name; :meth:`aclose` once.

    Args:
        what: names the tasks.
        limit: how many at the same time.
    """

    def __init__(self, what: str, limit: int) -> None:
        self._what = what
        self._limit = limit
        self._running: dict[str, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def __contains__(self, name: str) -> bool:
        return name in self._running

    @property
    def is_full(self) -> bool:
        """Whether no more can be begun."""
        return len(self._running) >= self._limit

    def begin(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin a piece of work that deals with its own errors, unless one of that name runs or there are too many."""
        if name in self._running or self.is_full:
            return
        task = asyncio.create_task(work(), name=self._what)
        self._running[name] = task
        task.add_done_callback(lambda _: self._running.pop(name))

    async def idle(self) -> None:
        """Wait until none is running."""
        while self._running:
            await asyncio.wait(tuple(self._running.values()))

    async def aclose(self) -> None:
        """Give up what is running."""
        for task in tuple(self._running.values()):
            task.cancel()
        await self.idle()
