"""Marks shared by replicas over one store: learnt, replaced, merged and dropped; never forgotten while they count."""

import asyncio

import pytest
from msgspec.structs import replace

from imgsvc.errors import StoreError
from imgsvc.model.freshness import STALE_IF_ERROR_SECONDS
from imgsvc.model.purge import Mark
from imgsvc.model.source import Source
from imgsvc.services.mark_index import Verdict
from imgsvc.services.marks import AHEAD_SECONDS, LIVE_POLLS, POLL_SECONDS, SWEPT_SECONDS
from tests.support.blobs import meta_of
from tests.support.marks import MAX_TTL_SECONDS, doing, replica, replicas
from tests.support.spine import until
from tests.support.spine_parts import START, Clock

HERE = Source("https://a.test/x/here.png")
GONE, SOFT = Verdict(is_gone=True), Verdict(stale_since=START)


def mark(kind="domain", value="a.test", *, hard=False, time=START, swept=False) -> Mark:
    return Mark(kind, value, hard, time, swept)


@pytest.fixture
async def pair(tmp_path):
    async with replicas(tmp_path) as pair:
        yield pair


async def test_a_mark_counts_here_at_once_and_elsewhere_after_a_look(pair):
    """The other replica knows nothing until it looks into the store; then both judge alike."""
    one, other = pair
    await one.marks.add([mark(), mark("tag", "red", hard=True)])

    assert one.marks.verdict(HERE, "", START - 1) == SOFT
    assert one.marks.verdict(HERE, "red", START - 1) == GONE
    assert one.marks.verdict(HERE, "red", START) == Verdict()
    assert other.marks.verdict(HERE, "", START - 1) == Verdict()
    await other.marks.reload()

    assert other.marks.verdict(HERE, "", START - 1) == SOFT
    assert other.marks.latest(HERE, "") == other.marks.newest == START
    assert (one.marks.epoch, other.marks.epoch) == (1, 1)
    assert other.marks.has_tags_since(START - 1)
    assert not other.marks.has_tags_since(START)


async def test_who_starts_later_knows_all_of_it(tmp_path):
    """Marks outlive the process that made them."""
    clock = Clock(START)
    async with replica(tmp_path, clock) as one:
        await one.marks.add([mark()])
    async with replica(tmp_path, clock) as other:
        await other.marks.catch_up()

        assert other.marks.verdict(HERE, "", START - 1) == SOFT


async def test_what_is_known_is_not_read_again(pair):
    """A look costs one listing, and one read for each mark that is new."""
    one, other = pair
    await one.marks.add([mark("tag", f"t{n}") for n in range(20)])
    await other.marks.reload()
    other.store.asked.clear()

    await other.marks.reload()
    await one.marks.reload()

    assert other.store.asked == [("list", "purge/")]
    assert one.store.reads(".json") == 0


async def test_a_repeated_purge_replaces_its_mark(pair):
    """Of one name there is one object in the end, the latest; other replicas are told of it again."""
    one, other = pair
    told = []

    async def tell(marks):
        told.extend(marks)

    other.marks.on_marks = tell
    await one.marks.add([mark(), mark(hard=True)])
    await other.marks.reload()
    one.clock.forward(5)
    await one.marks.add([mark(time=START + 5)])
    await one.marks.reload()
    await other.marks.reload()

    assert await one.mark_keys() == sorted([mark(time=START + 5).key, mark(hard=True).key])
    assert set(told) == {mark(), mark(hard=True), mark(time=START + 5)}
    assert len(told) == 3
    assert other.marks.statistics().marks == 2
    assert other.marks.verdict(HERE, "", START + 4) == Verdict(stale_since=START + 5)


