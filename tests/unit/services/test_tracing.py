"""Parts of the work are told to whoever follows, and to nobody else."""

import asyncio
from contextlib import contextmanager
from contextvars import Context, ContextVar

import pytest

from imgsvc.services.answers import Trace
from imgsvc.services.tracing import followed_by, fresh_context, part


class Notebook:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.carried: list[Context] = []

    def carry_to(self, context: Context) -> None:
        self.carried.append(context)

    @contextmanager
    def part(self, name: str):
        self.notes.append(f"+{name}")
        try:
            yield
        finally:
            self.notes.append(f"-{name}")


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


def test_parts_lie_in_each_other(notebook):
    """They end in the opposite order, after an error too; what is timed is a part."""
    with followed_by(notebook), pytest.raises(ZeroDivisionError), Trace().timed("store"), part("fetch"):
        raise ZeroDivisionError

    assert notebook.notes == ["+store", "+fetch", "-fetch", "-store"]


def test_nobody_follows_afterwards(notebook):
    """Outside the block nothing is told."""
    with followed_by(notebook):
        pass
    with part("store"):
        pass

    assert notebook.notes == []


async def test_a_task_is_followed_for_who_began_it(notebook):
    """Work in a task of its own belongs to who began it, whoever else waits for it."""

    async def work() -> None:
        with part("fetch"):
            await asyncio.sleep(0)

    with followed_by(notebook):
        task = asyncio.create_task(work())
    await task

    assert notebook.notes == ["+fetch", "-fetch"]


async def test_a_fresh_context_has_nothing_but_the_follower(notebook):
    """Work in it is followed, and knows nothing else of who began it."""
    client = ContextVar("client", default="nobody")
    client.set("somebody")

    async def work() -> str:
        with part("fetch"):
            return client.get()

    with followed_by(notebook):
        context = fresh_context()
    assert await asyncio.create_task(work(), context=context) == "nobody"
    assert notebook.notes == ["+fetch", "-fetch"]
    assert notebook.carried == [context]


def test_a_fresh_context_where_nobody_follows():
    """It is empty."""
    assert len(fresh_context()) == 0
