"""A gate whose surroundings the test holds."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from imgsvc.pressure.gate import ByteGate, Permit


class Room:
    """A gate, its clock, what it is told about memory, and the tasks that ask it."""

    def __init__(self, **options) -> None:
        self.now = 0.0
        self.largest_bytes = 1000
        self.has_room: bool | Exception = True
        self.hold = asyncio.Event()
        self.hold.set()
        self.asked: list[tuple[int, int]] = []
        self.tasks: list[asyncio.Task[Permit]] = []
        settings = {"queue_limit": 100, "deadline_seconds": 60.0} | options
        self.gate = ByteGate(
            100,
            largest_bytes=lambda: self.largest_bytes,
            make_room=self.make_room,
            clock=lambda: self.now,
            **settings,
        )

    async def make_room(self, size_bytes: int) -> bool:
        self.asked.append((size_bytes, self.gate.statistics().in_use_bytes))
        await self.hold.wait()
        if isinstance(self.has_room, Exception):
            raise self.has_room
        return self.has_room

    async def ask(self, *sizes: int) -> list[asyncio.Task[Permit]]:
        """Ask for each size in a task of its own, and let them come as far as they can."""
        tasks = [asyncio.create_task(self.gate.admit(size)) for size in sizes]
        self.tasks += tasks
        await settle()
        return tasks

    @property
    def figures(self) -> tuple[int, int, int]:
        """Bytes in use, permits out, and how many wait."""
        counted = self.gate.statistics()
        return counted.in_use_bytes, counted.admitted, counted.waiting


async def settle() -> None:
    """Let everything that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
async def rooms() -> AsyncIterator[type[Room]]:
    """Make rooms; in the end each must be empty once what it gave is given back, and the loop without a complaint."""
    complaints: list[dict] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    made: list[Room] = []

    def make(**options) -> Room:
        made.append(Room(**options))
        return made[-1]

    yield make
    for room in made:
        room.hold.set()
        for task in room.tasks:
            task.cancel()
            await settle()
            if not task.cancelled() and task.exception() is None:
                task.result().release()
        assert room.figures == (0, 0, 0)
    assert complaints == []


@pytest.fixture
def room(rooms) -> Room:
    """A gate of 100 bytes."""
    return rooms()
