"""Many small pieces of work, a few at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 8


async def at_once(items: Iterable[T], work: Callable[[T], Awaitable[R]]) -> list[R]:
    """
    Do *work* on each of *items*, eight at a time; give what comes of each, in their order.

    Raises:
        Exception: the first that a piece of work raised; what was under way is cancelled, and nothing more begun.
    """
    results: dict[int, R] = {}
    left = iter(enumerate(items))

    async def go_on() -> None:
        for number, item in left:
            results[number] = await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(go_on())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [results[number] for number in sorted(results)]
