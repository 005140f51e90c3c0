"""What an entry weighs is what it takes: else a cache full of icons would take several times its capacity."""

import hashlib
import tracemalloc
from collections.abc import Iterator

import pytest

from imgsvc.cache.memory import MemoryCache, weight_bytes
from imgsvc.model.blob import Blob
from imgsvc.model.source import Source
from tests.support.blobs import meta_of

COUNT = 1000

MAKERS = ("*/imgsvc/*", "*/tests/*", "*/email/utils.py", "*/yarl/*")
"""Who makes an entry. What a thread that another test has left behind loads or makes meanwhile is no entry's."""


def icons(url_chars: int) -> Iterator[Blob]:
    """Make small answers, each as if from a source of its own: nothing that could be shared is."""
    for number in range(COUNT):
        source = Source(f"https://pictures.test/{number}/".ljust(url_chars, "p"))
        data = number.to_bytes(500, "big")
        original = hashlib.sha256(source.url.encode()).hexdigest()
        meta = meta_of(data, fetched_at=1e9 + number, source_sha256=original, last_modified=10**9 + number)
        yield Blob(data=data, meta=meta, key=f"images/image/{source.h16}/t1,w32.webp", source=source)


@pytest.mark.parametrize("url_chars", [40, 400, 3000])
def test_what_entries_take(url_chars: int):
    """Small entries, with URLs of any length, weigh what they take, and a little more for what the allocator adds."""
    cache = MemoryCache(1 << 30, 1 << 20)
    list(icons(url_chars))
    tracemalloc.start(1)
    try:
        for blob in icons(url_chars):
            cache.put(blob)
        taken = tracemalloc.take_snapshot().filter_traces(
            [tracemalloc.Filter(inclusive=True, filename_pattern=path) for path in MAKERS]
        )
    finally:
        tracemalloc.stop()
    taken_bytes = sum(trace.size for trace in taken.traces)
    assert 1.0 < cache.statistics().bytes / taken_bytes < 1.3
    assert cache.statistics().bytes == COUNT * weight_bytes(blob)
