"""What a store hit costs: calls of the store, and visits to a thread."""

import asyncio
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from imgsvc.store import file_stream
from imgsvc.store.filesystem import FilesystemStore
from imgsvc.stream.base import CHUNK_BYTES
from tests.contracts.streaming import read, stream_of
from tests.integration.test_filesystem_store import settings_of
from tests.support.blobs import meta_of
from tests.support.origin import ScriptedOrigin
from tests.support.service import running_service

KEY = "a/b"
LARGE = os.urandom(10 * CHUNK_BYTES)


class CountingThreads(ThreadPoolExecutor):
    """Counts what it is given to do."""

    visits = 0

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        self.visits += 1
        return super().submit(*arguments, **options)


@pytest.fixture
async def threads():
    """Those of the event loop, to which work goes that names no others."""
    threads = CountingThreads(1)
    asyncio.get_running_loop().set_default_executor(threads)
    return threads


@pytest.fixture
async def store(tmp_path: Path, threads: CountingThreads):
    store = FilesystemStore(settings_of(tmp_path))
    store._disk._pool.shutdown()
    store._disk._pool = CountingThreads(1)
    await store.put(KEY, LARGE, meta_of(LARGE))
    await store.delete("none")  # and with it behind us what a first write begins
    store._disk._pool.visits = threads.visits = 0
    yield store
    await store.aclose()


async def test_one_visit_a_read(store: FilesystemStore, threads: CountingThreads):
    """A hit, a miss and a look are one visit to a thread each, hashing included; so is opening."""
    for look in (store.get(KEY), store.get("none"), store.stat(KEY), store.open(KEY, lambda _: True)):
        before = store._disk._pool.visits
        await look
        assert store._disk._pool.visits == before + 1
    stream = await stream_of(store, KEY)
    stream.close()
    assert (store._disk._pool.visits, threads.visits) == (5, 0)


async def test_several_pieces_a_visit(store: FilesystemStore, monkeypatch: pytest.MonkeyPatch):
    """Who reads quickly gets one piece, then a few by each visit; who does not gets one by each."""
    stream = await stream_of(store, KEY)
    for quick_seconds, visits in ((60, 1 + -(-9 // file_stream.PIECES)), (-1, 10)):
        monkeypatch.setattr(file_stream, "QUICK_SECONDS", quick_seconds)
        before = store._disk._pool.visits
        assert await read(stream.chunks()) == LARGE
        assert store._disk._pool.visits == before + visits
    stream.close()


async def test_pieces_that_were_given_are_let_go(store: FilesystemStore, monkeypatch: pytest.MonkeyPatch):
    """A stream holds what it has yet to give, and nothing of what the reader has already."""
    monkeypatch.setattr(file_stream, "QUICK_SECONDS", 60)
    stream = await stream_of(store, KEY)
    chunks, held = stream.chunks(), []
    for _ in range(1 + file_stream.PIECES):
        await anext(chunks)
        held.append(len(chunks.ag_frame.f_locals["pieces"]))
    assert held == [0, *reversed(range(file_stream.PIECES))]
    await chunks.aclose()
    stream.close()


async def test_one_call_a_hit(origin: ScriptedOrigin, photo, tmp_path: Path):
    """A stored answer that is fresh costs the service one call of the store: its record is not read."""
    origin.serve("/a.jpg", photo, headers=[("Cache-Control", "max-age=600")])
    url = origin.url("/a.jpg")
    async with running_service(tmp_path, origin.port) as service:
        await service.image(url, f="webp", w=100)
        await service.settled()
    async with running_service(tmp_path, origin.port) as service:
        store, asked = service.opened.owners["store"], []

        def noting(name: str):
            call = getattr(store, name)

            def noted(key: str, *arguments: Any, **options: Any) -> Any:
                asked.append(name)
                return call(key, *arguments, **options)

            return noted

        for name in ("get", "open", "stat", "put", "delete"):
            setattr(store, name, noting(name))
        answer = await service.image(url, f="webp", w=100)
        await service.settled()
    assert answer.headers["X-Source"] == "store"
    assert asked == ["open"]
