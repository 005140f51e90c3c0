"""The memory cache: entries whose metadata change while their bytes stay."""

from msgspec.structs import replace

from tests.support.blobs import blob_of
from tests.unit.cache.test_memory import filled, of_weight


def test_replace_metadata():
    """The same bytes with other metadata take an entry's place, its turn unchanged; where nothing is nothing comes."""
    cache = filled()
    old = cache.blobs()[0]
    new = replace(old, meta=old.meta.refreshed(1, 2))
    cache.replace(new)
    cache.replace(blob_of(b"x", "gone"))
    assert cache.blobs()[0] is new
    cache.put(of_weight("e", 10_000))
    assert cache.get("a") is None
    assert cache.get("gone") is None


def test_update():
    """Each entry is changed in place, dropped as purged, or left as it is; turns and counters of use are unchanged."""
    cache = filled()
    cache.get("a")
    before = {blob.key: blob for blob in cache.blobs()}

    def change(blob):
        if blob.key == "b":
            return replace(blob, meta=blob.meta.refreshed(1, 2))
        return None if blob.key == "c" else blob

    cache.update(change, [*cache.keys(), "gone"])

    after = {blob.key: blob for blob in cache.blobs()}
    assert set(after) == {"a", "b", "d"}
    assert after["a"] is before["a"]
    assert (after["b"].meta.fresh_until, after["b"].data) == (2, before["b"].data)
    counted = cache.statistics()
    assert (counted.bytes, counted.hits, counted.misses, counted.evictions["purged"]) == (30_000, 1, 0, 1)
    assert cache.evict(1, "pressure") == 10_000
    assert cache.get("b") is None
    assert cache.evict(1, "pressure") == 10_000
    assert cache.get("a") is not None
