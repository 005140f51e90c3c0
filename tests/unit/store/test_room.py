"""Who waits for room, and for how long; in a real folder, whose walks wait where the test says."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from imgsvc.errors import StoreError
from imgsvc.store.ceiling import BLOCK_BYTES, Tally
from imgsvc.store.disk import DiskThreads
from imgsvc.store.errands import Errands
from imgsvc.store.eviction import Eviction
from imgsvc.store.folder import Folder
from imgsvc.store.integrity import Counters
from imgsvc.store.room import RECOUNT_SECONDS, VAIN_SECONDS, Room
from tests.support.blobs import meta_of

DATA = b"x" * 6000
TAKEN_BYTES = 12_288
"""What is taken for an object of this size before it is written, and no less than it takes then."""


class Walks(Eviction):
    """Counts the walks through a folder, and has each wait."""

    def __init__(self, folder: Folder, tally: Tally) -> None:
        super().__init__(folder, tally)
        self.count = 0
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.walked, self.may_end = threading.Event(), threading.Event()
        self.go_on.set()
        self.may_end.set()

    def run(self, wanted_bytes: Callable[[], int]) -> int:
        self.count += 1
        self.reached.set()
        self.go_on.wait(60)
        freed_bytes = super().run(wanted_bytes)
        self.walked.set()
        self.may_end.wait(60)
        return freed_bytes


class Place:
    """A folder with room for so many objects, None for as many as the disk has, and a clock."""

    def __init__(self, root: Path, room_for: int | None = 2) -> None:
        self.now = 1000.0
        self.tally = Tally(room_for and room_for * TAKEN_BYTES)
        self.folder = Folder(root, self.tally)
        self.walks = Walks(self.folder, self.tally)
        self.errands = Errands()
        counters = Counters()
        self.disk = DiskThreads(counters, self.errands)
        self.room = Room(self.disk, self.walks, self.tally, self.errands, counters, lambda: self.now)

    def there_are(self, *keys: str) -> None:
        """Write past all limits, as another process does."""
        for key in keys:
            self.folder.write(key, DATA, meta_of(DATA), False, threading.Event())

    async def write(self, key: str, before: Callable[[], object] = lambda: None) -> None:
        def call() -> None:
            before()
            self.there_are(key)

        await asyncio.shield(await self.room.start(len(DATA), call))

    def taken_bytes(self) -> int:
        with self.folder._naming:
            return sum(seen.size_bytes for seen in self.folder.survey())

    async def stored(self) -> set[str]:
        return await asyncio.to_thread(lambda: set(self.folder.walk("")))


@pytest.fixture
async def places(tmp_path: Path) -> AsyncIterator[Callable[..., Place]]:
    made: list[Place] = []

    def make(room_for: int | None = 2) -> Place:
        made.append(Place(tmp_path / "store", room_for))
        return made[-1]

    yield make
    for place in made:
        await place.errands.finished()
        await place.disk.aclose()
        await asyncio.sleep(0)
        assert (place.tally.reserved_bytes, place.room._wanted_bytes) == (0, 0)


async def slow_writes(
    place: Place, go_on: threading.Event, keys: Sequence[str] = ("slow/a", "slow/b")
) -> list[asyncio.Task[None]]:
    """Begin writes that have all the room there is until they are told to go on."""
    started = threading.Semaphore(0)

    def wait() -> None:
        started.release()
        go_on.wait(60)

    tasks = [asyncio.create_task(place.write(key, wait)) for key in keys]
    for _ in tasks:
        await asyncio.to_thread(started.acquire)
    return tasks


async def until_walked(place: Place, count: int, task: asyncio.Task[None]) -> None:
    """Wait until so many walks have ended, which *task* waits for and goes on to wait."""
    while place.walks.count < count or not place.room._round.done():
        await asyncio.wait((task,), timeout=0.01)
    await asyncio.wait((task,), timeout=0.01)


async def test_first_write_waits_for_the_count(places):
    """The first writes wait until what is there was counted, once for all of them."""
    place = places(room_for=100)
    place.walks.go_on.clear()
    place.room.begin()
    place.room.begin()
    writes = [asyncio.create_task(place.write(f"k/{n}")) for n in range(5)]
    await asyncio.to_thread(place.walks.reached.wait)
    assert not any(write.done() for write in writes)
    place.walks.go_on.set()
    await asyncio.gather(*writes)
    assert place.walks.count == 1
    assert len(await place.stored()) == place.tally.entries == 5


async def test_larger_than_the_ceiling(places):
    """What can never fit is refused, and nothing is deleted for it."""
    place = places(room_for=3)
    await asyncio.to_thread(place.there_are, "a", "b")
    with pytest.raises(StoreError, match="larger than all"):
        await place.room.start(4 * TAKEN_BYTES, pytest.fail)
    assert await place.stored() == {"a", "b"}


async def test_a_disk_that_was_full_at_first(places, monkeypatch):
    """What was larger than all that fitted is written once a later count finds more free; until then nothing walks."""
    place = places(room_for=None)
    monkeypatch.setattr("imgsvc.store.folder.space_of", lambda _: ((place.now > 1000) * 10 * TAKEN_BYTES, BLOCK_BYTES))
    for _ in range(2):
        with pytest.raises(StoreError, match="or by what is free"):
            await place.write("new")
    place.now += RECOUNT_SECONDS
    await place.write("new")
    assert (place.walks.count, await place.stored()) == (2, {"new"})


async def test_room_is_made(places):
    """A write that does not fit waits until something was deleted for it."""
    place = places()
    await asyncio.to_thread(place.there_are, "a", "b", "c")
    await place.write("new")
    assert "new" in await place.stored()
    assert place.tally.used_bytes <= 2 * TAKEN_BYTES


async def test_many_at_once(places):
    """Any number of writes at once all get their turn, and never too many of them."""
    place, taken = places(), []
    await asyncio.gather(*(place.write(f"k/{n}", lambda: taken.append(place.taken_bytes())) for n in range(50)))
    assert len(taken) == 50
    assert max(taken) <= 2 * TAKEN_BYTES


async def test_nothing_can_be_deleted(places):
    """A full folder with nothing to delete is a failure, and is not walked again for a while."""
    place = places()
    await asyncio.to_thread(place.there_are, "purge/a", "purge/b", "purge/c")
    for _ in range(5):
        with pytest.raises(StoreError, match="full"):
            await place.write("new")
    walks = place.walks.count
    assert walks <= 2
    place.now += VAIN_SECONDS
    await asyncio.to_thread(place.folder.delete, "purge/a")
    await asyncio.to_thread(place.folder.delete, "purge/b")
    await place.write("new")
    assert "new" in await place.stored()


async def test_waits_for_other_writes(places):
    """Room that other writes have taken is waited for: they may need less, or fail."""
    place, go_on = places(), threading.Event()
    slow = await slow_writes(place, go_on)
    third = asyncio.create_task(place.write("new"))
    await until_walked(place, 2, third)
    assert not third.done()
    go_on.set()
    await asyncio.gather(third, *slow)
    assert "new" in await place.stored()


async def test_others_end_behind_the_back_of_a_walk(places):
    """What other writes have left where a walk had been already is deleted by the next; the store is not full."""
    place, go_on = places(), threading.Event()
    slow = await slow_writes(place, go_on)
    await place.room._round
    place.now += VAIN_SECONDS
    place.walks.walked.clear()
    place.walks.may_end.clear()
    third = asyncio.create_task(place.write("new"))
    await asyncio.to_thread(place.walks.walked.wait)
    go_on.set()
    await asyncio.gather(*slow)
    place.walks.may_end.set()
    await third
    assert "new" in await place.stored()


async def test_a_walk_after_one_in_vain(places):
    """While the folder is walked again after a walk in vain, the store is not full to anybody: they wait for it."""
    place, go_on = places(room_for=1), threading.Event()
    slow = await slow_writes(place, go_on, ["slow"])
    second = asyncio.create_task(place.write("second"))
    await until_walked(place, 2, second)
    place.walks.go_on.clear()
    place.walks.reached.clear()
    go_on.set()
    await asyncio.gather(*slow)
    await asyncio.to_thread(place.walks.reached.wait)
    third = asyncio.create_task(place.write("third"))
    await asyncio.wait((third,), timeout=0.01)
    place.walks.go_on.set()
    await asyncio.gather(second, third)
    assert len(await place.stored()) == 1


async def test_cancelled_while_waiting(places):
    """Who is cancelled while waiting takes no room, and nobody waits for it any more."""
    place, go_on = places(), threading.Event()
    slow = await slow_writes(place, go_on)
    third = asyncio.create_task(place.write("new"))
    await until_walked(place, 2, third)
    third.cancel()
    await asyncio.wait((third,))
    assert place.room._wanted_bytes == 0
    go_on.set()
    await asyncio.gather(*slow)
    assert "new" not in await place.stored()


async def test_cancelled_while_writing(places):
    """The room of a write that was cancelled stays taken until its thread has ended."""
    place, go_on = places(), threading.Event()
    tasks = await slow_writes(place, go_on)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert place.tally.reserved_bytes == 2 * TAKEN_BYTES
    go_on.set()


async def test_counted_anew(places):
    """A write long after the last count has it done again, behind its back; one soon after has not."""
    place = places(room_for=100)
    for seconds, count in ((0, 1), (RECOUNT_SECONDS - 1, 1), (1, 2)):
        place.now += seconds
        await place.write(f"k/{seconds}")
        await place.errands.finished()
        assert place.walks.count == count


async def test_room_before_it_is_needed(places):
    """Above the high mark room is made behind the write that came there."""
    place = places(room_for=20)
    for number in range(30):
        await place.write(f"k/{number:02}")
        await place.errands.finished()
    assert 0 < place.tally.evictions < 20
    assert place.tally.used_bytes <= 0.95 * 20 * TAKEN_BYTES


async def test_closed(places):
    """A closed store's room is refused, and none stays taken."""
    place = places()
    await place.write("a")
    place.disk.close()
    with pytest.raises(StoreError, match="closed"):
        await place.write("b")


async def test_closed_while_waiting(places):
    """A write that waits while the store is closed fails and gives its room back."""
    place = places()
    place.walks.go_on.clear()
    write = asyncio.create_task(place.write("a"))
    await asyncio.to_thread(place.walks.reached.wait)
    place.disk.close()
    place.room.close()
    place.walks.go_on.set()
    with pytest.raises(StoreError, match="closed"):
        await write
    assert await place.stored() == set()
