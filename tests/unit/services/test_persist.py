"""The persister, before a real filesystem store that can be made to fail and to wait."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from imgsvc.errors import StoreError
from imgsvc.pressure.transfers import TransferLedger
from imgsvc.services.persist import ATTEMPTS, Persister
from imgsvc.settings import StoreSettings
from imgsvc.store.filesystem import FilesystemStore
from tests.support.blobs import meta_of


class Doubtful(FilesystemStore):
    """The filesystem store on a disk that fails as often as it is told to, and waits at a gate."""

    def __init__(self, settings: StoreSettings) -> None:
        super().__init__(settings)
        self.failures = 0
        self.attempts = 0
        self.fault: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def put(self, key, data, meta, *, if_absent=False) -> bool:
        self.attempts += 1
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        if self.failures:
            self.failures -= 1
            raise StoreError("the disk is full")
        return await super().put(key, data, meta, if_absent=if_absent)


class Told:
    """Remembers what the persister reported."""

    def __init__(self) -> None:
        self.stored: list[tuple[str, str]] = []
        self.lost: list[str] = []
        self.pauses: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[Doubtful]:
    store = Doubtful(StoreSettings(directory=tmp_path))
    yield store
    await store.aclose()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def persister(store, told) -> AsyncIterator[Persister]:
    persister = Persister(
        store,
        TransferLedger(100),
        on_stored=lambda key, sha: told.stored.append((key, sha)),
        pause=told.pause,
    )
    persister.on_lost = told.lost.append
    persister.start()
    yield persister
    store.gate.set()
    await persister.aclose(5)


async def idle(persister: Persister) -> None:
    async with asyncio.timeout(60):
        while persister.statistics().waiting:
            await asyncio.sleep(0)


async def test_writes_behind_and_reports(persister, store, told):
    """What is put is written, reported with its digest, and no longer pending."""
    meta = meta_of(b"one")

    persister.put("a/b", b"one", meta)
    await idle(persister)

    assert (await store.get("a/b")).data == b"one"
    assert told.stored == [("a/b", meta.sha256)]
    assert persister.pending("a/b") is None


async def test_what_waits_can_be_read(persister, store):
    """A write that has not ended yet is already readable."""
    store.gate.clear()

    persister.put("a/b", b"one", meta_of(b"one"))

    assert persister.pending("a/b").data == b"one"


async def test_beyond_the_capacity_writes_are_dropped_and_counted(persister, store):
    """A store that hangs costs bounded memory."""
    store.gate.clear()

    taken = [persister.put(f"k/{n}", b"x" * 40, meta_of(b"x" * 40)) for n in range(4)]

    assert taken == [True, True, False, False]
    assert persister.statistics().waiting_bytes == 80
    assert persister.statistics().dropped == 2


async def test_room_comes_back_when_written(persister, store):
    """After the writes the whole capacity is free again."""
    for n in range(10):
        persister.put(f"k/{n}", b"x" * 90, meta_of(b"x" * 90))
        await idle(persister)

    assert persister.statistics().written == 10
    assert persister.statistics().waiting_bytes == 0


async def test_the_newest_value_of_a_key_wins(persister, store):
    """A value put while an older one is being written is written after it."""
    store.gate.clear()
    persister.put("a/b", b"old", meta_of(b"old"))
    async with asyncio.timeout(60):
        while not store.attempts:
            await asyncio.sleep(0)

    persister.put("a/b", b"new", meta_of(b"new"))
    store.gate.set()
    await idle(persister)

    assert (await store.get("a/b")).data == b"new"


async def test_a_failing_store_is_tried_again_with_growing_pauses(persister, store, told):
    """Two failures cost two pauses, each about twice the last, and nothing else."""
    store.failures = 2

    persister.put("a/b", b"one", meta_of(b"one"))
    await idle(persister)

    assert told.stored
    assert len(told.pauses) == 2
    assert 0.1 <= told.pauses[0] <= 0.3
    assert 0.2 <= told.pauses[1] <= 0.6
    assert persister.last_error is None


async def test_a_store_that_goes_on_failing_costs_the_object(persister, store, told):
    """After the last attempt the object is given up, its bytes are free, and the reason can be shown."""
    store.failures = ATTEMPTS

    persister.put("a/b", b"one", meta_of(b"one"))
    await idle(persister)

    assert told.stored == []
    assert persister.statistics().failed == 1
    assert persister.statistics().waiting_bytes == 0
    assert persister.last_error == "the disk is full"


async def test_a_lost_race_is_reported(persister, store, told):
    """With if_absent, an object that is there already stands, and its key is reported as lost."""
    await store.put("a/b", b"first", meta_of(b"first"))

    persister.put("a/b", b"second", meta_of(b"second"), if_absent=True)
    await idle(persister)

    assert told.lost == ["a/b"]
    assert (await store.get("a/b")).data == b"first"


async def test_discard_forgets_what_waits_and_awaits_what_is_written(persister, store):
    """After a discard nothing of the prefix will be written any more; others are not touched."""
    store.gate.clear()
    for n in range(8):
        persister.put(f"gone/{n}", b"1", meta_of(b"1"))
    persister.put("kept/1", b"1", meta_of(b"1"))
    async with asyncio.timeout(60):
        while store.attempts < 4:
            await asyncio.sleep(0)

    discarding = asyncio.create_task(persister.discard("gone/"))
    await asyncio.sleep(0)
    assert not discarding.done()
    store.gate.set()
    await discarding
    written = sorted([key async for key in store.list("gone/")])
    await idle(persister)

    assert sorted([key async for key in store.list("gone/")]) == written
    assert [key async for key in store.list("kept/")] == ["kept/1"]


async def test_the_end_waits_for_writes(store, told):
    """Closing writes what waits."""
    persister = Persister(store, TransferLedger(100), on_stored=lambda *_: None)
    persister.start()
    persister.put("a/b", b"one", meta_of(b"one"))

    await persister.aclose(5)

    assert (await store.get("a/b")).data == b"one"


async def test_the_end_does_not_wait_for_ever(store, told, caplog):
    """A store that hangs delays the end by the time-out only, and the loss is logged."""
    persister = Persister(store, TransferLedger(100), on_stored=lambda *_: None)
    persister.start()
    store.gate.clear()
    persister.put("a/b", b"one", meta_of(b"one"))

    await persister.aclose(0.01)

    assert "1 objects were not stored" in caplog.text


async def test_an_unforeseen_fault_costs_one_object(persister, store, caplog):
    """Whatever a backend raises, the writer goes on with the next."""
    store.fault = KeyError("ContentType")
    persister.put("a/b", b"one", meta_of(b"one"))
    await idle(persister)
    store.fault = None
    persister.put("c/d", b"two", meta_of(b"two"))
    await idle(persister)

    assert persister.statistics().failed == 1
    assert (await store.get("c/d")).data == b"two"
    assert "writing a/b failed" in caplog.text
