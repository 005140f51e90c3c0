"""A source's body on its way in: the connection it comes by, the place it takes, the spool it goes into."""

import asyncio
from collections.abc import AsyncIterator, Callable

from imgsvc.errors import QueueFull
from imgsvc.model.formats import SNIFF_BYTES, sniff
from imgsvc.origin.answer import Fetched
from imgsvc.services.answers import Trace
from imgsvc.stream.spool import Spool


class Slot:
    """One of the places for sources being read; given back once, by whoever has it then."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots: asyncio.Semaphore | None = slots

    @classmethod
    async def take(cls, slots: asyncio.Semaphore, trace: Trace, timeout_seconds: float) -> "Slot":
        """
        Wait for a place; that counts as queueing.

        Raises:
            QueueFull: there was none in time.
        """
        with trace.timed("queue"):
            try:
                async with asyncio.timeout(timeout_seconds):
                    await slots.acquire()
            except TimeoutError:
                raise QueueFull(
                    "Too many sources are being fetched; set by IMGSVC_FETCH_SLOTS.", retry_after_seconds=5
                ) from None
        return cls(slots)

    def give_back(self) -> None:
        """Let another have it; twice is allowed."""
        slots, self._slots = self._slots, None
        if slots is not None:
            slots.release()


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
            self.spool.fail(error if isinstance(error, Exception) else _given_up())
            raise

    async def read_past(self, size_bytes: int) -> None:
        """Read on until there are more than *size_bytes*, or to the end; raises as :meth:`read_until`."""
        await self.read_until(lambda: self.spool.size_bytes > size_bytes)

    async def aclose(self) -> None:
        """Give connection and place back; twice is allowed."""
        await self.fetched.body.aclose()
        self._slot.give_back()


def is_large(spool: Spool, threshold_bytes: int) -> bool:
    """Whether a spool that goes on in a file is a large body, not merely one there was no memory for."""
    return spool.is_narrow or (spool.is_large and max(spool.size_bytes, spool.declared_bytes or 0) > threshold_bytes)


async def is_recognisable(spool: Spool) -> bool:
    """Whether enough has arrived to tell a picture by its first bytes."""
    head = await spool.peek(SNIFF_BYTES)
    return len(head) == SNIFF_BYTES or sniff(head) is not None


def _given_up() -> QueueFull:
    return QueueFull("The source is not wanted any more.", retry_after_seconds=1)
