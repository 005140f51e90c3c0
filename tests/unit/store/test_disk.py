"""The threads of the filesystem store."""

import asyncio
import threading

import pytest

from imgsvc.errors import StoreError
from imgsvc.store.disk import DiskThreads
from imgsvc.store.errands import Errands
from imgsvc.store.integrity import Counters


async def test_failures_are_named():
    """What the system refuses is a StoreError without a path, and counted."""
    counters = Counters()
    disk = DiskThreads(counters, Errands())
    with pytest.raises(StoreError, match="No such file or directory") as caught:
        await disk.run(open, "/none/at/all")
    assert "/none" not in caught.value.detail
    with pytest.raises(StoreError, match="TimeoutError"):
        await disk.run(_raise_without_number)
    assert counters.failures == 2
    await disk.aclose()


def _raise_without_number() -> None:
    raise TimeoutError


async def test_closed():
    """Closed threads begin nothing."""
    disk = DiskThreads(Counters(), Errands())
    await disk.aclose()
    with pytest.raises(StoreError, match="closed"):
        await disk.run(len, "")
    with pytest.raises(StoreError, match="closed"):
        disk.check_open()


@pytest.mark.parametrize("fails", [False, True])
async def test_result_that_nobody_waits_for(fails: bool):
    """What was opened for a caller who has left is given back, also when the threads are closed meanwhile."""
    errands, begun, go_on, undone = Errands(), threading.Event(), threading.Event(), []
    disk = DiskThreads(Counters(), errands)

    def call() -> str:
        begun.set()
        go_on.wait(60)
        if fails:
            raise OSError
        return "result"

    opening = asyncio.create_task(disk.open(call, undone.append))
    await asyncio.to_thread(begun.wait)
    opening.cancel()
    await asyncio.wait((opening,))
    disk.close()
    go_on.set()
    await errands.finished()
    await disk.aclose()
    assert opening.cancelled()
    assert undone == ([] if fails else ["result"])
