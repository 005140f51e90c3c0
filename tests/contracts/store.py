"""
What every object store does; a backend's test class inherits this and gives the fixtures ``store`` and ``plant``.

``plant`` writes an object past all checks: ``await plant(key, data, texts)`` with *texts* the metadata, or None for a
thing that is no object of this service at all.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from imgsvc.errors import BadKey, StoreError
from imgsvc.model.blob import FORMAT_VERSION
from imgsvc.store.base import ObjectStore, StoredObject
from tests.support.blobs import meta_of

Plant = Callable[[str, bytes, dict[str, str] | None], Awaitable[None]]

KEY = "images/image/0123456789abcdef/t1,auto-webp,w640.webp"
DATA = b"the bytes of a picture" * 100

BAD_KEYS = ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "a\\b", "a\x00b", "a\nb", "k" * 513]
ODD_KEYS = [
    "a",
    "a/b",
    "A",
    "a b",
    ".tmp/x",
    "x=o",
    "x=o/y",
    "%41",
    "a+b/c",
    "ünï/çødé",
    "s" * 300,
    "s" * 200 + "..",
    "s" * 200 + "../t",
    ",".join("x" * 63 for _ in range(8)),
    "dots.../end.",
]


async def keys_of(store: ObjectStore, prefix: str = "") -> list[str]:
    return sorted([key async for key in store.list(prefix)])


class ObjectStoreContract:
    """The suite."""

    odd_keys = ODD_KEYS

    async def test_roundtrip(self, store: ObjectStore):
        """What was put is got, bytes and every field of the metadata."""
        meta = meta_of(DATA, width=640, height=480, degraded="frames", lifetime_seconds=14400)
        assert await store.put(KEY, DATA, meta) is True
        assert await store.get(KEY) == StoredObject(DATA, meta)
        assert await store.stat(KEY) == meta

    async def test_empty_field(self, store: ObjectStore):
        """An empty field of the metadata comes back empty."""
        meta = meta_of(DATA, degraded="")
        await store.put(KEY, DATA, meta)
        assert await store.stat(KEY) == meta

    async def test_nothing_there(self, store: ObjectStore):
        """What was never put is None, not an error, and deleting it says so."""
        assert await store.get(KEY) is None
        assert await store.stat(KEY) is None
        assert await store.delete(KEY) is False
        assert await keys_of(store) == []

    async def test_big(self, store: ObjectStore):
        """Ten megabytes come back as they went."""
        data = os.urandom(10_000_000)
        await store.put(KEY, data, meta_of(data))
        found = await store.get(KEY)
        assert found is not None
        assert type(found.data) is bytes
        assert found.data == data

    async def test_no_bytes(self, store: ObjectStore):
        """An object without bytes is refused, and what was there stays."""
        await store.put(KEY, DATA, meta_of(DATA))
        with pytest.raises(StoreError):
            await store.put(KEY, b"", meta_of(b""))
        assert (await store.get(KEY)).data == DATA

    async def test_overwrite(self, store: ObjectStore):
        """A second put replaces bytes and metadata, longer by shorter too."""
        for data in (DATA, b"short"):
            await store.put(KEY, data, meta_of(data, width=len(data)))
        assert await store.get(KEY) == StoredObject(b"short", meta_of(b"short", width=5))

    async def test_if_absent(self, store: ObjectStore):
        """If-absent writes where nothing is, and leaves alone what is there."""
        assert await store.put(KEY, DATA, meta_of(DATA), if_absent=True) is True
        assert await store.put(KEY, b"other", meta_of(b"other"), if_absent=True) is False
        assert (await store.get(KEY)).data == DATA

    async def test_if_absent_race(self, store: ObjectStore):
        """Of several writers at once exactly one wins, and its bytes are there whole."""
        for round_ in range(3):
            key = f"{KEY}{round_}"
            datas = [bytes([i]) * 100_000 for i in range(4)]
            won = await asyncio.gather(*(store.put(key, d, meta_of(d), if_absent=True) for d in datas))
            assert sorted(won) == [False] * 3 + [True]
            assert (await store.get(key)).data == datas[won.index(True)]

    async def test_readers_beside_a_writer(self, store: ObjectStore):
        """A reader beside writers sees one object or another, never half of one or damage."""
        datas = [bytes([i]) * 200_000 for i in range(4)]
        await store.put(KEY, datas[0], meta_of(datas[0]))
        puts = [store.put(KEY, d, meta_of(d)) for d in datas * 3]
        found = await asyncio.gather(*(store.get(KEY) for _ in range(12)), *puts)
        assert all(f.data in datas for f in found[:12])
        assert store.statistics().damaged == 0

    async def test_delete(self, store: ObjectStore):
        """A deleted object is gone, once; its neighbours stay."""
        await store.put("a/b", DATA, meta_of(DATA))
        await store.put("a", DATA, meta_of(DATA))
        assert await store.delete("a/b") is True
        assert await store.delete("a/b") is False
        assert await store.get("a/b") is None
        assert await keys_of(store) == ["a"]

    async def test_delete_beside_put(self, store: ObjectStore):
        """Putting and deleting in one folder at once fails nobody."""
        calls = []
        for i in range(20):
            calls += [store.put(f"d/e/{i % 3}", DATA, meta_of(DATA)), store.delete(f"d/e/{(i + 1) % 3}")]
        await asyncio.gather(*calls)
        assert store.statistics().failures == 0

    async def test_list(self, store: ObjectStore):
        """Listing gives the keys that begin with the prefix, as text and not as folders, and no others."""
        for key in ("a", "a/b", "a/b/c", "ab/c", "z/y"):
            await store.put(key, DATA, meta_of(DATA))
        assert await keys_of(store) == ["a", "a/b", "a/b/c", "ab/c", "z/y"]
        assert await keys_of(store, "a/") == ["a/b", "a/b/c"]
        assert await keys_of(store, "a") == ["a", "a/b", "a/b/c", "ab/c"]
        assert await keys_of(store, "a/b") == ["a/b", "a/b/c"]
        assert await keys_of(store, "none/") == []

    async def test_list_left_early(self, store: ObjectStore):
        """A listing may be left after its first key."""
        for i in range(3):
            await store.put(f"a/{i}", DATA, meta_of(DATA))
        async for key in store.list("a/"):
            assert key.startswith("a/")
            break

    async def test_list_leaves_out_what_is_not_ours(self, store: ObjectStore, plant: Plant):
        """Things beside the objects that are no keys are passed over."""
        await store.put("a/b", DATA, meta_of(DATA))
        await plant("a/c\x0bd", b"foreign", None)
        assert await keys_of(store, "a/") == ["a/b"]

    async def test_odd_keys(self, store: ObjectStore):
        """Every valid key works, however odd, and is listed under its own name."""
        for key in self.odd_keys:
            assert await store.put(key, DATA, meta_of(DATA)) is True
            assert (await store.get(key)).data == DATA
            assert await keys_of(store) == [key]
            assert await store.delete(key) is True
            assert await keys_of(store) == []

    async def test_odd_keys_together(self, store: ObjectStore):
        """No two keys get in each other's way."""
        for key in self.odd_keys:
            await store.put(key, key.encode(), meta_of(key.encode()))
        for key in self.odd_keys:
            assert (await store.get(key)).data == key.encode()
        assert await keys_of(store) == sorted(self.odd_keys)

    @pytest.mark.parametrize("key", BAD_KEYS)
    async def test_bad_keys(self, store: ObjectStore, key: str):
        """A malformed key is refused by every method before anything is touched."""
        for call in (store.get, store.stat, store.delete):
            with pytest.raises(BadKey):
                await call(key)
        with pytest.raises(BadKey):
            await store.put(key, DATA, meta_of(DATA))

    @pytest.mark.parametrize("prefix", ["/", "../", "a//", "a\\"])
    async def test_bad_prefixes(self, store: ObjectStore, prefix: str):
        """A malformed prefix is refused."""
        with pytest.raises(BadKey):
            await keys_of(store, prefix)

    @pytest.mark.parametrize(
        "change",
        [
            {"sha256": "0" * 64},
            {"format_version": str(FORMAT_VERSION + 1)},
            {"width": "wide"},
            {"fresh_until": None},
        ],
        ids=["other-digest", "other-version", "no-number", "field-missing"],
    )
    async def test_damaged_metadata(self, store: ObjectStore, plant: Plant, caplog, change: dict[str, str | None]):
        """Metadata that does not fit makes a miss; the object is deleted and one line logged."""
        texts = meta_of(DATA).to_texts() | change
        await plant(KEY, DATA, {n: t for n, t in texts.items() if t is not None})
        with caplog.at_level(logging.WARNING, "imgsvc.store"):
            assert await store.get(KEY) is None
        assert [r.name for r in caplog.records if KEY in r.getMessage()] == ["imgsvc.store"]
        assert await keys_of(store) == []
        assert store.statistics().damaged == 1
        assert await store.put(KEY, DATA, meta_of(DATA), if_absent=True) is True

    async def test_damaged_large(self, store: ObjectStore, plant: Plant):
        """A wrong digest is found in a large object too."""
        data = os.urandom(300_000)
        await plant(KEY, data, replace(meta_of(data), sha256="0" * 64).to_texts())
        assert await store.get(KEY) is None
        assert await keys_of(store) == []

    async def test_empty_object(self, store: ObjectStore, plant: Plant):
        """An object of no bytes, though its digest fits, is damage for get and for stat."""
        for look in (store.get, store.stat):
            await plant(KEY, b"", meta_of(b"").to_texts())
            assert await look(KEY) is None
            assert await keys_of(store) == []
        assert store.statistics().damaged == 2

    async def test_stat_of_other_version(self, store: ObjectStore, plant: Plant):
        """Another format version is a miss for stat, and the object goes."""
        await plant(KEY, DATA, meta_of(DATA).to_texts() | {"format_version": "99"})
        assert await store.stat(KEY) is None
        assert await keys_of(store) == []

    async def test_cancelled_put(self, store: ObjectStore):
        """A put cancelled at any point leaves the old object or the new one, whole."""
        old, new = b"old" * 1000, os.urandom(4_000_000)
        await store.put(KEY, old, meta_of(old))
        for steps in range(8):
            put = asyncio.create_task(store.put(KEY, new, meta_of(new)))
            for _ in range(steps * steps):
                await asyncio.sleep(0)
            put.cancel()
            await asyncio.wait((put,))
            assert (await store.get(KEY)).data in (old, new)
        assert store.statistics().damaged == 0

    async def test_many_at_once(self, store: ObjectStore):
        """A hundred calls at once all come through."""
        datas = {f"m/{i}": os.urandom(1000 + i) for i in range(50)}
        await asyncio.gather(*(store.put(k, d, meta_of(d)) for k, d in datas.items()))
        found = await asyncio.gather(*(store.get(k) for k in datas))
        assert [f.data for f in found] == list(datas.values())
        assert await keys_of(store, "m/") == sorted(datas)

    async def test_ping(self, store: ObjectStore):
        """A store that works says nothing, and a ping leaves nothing behind."""
        assert await store.ping() is None
        assert await keys_of(store) == []

    async def test_statistics(self, store: ObjectStore):
        """Every outcome is counted once."""
        await store.get(KEY)
        await store.put(KEY, DATA, meta_of(DATA))
        await store.put(KEY, DATA, meta_of(DATA), if_absent=True)
        await store.get(KEY)
        await store.stat(KEY)
        counted = store.statistics()
        assert (counted.misses, counted.writes, counted.hits) == (1, 1, 2)
        assert (counted.damaged, counted.failures) == (0, 0)

    async def test_closed(self, store: ObjectStore):
        """Closing twice is allowed; a closed store fails instead of hanging, and leaves no thread of its own."""
        await store.put(KEY, DATA, meta_of(DATA))
        await store.aclose()
        await store.aclose()
        with pytest.raises(StoreError):
            await store.get(KEY)
        assert not [t for t in threading.enumerate() if t.name.startswith("store")]
