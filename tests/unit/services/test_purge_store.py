"""The purge service: what becomes of the store, at once and behind."""

import asyncio
import json

import pytest

from imgsvc.errors import StoreError
from imgsvc.model.keys import original_key, source_prefix
from imgsvc.model.purge import Instructions
from imgsvc.model.source import Source
from imgsvc.services.mark_index import Verdict
from tests.support.blobs import meta_of
from tests.support.marks import Replica, doing, replicas
from tests.support.spine import until
from tests.support.spine_parts import START

HERE = Source("https://a.test/x/here.png")
THERE = Source("https://b.a.test/there.png")


@pytest.fixture
async def pair(tmp_path):
    async with replicas(tmp_path) as pair:
        yield pair


async def stored(
    replica: Replica, source: Source, *names: str, age_seconds: int = 10, more: dict | None = None
) -> None:
    """Put objects of a source into the store, fetched some time ago; ``source.json`` is its record."""
    fetched_at = int(replica.clock.now) - age_seconds
    for name in names:
        record = json.dumps({"url": source.url, "fetched_at": fetched_at})
        data = (record if name == "source.json" else name).encode()
        await replica.store.put(f"{source_prefix(source)}{name}", data, meta_of(data, fetched_at=fetched_at))


async def left(replica: Replica) -> list[str]:
    return sorted([key async for key in replica.store.list("images/")])


async def test_a_hard_url_is_deleted_at_once(pair):
    """Its objects are gone when the answer comes, by URL or by the route for one source, which says how many."""
    one, other = pair
    await stored(one, HERE, "original", "source.json", "a.png")
    await stored(one, THERE, "original")
    blob = other.keep(HERE)

    assert await one.purges.remove(HERE) == 3
    await one.purges.purge(Instructions(urls=(THERE,), hard=True))
    await other.marks.reload()

    assert await left(one) == []
    assert other.kept(blob) is None
    assert one.purges.statistics().deleted == 4
    assert one.marks.unswept() == []


async def test_a_removal_that_fails_says_so(pair):
    """The error goes to who asked; the source is gone all the same, and is deleted behind once the store works."""
    one, _ = pair
    await stored(one, HERE, "original")
    one.store.failing = {"delete"}
    with pytest.raises(StoreError):
        await one.purges.purge(Instructions(urls=(THERE, HERE), hard=True))

    assert one.marks.verdict(HERE, "", START - 1) == Verdict(is_gone=True)
    assert [mark.value for mark in one.marks.unswept()] == [HERE.url]
    one.store.failing = set()
    async with doing(one.purges.run()):
        await until(lambda: one.purges.statistics().sweeps)
    assert await left(one) == []
    assert one.marks.unswept() == []


async def test_a_store_that_does_not_take_the_mark(pair):
    """The error goes to who asked; in this process the purge counts."""
    one, _ = pair
    blob = one.keep(HERE)
    one.store.failing = {"put"}
    with pytest.raises(StoreError):
        await one.purges.purge(Instructions(domains=("a.test",), hard=True))

    assert one.kept(blob) is None
    assert one.purges.statistics().unswept == 1


async def test_a_hard_purge_sweeps_the_store(pair):
    """Behind the answer all that is hit is deleted; then the mark says so, to both."""
    one, other = pair
    await stored(one, HERE, "original", "source.json", "a.png")
    await stored(one, THERE, "original", "source.json")
    await other.marks.reload()
    async with doing(one.purges.run(), other.purges.run()):
        await one.purges.purge(Instructions(domains=("a.test",), tags=("red",), hard=True))
        await other.marks.reload()
        await until(lambda: one.purges.statistics().sweeps)

    assert await left(one) == sorted([original_key(THERE), f"{source_prefix(THERE)}source.json"])
    await other.marks.reload()
    for each in pair:
        assert each.marks.unswept() == []
    assert (one.purges.statistics().unswept, one.purges.statistics().deleted) == (0, 3)
    assert other.purges.statistics().sweeps == 0


async def test_a_soft_purge_deletes_nothing(pair):
    """What is stale is kept to be validated, or to stand in."""
    one, _ = pair
    await stored(one, HERE, "original", "source.json")
    async with doing(one.purges.run()):
        await one.purges.purge(Instructions(domains=("a.test",)))
        await asyncio.sleep(0)

    assert len(await left(one)) == 2
    assert not one.purges._sweep_wanted.is_set()


async def test_a_sweep_that_the_store_breaks_off(pair, caplog):
    """It is given up and the mark goes on counting; the next sweep does it too."""
    one, _ = pair
    await stored(one, HERE, "original", "source.json")
    one.store.failing = {"list"}
    async with doing(one.purges.run()):
        await one.purges.purge(Instructions(domains=("a.test",), hard=True))
        await until(lambda: one.purges.statistics().sweeps_failed)
        assert len(await left(pair[1])) == 2
        assert "a sweep was given up: the disk is gone" in caplog.text
        one.store.failing = set()
        await one.purges.purge(Instructions(tags=("red",), hard=True))
        await until(lambda: one.purges.statistics().sweeps)

    assert await left(one) == []
    assert one.marks.unswept() == []


async def test_the_next_process_ends_what_was_begun(pair):
    """Who starts and finds a hard mark that nobody has swept for does it."""
    one, other = pair
    await stored(one, HERE, "original", "source.json")
    await one.purges.purge(Instructions(prefixes=("https://a.test/",), hard=True))
    await other.marks.catch_up()
    async with doing(other.purges.run()):
        await until(lambda: other.purges.statistics().sweeps)

    assert await left(one) == []
