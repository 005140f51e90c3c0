"""Marks as the store has them: what a look finds, and what tidying leaves."""

import pytest

from imgsvc.errors import StoreError
from imgsvc.model.purge import Mark
from imgsvc.services.mark_index import MarkIndex
from imgsvc.services.mark_shelf import MarkShelf
from imgsvc.settings import StoreSettings
from tests.support.spine_parts import Doubtful

OLD, NEW = (Mark("tag", "red", hard=False, time=time) for time in (1000.0, 2000.0))


@pytest.fixture
async def store(tmp_path):
    store = Doubtful(StoreSettings.from_env({"IMGSVC_STORE_DIR": str(tmp_path)}))
    yield store
    await store.aclose()


async def keys(store) -> list[str]:
    return [key async for key in store.list("purge/")]


async def test_a_look_gives_what_came_and_what_left(store):
    """Each mark comes once and leaves once; one's own is no news."""
    shelf, other = MarkShelf(store, 60), MarkShelf(store, 60)
    await shelf.write(OLD)

    assert await shelf.look() == ([], [])
    assert await other.look() == ([OLD], [])
    assert await other.look() == ([], [])
    await store.delete(OLD.key)
    assert await other.look() == ([], [OLD])
    assert await other.look() == ([], [])


async def test_a_mark_says_how_long_it_counts(store):
    """Beside it stands for how long, for caches before a bucket and whoever looks into it."""
    await MarkShelf(store, 60).write(OLD)

    meta = await store.stat(OLD.key)
    assert (meta.media_type, meta.fetched_at, meta.fresh_until) == ("application/json", 1000.0, 1060.0)


async def test_tidying_leaves_what_counts(store):
    """What is owed is written first; what was replaced or dropped is deleted, what is nobody's is not."""
    shelf = MarkShelf(store, 60)
    dropped = Mark("all", "", hard=False, time=1.0)
    for mark in (OLD, dropped):
        await shelf.write(mark)
    shelf.owe(NEW)
    shelf.owe(Mark("tag", "nobody's", hard=False, time=1.0))
    assert shelf.owed == 2

    await shelf.tidy(MarkIndex([NEW]))
    assert await keys(store) == [NEW.key]
    assert shelf.owed == 0


async def test_nothing_is_deleted_before_what_stands_for_it_is_written(store):
    """A store that takes nothing keeps what it has, and what is owed stays so."""
    shelf = MarkShelf(store, 60)
    await shelf.write(OLD)
    shelf.owe(NEW)
    store.failing = {"put"}
    with pytest.raises(StoreError):
        await shelf.tidy(MarkIndex([NEW]))

    assert await keys(store) == [OLD.key]
    assert shelf.owed == 1


async def test_a_mark_only_heard_of_replaces_none(store):
    """The latest mark is known here, but not to be in the store: the one that is there stays."""
    shelf = MarkShelf(store, 60)
    await shelf.write(OLD)
    await shelf.tidy(MarkIndex([NEW]))

    assert await keys(store) == [OLD.key]
