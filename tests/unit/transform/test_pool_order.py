"""First come, first served: eight clients before one thread, and work that nobody waits for among them."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest

from imgsvc.model.formats import ImageFormat
from imgsvc.model.spec import Output, TransformSpec
from imgsvc.transform.pool import TransformPool
from tests.support import pictures
from tests.unit.transform.bodies import RecordingAdmission, opened, until

CLIENTS = 8
TURNS = 3
PNG = ImageFormat.PNG
QUICK = TransformSpec(output=Output.WEBP, width=20)


class Queue:
    """Clients before a pool; notes in which order they have their answers."""

    def __init__(self, pool: TransformPool, sha256: str) -> None:
        self.pool, self.sha256, self.data = pool, sha256, pictures.png()
        self.served: list[str] = []
        self.tasks: list[asyncio.Task] = []

    async def ask(self, name: str, *, patient: bool = False) -> None:
        await self.pool.run(self.data, PNG, QUICK, patient=patient, sha256=self.sha256)
        self.served.append(name)

    async def come(self, name: str, **options) -> None:
        """Stand in the queue, behind all who came before."""
        before = self.pool.statistics().queued
        self.tasks.append(asyncio.create_task(self.ask(name, **options)))
        await until(lambda: self.pool.statistics().queued > before)

    async def keep_asking(self, name: str) -> None:
        for _ in range(TURNS):
            await self.ask(name)


@asynccontextmanager
async def blocked(admission: RecordingAdmission | None = None):
    """Give a queue before a pool whose one thread is busy, and the event that lets it go."""
    let_go = threading.Event()
    async with opened(admission=admission, threads=1) as pool:
        sha256 = (await pool.inspect(pictures.png())).sha256
        busy = asyncio.create_task(pool.examine(pictures.png(), PNG, 20, lambda _: let_go.wait(20), sha256))
        await until(lambda: pool.statistics().running)
        try:
            yield Queue(pool, sha256), let_go
        finally:
            let_go.set()
            await busy


@pytest.mark.parametrize("patient", [None, 0, 3, 7])
async def test_equal_work_is_done_in_the_order_it_came(patient) -> None:
    """Nobody is overtaken, and work that nobody waits for, such as a better answer, takes its turn like all."""
    names = [str(n) for n in range(CLIENTS)]
    async with blocked() as (queue, let_go):
        for n, name in enumerate(names):
            await queue.come(name, patient=n == patient)
        assert queue.served == []
        let_go.set()
        await asyncio.gather(*queue.tasks)
    assert queue.served == names


async def test_who_comes_back_stands_at_the_end() -> None:
    """Clients that ask again at once all get their first answer before any gets the second."""
    names = [str(n) for n in range(CLIENTS)]
    async with blocked() as (queue, let_go):
        clients = [asyncio.create_task(queue.keep_asking(name)) for name in names]
        await until(lambda: queue.pool.statistics().queued == CLIENTS)
        let_go.set()
        await asyncio.gather(*clients)
    assert queue.served == names * TURNS


async def test_memory_is_given_in_the_same_order() -> None:
    """Whoever asks for a permit first has the thread first."""
    admission = RecordingAdmission(is_open=False)
    async with opened(admission=admission, threads=1) as pool:
        queue = Queue(pool, (await pool.inspect(pictures.png())).sha256)
        clients = []
        for n in range(CLIENTS):
            clients.append(asyncio.create_task(queue.ask(str(n))))
            await until(lambda n=n: len(admission.asked) == n + 1)
        admission.open.set()
        await asyncio.gather(*clients)
    assert queue.served == [str(n) for n in range(CLIENTS)]
