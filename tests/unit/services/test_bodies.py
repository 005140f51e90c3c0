"""Bodies that are read while they are sent."""

from contextlib import aclosing

import pytest

from imgsvc.errors import NoSpoolRoom
from imgsvc.pressure.transfers import TransferLedger
from imgsvc.services.bodies import SpoolBody, StoredBody
from imgsvc.stream.spoolfile import SpoolSpace
from imgsvc.stream.spools import Spools
from tests.support.blobs import meta_of

KEY = "images/image/0123456789abcdef/original"
DATA = bytes(range(256)) * 1000


async def everything(chunks) -> bytes:
    async with aclosing(chunks) as pieces:
        return b"".join([piece async for piece in pieces])


@pytest.fixture
async def space(tmp_path):
    space = SpoolSpace(tmp_path, 10_000_000)
    yield space
    await space.aclose()


async def test_a_spool_is_read_again_and_again(space):
    """Each call has a reader of its own; the length is the declared one until all is there."""
    spool = Spools(space, TransferLedger(10_000_000), 1000).new(1_000_000)
    body = SpoolBody(spool)
    await spool.add(DATA)
    declared = body.size_bytes
    await spool.end()

    assert (declared, body.size_bytes) == (1_000_000, len(DATA))
    assert await everything(body.chunks()) == await everything(body.chunks()) == DATA
    assert await everything(body.chunks(10, 300)) == DATA[10:300]
    body.let_go()
    assert space.statistics().files == 0


async def test_a_body_let_go_is_closed_with_the_last(space):
    """Who holds it can read it; after the last nobody can."""
    spool = Spools(space, TransferLedger(10_000_000), 1000).new(None)
    body = SpoolBody(spool)
    await spool.add(DATA)
    await spool.end()
    body.hold()
    body.let_go()
    still = await everything(body.chunks())
    body.let_go()

    assert still == DATA
    with pytest.raises(NoSpoolRoom):
        await everything(body.chunks())


async def test_an_object_is_closed_with_the_last(parts):
    """An opened object is read by several and closed once."""
    await parts.store.put(KEY, DATA, meta_of(DATA))
    body = StoredBody(await parts.store.open(KEY, lambda _size: False))
    body.hold()

    assert body.size_bytes == len(DATA)
    assert await everything(body.chunks()) == await everything(body.chunks()) == DATA
    body.let_go()
    assert await everything(body.chunks(5, 7)) == DATA[5:7]
    body.let_go()
