"""What talks to a bucket takes long to make: it is made on first use, off the loop, once, and shared."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from imgsvc.errors import StoreError

T = TypeVar("T")


class Opening(Generic[T]):
    """
    A thing that is made in a thread when it is first wanted, however many want it at the same time.

    A failure (credentials that make no sense, say) is raised to all who wait, and the next to ask tries again.

    Args:
        make: blocks; may load modules. What it gives is run by an event loop of a thread's own. That is sound because
            nothing of botocore's opens a connection, or binds itself to a loop, before its first request.
    """

    def __init__(self, make: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._make = make
        self._opening: asyncio.Task[T] | None = None
        self._closed = False

    async def get(self) -> T:
        """
        Give the thing.

        Raises:
            StoreError: it is closed.
            Exception: what making it raised.
        """
        if self._closed:
            raise StoreError("The bucket's client is closed.")
        if self._opening is not None and self._opening.done() and not _failed(self._opening):
            return self._opening.result()
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._made())
            self._opening.add_done_callback(_failed)
        # One waiter that leaves must not take it from the others.
        return await asyncio.shield(self._opening)

    async def ended(self) -> T | None:
        """Make no more, and give what was made, if anything was: the caller closes it."""
        self._closed = True
        if self._opening is None:
            return None
        await asyncio.wait((self._opening,))
        return None if _failed(self._opening) else self._opening.result()

    async def _made(self) -> T:
        work = await asyncio.to_thread(self._make)
        return await asyncio.to_thread(asyncio.run, work)


def _failed(task: asyncio.Task[T]) -> bool:
    """Whether a task that is done has no result; looked at, its exception is not reported as unseen."""
    return task.cancelled() or task.exception() is not None
