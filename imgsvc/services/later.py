"""What a start need not wait for: made by whoever needs it first, and behind the start at the latest."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Generic, TypeVar

from imgsvc.errors import Draining

T = TypeVar("T")


class Later(Generic[T]):
    """
    One thing, made once; all who need it meanwhile wait for the same making. :meth:`aclose` once.

    What makes it runs in a task of its own, so that nobody who leaves takes it from those who stay. Where it fails,
    what it had opened is closed, those who wait are told, and the next who asks has it tried again.

    Args:
        make: makes it, slow work in a thread; gets the stack on which it puts what is to be closed with it.
    """

    def __init__(self, make: Callable[[AsyncExitStack], Awaitable[T]]) -> None:
        self._make = make
        self._stack = AsyncExitStack()
        self._making: asyncio.Task[T] | None = None
        self._made: tuple[T] | None = None
        self._failed = False
        self._closed = False

    @property
    def has_failed(self) -> bool:
        """Whether the last making failed, and none has been well since."""
        return self._failed

    async def get(self) -> T:
        """
        Give it, made first where it is not yet.

        Raises:
            Draining: it is not made, and after :meth:`aclose` it never will be.
            Exception: whatever the making raised.
        """
        if self._made is not None:
            return self._made[0]
        if self._closed:
            raise Draining("The service is shutting down.")
        if self._making is None:
            self._making = asyncio.create_task(self._run())
        return await asyncio.shield(self._making)

    def now(self) -> T | None:
        """Give it; None = it is not made yet."""
        return self._made[0] if self._made is not None else None

    async def attempt(self) -> None:
        """Have it made for one who can do without: only who asks by :meth:`get` is told of a failure."""
        with contextlib.suppress(Exception):
            await self.get()

    async def aclose(self) -> None:
        """Wait for a making under way, which a thread would go on with anyway, and close what it has opened."""
        self._closed = True
        if self._making is not None:
            await asyncio.wait([self._making])
        await self._stack.aclose()

    async def _run(self) -> T:
        try:
            async with AsyncExitStack() as stack:
                made = await self._make(stack)
                self._stack = stack.pop_all()
        except BaseException:
            self._failed = True
            raise
        finally:
            self._making = None
        self._made, self._failed = (made,), False
        return made
