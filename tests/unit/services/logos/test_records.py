"""Records: remembered, read from the store, shared with other replicas."""

import pytest
from msgspec.structs import replace

from imgsvc.model.purge import Instructions
from imgsvc.services.documents import TRUSTED_SECONDS
from imgsvc.services.logos.records import LogoRecords
from tests.unit.services.logos.test_record import Entry, kept, measured, record


@pytest.fixture
def records(world) -> LogoRecords:
    return LogoRecords(world.parts.shelf, world.parts.marks, world.parts.clock)


async def test_kept_and_found(world, records):
    """What is kept is known at once, and to another process by the store."""
    written = record(Entry(measured(), kept()))
    records.keep(written)
    await world.parts.stored()

    other = LogoRecords(world.parts.shelf, world.parts.marks, world.parts.clock)

    assert records.known("acme.test").record == written
    assert other.known("acme.test") is None
    assert (await other.look("acme.test")).record == written


async def test_another_replicas_word(world, records):
    """After a minute the store is looked at again: another replica may know better."""
    records.keep(record())
    await world.parts.stored()
    other = LogoRecords(world.parts.shelf, world.parts.marks, world.parts.clock)
    world.parts.clock.forward(TRUSTED_SECONDS + 1)
    newer = replace(record(), fetched_at=world.parts.clock.now, tried_at=world.parts.clock.now)
    other.keep(newer)
    await world.parts.stored()

    assert records.known("acme.test") is None
    assert (await records.look("acme.test")).record == newer


async def test_what_is_of_the_moment_is_not_stored(world, records):
    """A search that did not end is remembered here only."""
    records.keep(record(), is_stored=False)
    await world.parts.stored()

    assert records.known("acme.test") is not None
    assert await world.parts.keys("images/logos/") == []


async def test_a_failing_store(world, records):
    """Without a store what is remembered stands."""
    records.keep(record())
    await world.parts.stored()
    world.parts.store.failing |= {"get"}
    world.parts.clock.forward(TRUSTED_SECONDS + 1)

    assert (await records.look("acme.test")).record == record()


async def test_damage_is_nothing(world, records):
    """A record that cannot be read counts as none."""
    meta = record(Entry(measured(), kept())).meta_of(kept(), 10)
    await world.parts.store.put("images/logos/acme.test.json", b"{", replace(meta, sha256="0" * 64))

    assert await records.look("acme.test") is None


@pytest.mark.parametrize("hard", [True, False])
async def test_purges(world, records, hard):
    """A hard purge of the domain leaves nothing, a soft one what is stale from then on."""
    records.keep(record(fresh_until=world.parts.clock.now + 1000))
    world.parts.clock.forward(10)
    await world.parts.purges.purge(Instructions(domains=("acme.test",), hard=hard))

    known = records.known("acme.test")

    if hard:
        assert known is None
    else:
        assert not known.record.is_fresh(world.parts.clock.now)


async def test_the_best_is_computed_once(records):
    """Asking again for the same size and theme gives the same object."""
    known = records.keep(record(Entry(measured(), kept())))

    assert known.best(100, None) is known.best(128, None)