async def test_a_later_mark_does_not_cost_the_earlier_before_it_is_written(pair):
    """While the store takes nothing the old mark stays in it; when it does again the new one comes in its place."""
    one, _ = pair
    await one.marks.add([mark()])
    one.store.failing = {"put"}
    with pytest.raises(StoreError):
        await one.marks.add([mark(time=START + 5)])
    with pytest.raises(StoreError):
        await one.marks.reload()

    assert await one.mark_keys() == [mark().key]
    assert one.marks.newest == START + 5
    assert one.marks.statistics().unwritten == 1
    one.store.failing = set()
    await one.marks.catch_up()
    assert await one.mark_keys() == [mark(time=START + 5).key]
    assert one.marks.statistics().unwritten == 0


async def test_a_failing_store_is_told_of_once(pair, caplog):
    """Looks that fail keep what is known, are counted, and are logged when they begin to fail."""
    one, other = pair
    await one.marks.add([mark()])
    await other.marks.reload()
    other.store.failing = {"list"}
    for _ in range(3):
        await other.marks.catch_up()

    assert other.marks.verdict(HERE, "", START - 1) == SOFT
    assert other.marks.statistics().failed == 3
    assert caplog.text.count("the disk is gone") == 1


async def test_a_look_that_fails_in_the_middle_is_made_again(pair):
    """Of marks that were listed and not read none is taken for known."""
    one, other = pair
    await one.marks.add([mark(), mark("tag", "red")])
    other.store.failing = {"get"}
    with pytest.raises(StoreError):
        await other.marks.reload()
    other.store.failing = set()
    await other.marks.reload()

    assert other.marks.statistics().marks == 2


async def test_strange_objects_are_passed_over(pair, caplog):
    """What is no mark is named in the log once, left alone, and never read again."""
    one, _ = pair
    await one.store.put("purge/strange.json", b"{}", meta_of(b"{}"))
    for _ in range(2):
        await one.marks.reload()

    assert caplog.text.count("purge/strange.json") == 1
    assert one.store.reads("strange.json") == 1
    assert await one.mark_keys() == ["purge/strange.json"]
    assert one.marks.statistics().marks == 0


async def test_a_mark_of_the_future_ends(tmp_path):
    """A replica whose clock is far ahead purges for a minute, not for a year; later starts do not begin that anew."""
    clock = Clock(START)
    ahead = mark(hard=True, time=START + 1e6)
    async with replica(tmp_path, Clock(START + 1e6)) as wrong:
        await wrong.marks.add([ahead])
    async with replica(tmp_path, clock) as one:
        await one.marks.reload()
        assert one.marks.newest == START + AHEAD_SECONDS
        assert await one.mark_keys() == [replace(ahead, time=START + AHEAD_SECONDS).key]
    clock.forward(2 * AHEAD_SECONDS)
    async with replica(tmp_path, clock) as later:
        await later.marks.reload()
        assert later.marks.newest == START + AHEAD_SECONDS


async def test_old_marks_are_dropped(pair):
    """When nothing that a mark hits can be served any more it goes, from the store too; the other replica follows."""
    one, other = pair
    await one.marks.add([mark(), mark("tag", "red", time=START + 10)])
    await other.marks.reload()
    one.clock.forward(MAX_TTL_SECONDS + STALE_IF_ERROR_SECONDS + 5)
    await one.marks.reload()
    await other.marks.reload()

    assert await one.mark_keys() == [mark("tag", "red", time=START + 10).key]
    for each in pair:
        assert each.marks.statistics().marks == 1
        assert each.marks.statistics().dropped == 1


async def test_swept_marks_are_dropped_after_an_hour(pair):
    """A mark that has nothing left to hit stays an hour for late writers, everywhere, and is not news twice."""
    one, other = pair
    hard = mark(hard=True)
    await one.marks.add([hard])
    await other.marks.reload()
    assert other.marks.unswept() == [hard]

    await one.marks.note_swept([hard])
    await one.marks.reload()
    await other.marks.reload()
    assert other.marks.unswept() == []
    assert other.marks.statistics().learnt == other.marks.epoch == 1
    assert await one.mark_keys() == [replace(hard, swept=True).key]

    one.clock.forward(SWEPT_SECONDS + 1)
    await other.marks.reload()
    assert other.marks.newest == 0
    assert await one.mark_keys() == []


