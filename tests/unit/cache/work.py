"""Work for the coalescer to share, and ways to watch it."""

import asyncio

from imgsvc.cache.coalesce import Coalescer


class Work:
    """A piece of work that waits at a gate, and knows how often it was begun and ended."""

    def __init__(self, value: object = "value") -> None:
        self.value = value
        self.gate = asyncio.Event()
        self.begun = asyncio.Event()
        self.runs = 0
        self.cancelled = 0

    async def __call__(self) -> object:
        self.runs += 1
        self.begun.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


async def settle() -> None:
    """Let everything that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


def joining(flights: Coalescer, work: Work, count: int = 1, key: str = "k") -> list[asyncio.Task]:
    return [asyncio.create_task(flights.join(key, work)) for _ in range(count)]
