"""Sources in memory and in files, a recording admission, and pipes with somebody at the other end."""

import asyncio
import contextlib
import math
import os
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator

from imgsvc.settings import TransformSettings
from imgsvc.stream.base import FileRange
from imgsvc.transform.body import Body
from imgsvc.transform.pool import TransformPool
from imgsvc.transform.svg import SvgRenderer
from imgsvc.transform.theming import Theming
from imgsvc.vision.theming import PageTheming

KINDS = ("bytes", "file")


@contextlib.contextmanager
def in_file(data: bytes) -> Iterator[FileRange]:
    """Lay *data* into a file without a name, as spools do."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield FileRange(file.fileno(), 0, len(data))


@contextlib.contextmanager
def laid(kind: str, data: bytes) -> Iterator[Body]:
    """Give *data* as one of the :data:`KINDS`."""
    if kind == "bytes":
        yield data
    else:
        with in_file(data) as body:
            yield body


def descriptors() -> set[str]:
    """What this process has open."""
    with contextlib.suppress(OSError):
        return {name for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")}  # noqa: PTH110, PTH208 - a path would open one more
    return set()


class RecordingAdmission:
    """Notes who asks and who gives back; lets nobody in before *open*, and refuses with *error* where there is one."""

    def __init__(self, *, is_open: bool = True, error: Exception | None = None, most_bytes: float = math.inf) -> None:
        self._most_bytes = most_bytes
        self.asked: list[int] = []
        self.held = self.released = 0
        self.open = asyncio.Event()
        self.on_release: Callable[[], None] = lambda: None
        self._error = error
        if is_open:
            self.open.set()

    async def admit(self, estimate_bytes: int) -> "RecordingAdmission":
        self.asked.append(estimate_bytes)
        await self.open.wait()
        if self._error is not None:
            raise self._error
        self.held += 1
        return self

    def could_admit(self, estimate_bytes: int) -> bool:
        return estimate_bytes <= self._most_bytes

    def release(self) -> None:
        self.on_release()
        self.held -= 1
        self.released += 1


class Writer(threading.Thread):
    """Writes into a pipe, a piece at a time, until all is written or nobody reads."""

    def __init__(self, data: bytes, *, piece_bytes: int = 65536, closes: bool = True) -> None:
        super().__init__(name="writer", daemon=True)
        self.reading_end, self.writing_end = os.pipe()
        self.broken = False
        self._data = data
        self._piece_bytes = piece_bytes
        self._closes = closes
        self.start()

    def run(self) -> None:
        try:
            for at in range(0, len(self._data), self._piece_bytes):
                os.write(self.writing_end, self._data[at : at + self._piece_bytes])
        except BrokenPipeError:
            self.broken = True
        finally:
            if self._closes:
                os.close(self.writing_end)

    async def ended(self) -> None:
        """Wait until it has; that it ever does is what is tested."""
        await asyncio.to_thread(self.join, 60)
        assert not self.is_alive()


@contextlib.asynccontextmanager
async def opened(
    svg: SvgRenderer | None = None,
    admission: RecordingAdmission | None = None,
    theming: Theming | None = None,
    **values,
) -> AsyncIterator[TransformPool]:
    """Open a pool, and make sure afterwards that it left nothing behind."""
    before = set(threading.enumerate())
    theming = theming or PageTheming()
    async with TransformPool(TransformSettings(**values), svg, admission=admission, theming=theming) as pool:
        yield pool
    statistics = pool.statistics()
    assert (statistics.queued, statistics.running, statistics.looking, statistics.piping) == (0, 0, 0, 0)
    assert not [t for t in set(threading.enumerate()) - before if t.name.startswith("transform")]
    assert admission is None or admission.held == 0


async def admitted_for_a_moment(pool: TransformPool, admission: RecordingAdmission) -> None:
    """Let what waits at a closed *admission* go on, with almost no time from then on."""
    await until(lambda: admission.asked)
    pool._work._timeout_seconds = 0.05
    admission.open.set()


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until *condition* holds."""
    while not condition():
        await asyncio.sleep(0)