async def test_what_is_removed_from_the_store_is_forgotten(pair):
    """An operator who deletes a mark ends it; one that could not be written yet is not missed."""
    one, _ = pair
    await one.marks.add([mark()])
    one.store.failing = {"put"}
    with pytest.raises(StoreError):
        await one.marks.add([mark("tag", "red")])
    await one.store.delete(mark().key)
    with pytest.raises(StoreError):
        await one.marks.reload()

    assert one.marks.verdict(HERE, "", START - 1) == Verdict()
    assert one.marks.verdict(HERE, "red", START - 1) == SOFT


async def test_too_many_marks_are_merged(tmp_path):
    """The oldest soft ones become one that hits all they did, and more; memory and store are bounded."""
    async with replica(tmp_path, Clock(START + 100), max_marks=50) as one:
        await one.marks.add([mark("tag", f"hard{n}", hard=True, time=START + n) for n in range(10)])
        for n in range(100):
            await one.marks.add([mark("tag", f"t{n}", time=START + n)])
        await one.marks.reload()

        assert one.marks.statistics().marks <= 50
        assert len(await one.mark_keys()) == one.marks.statistics().marks
        for n in range(100):
            assert one.marks.verdict(HERE, f"t{n}", START + n - 1).stale_since is not None
        for n in range(10):
            assert one.marks.verdict(HERE, f"hard{n}", START + n - 1) == GONE
        assert one.marks.verdict(HERE, "other", START - 1).stale_since is not None
        assert one.marks.verdict(HERE, "other", START + 99) == Verdict()


async def test_too_many_hard_marks(tmp_path):
    """Those that have done their work go first; only when there are none left more becomes gone than was asked for."""
    async with replica(tmp_path, Clock(START), max_marks=20) as one:
        await one.marks.add([mark("tag", f"s{n}", hard=True, time=START + n, swept=True) for n in range(100)])
        assert one.marks.verdict(HERE, "other", START - 1) == Verdict()

        await one.marks.add([mark("tag", f"u{n}", hard=True, time=START + n) for n in range(20)])
        assert one.marks.verdict(HERE, "other", START - 1) == Verdict()
        assert one.marks.unswept() == [mark("tag", f"u{n}", hard=True, time=START + n) for n in range(20)]

        await one.marks.add([mark("tag", "last", hard=True, time=START + 99)])
        assert one.marks.verdict(HERE, "other", START - 1) == GONE
        assert one.marks.verdict(HERE, "u19", START + 18) == GONE
        assert one.marks.statistics().marks <= 20


async def test_polling(tmp_path):
    """Where nothing can be announced the store is looked into again and again."""
    async with replicas(tmp_path) as (one, other), doing(other.marks.watch()):
        await one.marks.add([mark()])
        await until(lambda: other.marks.newest)
        await one.marks.add([mark("tag", "red", hard=True)])
        await until(lambda: other.marks.epoch)


async def test_a_store_that_comes_back_is_seen(tmp_path):
    """Looking goes on while the store fails."""
    async with replicas(tmp_path) as (one, other):
        other.store.failing = {"list"}
        async with doing(other.marks.watch()):
            await one.marks.add([mark()])
            await until(lambda: other.marks.statistics().failed > 1)
            other.store.failing = set()
            await until(lambda: other.marks.newest)


async def test_a_client_that_leaves_loses_no_mark(tmp_path):
    """A purge that is given up while it is written counts, and is written later."""
    async with replica(tmp_path, Clock(START)) as one:
        gate = one.store.gates["put"] = asyncio.Event()
        asking = asyncio.create_task(one.marks.add([mark("tag", f"t{n}") for n in range(20)]))
        await until(lambda: one.store.asked)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        gate.set()
        await one.marks.reload()

        assert len(await one.mark_keys()) == one.marks.statistics().marks == 20


def test_constants_fit():
    """Even while all is heard the store is looked into at least once a minute."""
    assert LIVE_POLLS * POLL_SECONDS <= 60
