"""Claims on sources over a real Redis: what becomes of them at the end of a replica."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from imgsvc.cache.leases import Leases
from imgsvc.model.keys import original_key
from imgsvc.model.source import Source
from imgsvc.pressure.transfers import TransferLedger
from imgsvc.services.claims import Claims
from imgsvc.services.persist import Persister
from imgsvc.services.shelf import Shelf
from imgsvc.settings import StoreSettings
from imgsvc.store.filesystem import FilesystemStore
from tests.support.blobs import meta_of
from tests.support.redis import RedisServer, redis, replica_leases  # noqa: F401 - a fixture

SOURCE = Source("http://img.test/a.png")
MIB = 1024 * 1024


@pytest.fixture
async def persister(tmp_path) -> AsyncIterator[Persister]:
    """One that a test starts when writing may begin."""
    store = FilesystemStore(StoreSettings.from_env({"IMGSVC_STORE_DIR": str(tmp_path)}))
    yield Persister(store, TransferLedger(MIB), on_stored=lambda *_: None)
    await store.aclose()


@pytest.fixture
async def ending(redis: RedisServer, persister: Persister) -> AsyncIterator[Claims]:  # noqa: F811 - the fixture
    """Claims of a replica that has fetched the source and not written it yet."""
    leases = Leases(redis.settings)
    shelf = Shelf(persister._store, persister, TransferLedger(MIB), lambda: MIB)
    claims = Claims(leases, shelf, lease_seconds=60)
    async with claims.claimed(SOURCE) as claim:
        assert claim.is_ours
        persister.put(original_key(SOURCE), b"picture", meta_of(b"picture"))
    yield claims
    await leases.aclose()


@pytest.fixture
async def other(redis: RedisServer) -> AsyncIterator[Leases]:  # noqa: F811 - the fixture
    async with replica_leases(redis) as leases:
        yield leases


async def test_what_is_claimed_is_written_first(ending, other, persister):
    """A replica that ends gives a source to another when what it fetched is in the store, and not before."""
    closing = asyncio.create_task(ending.aclose(20))
    held = [await other.claim(SOURCE.h16, 60) for _ in range(5)]
    assert not closing.done()
    persister.start()
    await closing
    await persister.aclose(5)
    lease = await other.claim(SOURCE.h16, 60)
    await lease.release()

    assert held == [None] * 5


async def test_what_cannot_be_written_is_given_back_too(ending, other):
    """A store that takes nothing holds up neither the end nor, after it, the other replica."""
    await ending.aclose(0.05)
    lease = await other.claim(SOURCE.h16, 60)
    await lease.release()
