"""A writer of the filesystem store, step by step."""

import asyncio
import threading
from pathlib import Path

import pytest

from imgsvc.errors import StoreError
from imgsvc.store.draft import Draft
from imgsvc.store.file_writer import FileWriter
from imgsvc.store.integrity import Counters
from imgsvc.stream.base import FileRange
from tests.support.blobs import meta_of
from tests.unit.store.test_room import Place

DATA = b"x" * 3_000_000


class Slow(Draft):
    """A draft whose thread waits where the test says."""

    def __init__(self, draft: Draft) -> None:
        self.__dict__.update(draft.__dict__)
        self.reached, self.go_on = threading.Event(), threading.Event()

    def _copy(self, *arguments) -> int:
        self.reached.set()
        self.go_on.wait(60)
        return super()._copy(*arguments)


async def test_abort_waits_for_the_thread(tmp_path: Path):
    """An abort ends the thread at its next slice, waits for it, and then removes the file; nobody hears of it twice."""
    (tmp_path / "data").write_bytes(DATA)
    place, ended = Place(tmp_path / "store"), []
    draft = Slow(await asyncio.to_thread(place.folder.draft, "a"))
    writer = FileWriter(place.disk, place.room, draft, Counters(), place.errands, ended.append)
    with (tmp_path / "data").open("rb") as file:
        write = asyncio.create_task(writer.write(FileRange(file.fileno(), 0, len(DATA))))
        await asyncio.to_thread(draft.reached.wait)
    aborts = [asyncio.create_task(writer.abort()) for _ in range(2)]
    await asyncio.wait(aborts, timeout=0.05)
    assert not any(abort.done() for abort in aborts)
    draft.go_on.set()
    await asyncio.gather(*aborts)
    with pytest.raises(StoreError, match="aborted"):
        await write
    assert 0 < draft.size_bytes < len(DATA)
    assert list((tmp_path / "store" / ".tmp").iterdir()) == []
    assert ended == [writer]
    with pytest.raises(StoreError, match="no more"):
        await writer.commit(meta_of(DATA))
    await place.disk.aclose()


async def test_abort_while_a_commit_waits_for_room(tmp_path: Path):
    """A commit that waits for room when its writer is aborted fails as such, and leaves nothing."""
    (tmp_path / "data").write_bytes(DATA)
    place = Place(tmp_path / "store", room_for=1000)
    place.walks.go_on.clear()
    draft = await asyncio.to_thread(place.folder.draft, "a")
    writer = FileWriter(place.disk, place.room, draft, Counters(), place.errands, lambda _: None)
    with (tmp_path / "data").open("rb") as file:
        await writer.write(FileRange(file.fileno(), 0, len(DATA)))
    commit = asyncio.create_task(writer.commit(meta_of(DATA)))
    await asyncio.to_thread(place.walks.reached.wait)
    await writer.abort()
    place.walks.go_on.set()
    with pytest.raises(StoreError, match="aborted"):
        await commit
    assert [p for p in (tmp_path / "store").rglob("*") if p.is_file()] == []
    await place.errands.finished()
    await place.disk.aclose()
