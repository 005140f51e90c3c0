"""The purge service: what becomes of memory, here and at a second replica, and of the store."""

import asyncio

import pytest
from msgspec.structs import replace

from imgsvc.model.blob import Blob
from imgsvc.model.purge import Instructions, Mark
from imgsvc.model.source import Source
from tests.support.marks import doing, replicas
from tests.support.spine import until
from tests.support.spine_parts import START

HERE = Source("https://a.test/x/here.png")
THERE = Source("https://b.a.test/there.png")
STORED = Source.stored("images/logos/a.png")
OF_HERE = {
    "urls": {"urls": (HERE,)},
    "prefix": {"prefixes": ("https://a.test/x/",)},
    "domain": {"domains": ("a.test",)},
    "tag": {"tags": ("red",)},
    "host as tag": {"tags": ("a.test",)},
    "digest as tag": {"tags": (f"url:{HERE.h16}",)},
}


@pytest.fixture
async def pair(tmp_path):
    async with replicas(tmp_path) as pair:
        yield pair


def since(blob: Blob, time: float) -> Blob:
    return replace(blob, meta=blob.meta.refreshed(blob.meta.fetched_at, time))


@pytest.mark.parametrize("named", OF_HERE.values(), ids=OF_HERE)
async def test_soft(pair, named):
    """What was fetched before is stale from then on, in place; what was not, or is another's, is as it was."""
    for each in pair:
        old, new = each.keep(HERE, words="red"), each.keep(HERE, "new.png", words="red", age_seconds=0)
        others = [each.keep(THERE), each.keep(STORED)]
        weight_bytes = each.memory.statistics().bytes
        if each is pair[0]:
            assert await each.purges.purge(Instructions(**named)) == 1
        else:
            await each.marks.reload()

        assert each.kept(old) == since(old, START)
        assert each.kept(old).data is old.data
        assert each.kept(new) is new
        assert [each.kept(blob) for blob in others] == others
        assert each.purges.statistics().made_stale == 1
        assert each.memory.statistics().bytes == weight_bytes


@pytest.mark.parametrize("named", OF_HERE.values(), ids=OF_HERE)
async def test_hard(pair, named):
    """What was fetched before is gone from memory everywhere."""
    for each in pair:
        old, new = each.keep(HERE, words="red"), each.keep(THERE)
        if each is pair[0]:
            assert await each.purges.purge(Instructions(**named, hard=True)) == 1
        else:
            await each.marks.reload()

        assert each.kept(old) is None
        assert each.kept(new) is new
        assert each.memory.statistics().evictions["purged"] == 1


async def test_what_is_stale_already_stays_as_stale_as_it_is(pair):
    """A purge never makes anything fresher, nor stale since later than it is."""
    one, _ = pair
    blob = one.keep(HERE, age_seconds=600)  # fresh for 500
    await one.purges.purge(Instructions(domains=("a.test",)))

    assert one.kept(blob) is blob
    assert one.purges.statistics().made_stale == 0


async def test_a_second_purge_at_the_same_moment_counts(pair):
    """What came into memory between two purges that the clock cannot tell apart is judged by the second."""
    one, _ = pair
    await one.purges.purge(Instructions(domains=("a.test",)))
    blob = one.keep(HERE)
    await one.purges.purge(Instructions(domains=("a.test",)))

    assert one.kept(blob) == since(blob, START)


async def test_a_large_memory_is_purged_in_turns(pair):
    """While thousands of entries are changed others have their turns, and may drop some of them."""
    one, _ = pair
    blobs = [one.keep(HERE, f"{n}.png") for n in range(1000)]
    purging = asyncio.create_task(one.purges.purge(Instructions(domains=("a.test",))))
    await until(lambda: one.purges.statistics().made_stale)
    assert one.purges.statistics().made_stale < 1000
    one.memory.discard(blobs[-1].key, "pressure")
    assert await purging == 1

    assert all(one.kept(blob) == since(blob, START) for blob in blobs[:-1])
    assert one.kept(blobs[-1]) is None


async def test_instructions_are_counted_once(pair):
    """Each thing counts once, of whatever kind; nobody is asked to wait for the store's sweep."""
    one, _ = pair
    everything = Instructions(
        urls=(HERE, THERE, HERE),
        prefixes=("https://a.test/",),
        domains=("a.test", "*.a.test"),
        tags=("a.test",),
        hard=True,
    )

    assert await one.purges.purge(everything) == 6
    assert one.purges.statistics().accepted == 6
    assert one.purges.statistics().unswept == 4
    assert [mark.swept for mark in one.marks._index if mark.kind == "url"] == [True, True]


async def test_words_that_another_replica_was_given(pair):
    """An entry whose own words are not all of its source's is judged by those in the store."""
    one, _ = pair
    blobs = [one.keep(Source(f"https://a.test/{n}.png"), words="other") for n in range(30)]
    new = one.keep(Source("https://a.test/new.png"), age_seconds=0)
    one.words = {blob.source.url: "other red" for blob in blobs[::3]} | {new.source.url: "red"}
    async with doing(one.purges.run()):
        await one.purges.purge(Instructions(tags=("red",), hard=True))
        await until(lambda: one.purges.statistics().dropped == 10)

    assert [one.kept(blob) for blob in blobs[::3]] == [None] * 10
    assert all(one.kept(blob) for blob in (*blobs[1::3], *blobs[2::3], new))
    assert one.purges.statistics().looked_up == 30


async def test_a_look_up_that_fails(pair, caplog):
    """A source whose words cannot be read keeps what its own say; the others are judged, and the next purge too."""
    one, _ = pair
    broken = one.keep(HERE)
    one.words = {HERE.url: RuntimeError("a fault"), THERE.url: "red blue"}
    async with doing(one.purges.run()):
        for word in ("red", "blue"):
            one.clock.forward(1)
            other = one.keep(THERE)
            await one.purges.purge(Instructions(tags=(word,)))
            await until(lambda: one.kept(other).meta.fresh_until == one.clock.now)  # noqa: B023 - waited for in the loop

    assert one.kept(broken) is broken
    assert "the words of a source were not read" in caplog.text


async def test_only_words_are_looked_up(pair):
    """A purge that names no word costs no look into the store, and so does one with nothing older in memory."""
    one, _ = pair
    one.keep(HERE, age_seconds=0)
    async with doing(one.purges.run()):
        await one.purges.purge(Instructions(tags=("red",)))
        await until(lambda: not one.purges._look_up_wanted.is_set())
        one.keep(HERE)
        await one.purges.purge(Instructions(urls=(THERE,), domains=("b.test",)))
        await asyncio.sleep(0)

    assert one.purges.statistics().looked_up == 0


async def test_marks_are_told_to_who_remembers_records(pair):
    """Each mark once, one's own and others'."""
    one, other = pair
    await one.purges.purge(Instructions(domains=("a.test",), tags=("red",)))
    await other.marks.reload()
    await other.marks.reload()

    marks = [Mark("domain", "a.test", hard=False, time=START), Mark("tag", "red", hard=False, time=START)]
    assert one.forgotten == marks
    assert sorted(other.forgotten, key=lambda mark: mark.kind) == marks
