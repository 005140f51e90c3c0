"""Many readers of one spool, in any order."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from imgsvc.stream.base import CHUNK_BYTES
from imgsvc.stream.spool import TAIL_BYTES
from tests.support.spools import PLENTY_BYTES, bench, body, drain, settle

DATA = body(2_000_000)

CHUNKS = st.sampled_from([1, 100, 5000, 65535, 65536, 65537, 100_000, TAIL_BYTES, 250_000])
PLACES = st.sampled_from([0, 1, 65536, 150_000, TAIL_BYTES, 500_000, 900_000])
STEPS = st.one_of(
    st.tuples(st.just("add"), CHUNKS),
    st.tuples(st.just("read"), st.integers(0, 9)),
    st.tuples(st.just("leave"), st.integers(0, 9)),
    st.tuples(st.just("reader"), PLACES, st.none() | PLACES),
)


class Follower:
    """One who reads, a piece when told to, and remembers."""

    def __init__(self, spool, start, stop):
        self._reader = spool.reader(start, stop)
        self._reading = None
        self.start, self.stop = start, stop
        self.got = b""

    def read(self):
        """Begin to read a piece, if the last has come; it may come at any time from now on."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())

    async def _read(self):
        piece = await self._reader.read()
        assert len(piece) <= CHUNK_BYTES
        self.got += piece

    async def leave(self):
        self._reader.close()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait((self._reading,))

    async def finish(self):
        if self._reading is not None:
            await self._reading
        self.got += await drain(self._reader)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(STEPS, max_size=60),
    st.sampled_from([0, 100_000, 400_000, PLENTY_BYTES]),
    st.sampled_from([None, 1, PLENTY_BYTES]),
    st.sampled_from([0, 150_000, PLENTY_BYTES]),
)
async def test_bytes_read_are_bytes_written(steps, threshold_bytes, declared_bytes, ledger_bytes):
    """However a body comes, and whoever reads from where, comes and goes: everybody gets the right bytes."""
    with tempfile.TemporaryDirectory() as folder:
        async with bench(Path(folder) / "spools", ledger_bytes=ledger_bytes) as made:
            spool = made.spool(threshold_bytes, declared_bytes)
            followers = []
            for step, *arguments in steps:
                if step == "add":
                    size = min(arguments[0], len(DATA) - spool.size_bytes)
                    await spool.add(DATA[spool.size_bytes : spool.size_bytes + size])
                    assert not spool.is_large or made.ledger.in_use_bytes < TAIL_BYTES
                elif step == "reader":
                    followers.append(Follower(spool, *arguments))
                elif followers and step == "read":
                    followers[arguments[0] % len(followers)].read()
                elif followers:
                    gone = followers.pop(arguments[0] % len(followers))
                    await gone.leave()
                    assert DATA[gone.start :].startswith(gone.got)
            await spool.end()
            for follower in [*followers, Follower(spool, 0, None)]:
                await follower.finish()
                assert follower.got == DATA[: spool.size_bytes][follower.start : follower.stop]
            spool.let_go()


async def test_growing_end(bench):
    """Readers at the growing end get each piece as it comes, the object itself, before it is on disk."""
    spool = bench.spool(1000, declared_bytes=PLENTY_BYTES)
    await spool.add(b"first")
    readers = [spool.reader(5) for _ in range(3)]
    piece = DATA[:65536]
    reading = [asyncio.create_task(reader.read()) for reader in readers]
    await settle()
    async with bench.slow_disk():
        adding = [asyncio.create_task(spool.add(piece))]
        assert all(part is piece for part in await asyncio.gather(*reading))
        await asyncio.gather(*adding)
    spool.let_go()


async def test_slow_reader_costs_nothing_more(bench):
    """A reader that does not read makes nobody wait and is held nothing for, and gets all in the end."""
    slow = None
    spool = bench.spool()
    for at in range(0, len(DATA), 65536):
        await spool.add(DATA[at : at + 65536])
        if slow is None:
            slow = spool.reader()
            assert await slow.read() == DATA[:65536]
    await spool.end()

    assert bench.ledger.in_use_bytes == 0
    assert await drain(slow) == DATA[65536:]
    spool.let_go()


async def test_one_waits_for_the_disk_others_do_not(bench):
    """A reader far behind waits for the disk while one at the end reads from memory."""
    spool = await bench.filled(DATA[:300_000])
    behind, ahead = spool.reader(), spool.reader(299_000)
    async with bench.slow_disk():
        reading = asyncio.create_task(behind.read())
        await settle()
        assert await ahead.read() == DATA[299_000:300_000]
        assert not reading.done()

    assert await reading == DATA[:65536]
    spool.let_go()
