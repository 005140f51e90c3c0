"""Spools to try: a folder, a ledger, and the proof that nothing is left of them."""

import asyncio
import contextlib
import random
import threading
from pathlib import Path

from imgsvc.pressure.transfers import TransferLedger
from imgsvc.stream.reader import SpoolReader
from imgsvc.stream.spool import Spool
from imgsvc.stream.spoolfile import THREADS, SpoolSpace

PLENTY_BYTES = 10**9


def body(size_bytes: int) -> bytes:
    """Bytes no part of which is like another."""
    return random.Random(size_bytes).randbytes(size_bytes)


def cut(data: bytes, piece_bytes: int) -> list[bytes]:
    return [data[at : at + piece_bytes] for at in range(0, len(data), piece_bytes)]


def descriptors(beginning: str) -> int:
    """How many files this process has open whose names begin so, nameless ones by their folders."""
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the listing's own
            count += str(link.readlink()).startswith(beginning)
    return count


class Bench:
    """What spools are made of."""

    def __init__(self, directory: Path, capacity_bytes: int, ledger_bytes: int) -> None:
        self.directory = directory
        self.space = SpoolSpace(directory, capacity_bytes)
        self.ledger = TransferLedger(ledger_bytes)
        self._released = threading.Event()

    def spool(self, threshold_bytes: int = 1000, declared_bytes: int | None = None) -> Spool:
        return Spool(self.space, self.ledger, threshold_bytes, declared_bytes)

    async def filled(self, data: bytes, piece_bytes: int = 65536, threshold_bytes: int = 1000) -> Spool:
        """A spool that has got *data*, and has not ended."""
        spool = self.spool(threshold_bytes)
        for piece in cut(data, piece_bytes):
            await spool.add(piece)
        return spool

    def on_disk(self) -> tuple[int, int]:
        """Files, and bytes in them."""
        statistics = self.space.statistics()
        return statistics.files, statistics.bytes

    @contextlib.asynccontextmanager
    async def slow_disk(self):
        """Let no disk call begin until the block ends."""
        self._released.clear()
        stuck = [self.space.run(self._released.wait) for _ in range(THREADS)]
        try:
            yield
        finally:
            self._released.set()
            await asyncio.gather(*stuck)


@contextlib.asynccontextmanager
async def bench(directory: Path, capacity_bytes: int = PLENTY_BYTES, ledger_bytes: int = PLENTY_BYTES):
    """A bench whose spools must all be closed at the end, with nothing left in the accounts and no file open."""
    made = Bench(directory, capacity_bytes, ledger_bytes)
    yield made
    await made.space.aclose()
    assert made.on_disk() == (0, 0)
    assert made.ledger.in_use_bytes == 0
    assert descriptors(str(directory)) == 0
    assert not directory.is_dir() or list(directory.iterdir()) == []


async def drain(reader: SpoolReader) -> bytes:
    """All that is left for a reader, which is closed then."""
    try:
        return b"".join([chunk async for chunk in reader])
    finally:
        reader.close()


async def failing(reader: SpoolReader, error: type[Exception]) -> tuple[bytes, Exception]:
    """What a reader gets before *error*, and that."""
    got = b""
    try:
        while piece := await reader.read():
            got += piece
    except error as raised:
        return got, raised
    raise AssertionError("it ended well")


async def settle() -> None:
    """Let every task do what it can without waiting."""
    for _ in range(10):
        await asyncio.sleep(0)
