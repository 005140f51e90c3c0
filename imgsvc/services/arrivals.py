"""A source's body on its way in: the connection it comes by, the place it takes, the spool it goes into."""

import asyncio
from collections.abc import AsyncIterator, Callable

from msgspec import Struct

from imgsvc.errors import QueueFull
from imgsvc.model.formats import SNIFF_BYTES, sniff
from imgsvc.origin.answer import Fetched
from imgsvc.services.answers import Trace
from imgsvc.stream.spool import Spool

SLOT_TIMEOUT_SECONDS = 10.0


class Slot:
    """One of the places for sources being read; given back once, by whoever has it then."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release: Callable[[], None] | None = release

    def give_back(self) -> None:
        """Let another have it; twice is allowed."""
        release, self._release = self._release, None
        if release is not None:
            release()


class SlotStatistics(Struct, frozen=True):
    """Snapshot: how many places there are, how many are taken, and how many wait for one."""

    count: int
    taken: int
    waiting: int


class Slots:
    """
    The places for sources being read.

    Args:
        count: how many there are.
        timeout_seconds: how long one is waited for.
    """

    def __init__(self, count: int, timeout_seconds: float = SLOT_TIMEOUT_SECONDS) -> None:
        self._count = count
        self._taken = 0
        self._slots = asyncio.Semaphore(count)
        self._timeout_seconds = timeout_seconds
        self._waiting: set[asyncio.Timeout] = set()

    async def take(self, trace: Trace) -> Slot:
        """
        Wait for a place; that counts as queueing.

        Raises:
            QueueFull: there was none in time, or the queue was emptied.
        """
        with trace.timed("queue"):
            try:
                async with asyncio.timeout(self._timeout_seconds) as limit:
                    self._waiting.add(limit)
                    try:
                        await self._slots.acquire()
                    finally:
                        self._waiting.discard(limit)
            except TimeoutError:
                raise QueueFull(
                    "Too many sources are being fetched; set by IMGSVC_FETCH_SLOTS.", retry_after_seconds=5
                ) from None
        self._taken += 1
        return Slot(self._release)

    def _release(self) -> None:
        self._taken -= 1
        self._slots.release()

    def refuse_waiting(self) -> None:
        """End the wait of all who wait now."""
        for limit in [limit for limit in self._waiting if not limit.expired()]:
            limit.reschedule(asyncio.get_running_loop().time())

    def statistics(self) -> SlotStatistics:
        """Snapshot."""
        return SlotStatistics(self._count, self._taken, len(self._waiting))


class Arrival:
    """
    A body that is being read into a spool, by one task after another.

    Args:
        fetched: after its head; owned.
        spool: what the body goes into; stays its holder's.
        slot: owned.
    """

    def __init__(self, fetched: Fetched, spool: Spool, slot: Slot) -> None:
        self.fetched = fetched
        self.spool = spool
        self._slot = slot
        self._began_at = asyncio.get_running_loop().time()
        self._chunks: AsyncIterator[bytes] = aiter(fetched.body)

    @property
    def bytes_per_second(self) -> float:
        """How fast the body has come since its head."""
        seconds = asyncio.get_running_loop().time() - self._began_at
        return self.spool.size_bytes / max(seconds, 0.001)

    async def read_until(self, enough: Callable[[], bool]) -> None:
        """
        Read on until *enough*, or to the end; what the source does wrong becomes the spool's error too.

        Raises:
            ImgsvcError: whatever the source did wrong.
        """
        try:
            while not self.spool.ended and not enough():
                if (chunk := await anext(self._chunks, None)) is None:
                    await self.spool.end()
                else:
                    await self.spool.add(chunk)
        except BaseException as error:
            self.spool.fail(error if isinstance(error, Exception) else given_up())
            raise

    async def read_until_recognisable(self) -> None:
        """Read on until a picture could be told by its first bytes, or to the end; raises as :meth:`read_until`."""
        while not (self.spool.ended or await _is_recognisable(self.spool)):
            await self._read_past(self.spool.size_bytes)

    async def aclose(self) -> None:
        """Give connection and place back; twice is allowed."""
        await self.fetched.body.aclose()
        self._slot.give_back()

    async def _read_past(self, size_bytes: int) -> None:
        await self.read_until(lambda: self.spool.size_bytes > size_bytes)


def is_large(spool: Spool, threshold_bytes: int) -> bool:
    """Whether a spool that goes on in a file is a large body, not merely one there was no memory for."""
    return spool.is_narrow or (spool.is_large and max(spool.size_bytes, spool.declared_bytes or 0) > threshold_bytes)


async def _is_recognisable(spool: Spool) -> bool:
    """Whether enough has arrived to tell a picture by its first bytes."""
    head = await spool.peek(SNIFF_BYTES)
    return len(head) == SNIFF_BYTES or sniff(head) is not None


def given_up() -> QueueFull:
    """Say that a body is not read on because nobody wants it, or because the end has come."""
    return QueueFull("The source is not wanted any more.", retry_after_seconds=1)
