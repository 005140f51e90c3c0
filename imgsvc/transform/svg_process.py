"""One process that draws SVG, seen from the service: started, asked, killed, reaped."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Self, cast

from msgspec import Struct

from imgsvc.transform import svg_worker
from imgsvc.transform.svg_task import SvgTask
from imgsvc.transform.svg_worker import ANSWER, DRAWN, READY, REQUEST, RGBA_BYTES
from imgsvc.transform.typefaces import FONTS, VARIABLE


class WorkerDied(Exception):
    """The process ended, or answered out of order, instead of doing what it was asked."""


class WorkerAnswer(Struct, frozen=True):
    """
    What came of one request.

    Attributes:
        pixels: RGBA, or None when the document cannot be drawn.
        resident_bytes: of the process, after the work, by its own account.
    """

    pixels: bytes | None
    resident_bytes: int


class SvgProcess:
    """
    A running worker; made by :meth:`spawn`, ended by :meth:`kill` and :meth:`reap`, which its owner must call.

    It takes one request at a time. After an exception, cancellation included, it is out of step: kill it.
    """

    def __init__(self, process: Process, pixels_fd: int) -> None:
        self._process = process
        self._pixels_fd = pixels_fd
        self._reading: asyncio.Future[bytes] | None = None
        self._conversation = asyncio.Lock()
        # There, because both were asked for as pipes.
        self._stdin = cast("asyncio.StreamWriter", process.stdin)
        self._stdout = cast("asyncio.StreamReader", process.stdout)

    @classmethod
    async def spawn(cls) -> Self:
        """
        Start a worker (Linux: memfd, proc); :meth:`wait_ready` before it is asked for anything.

        Raises:
            OSError: the system gives no process.
        """
        pixels_fd = os.memfd_create("svg-pixels")
        try:
            return cls(await _start(pixels_fd), pixels_fd)
        except BaseException:
            os.close(pixels_fd)
            raise

    async def wait_ready(self) -> None:
        """
        Wait until it has loaded its libraries and given up what it does not need.

        Raises:
            WorkerDied: it ended instead.
        """
        async with self._conversation:
            if await self._read(len(READY)) != READY:
                raise WorkerDied

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """False once its end is known."""
        return self._process.returncode is None

    async def draw(self, task: SvgTask, cpu_seconds: int) -> WorkerAnswer:
        """
        Have a document drawn.

        Raises:
            WorkerDied: the process ended, or its answer is none.
        """
        async with self._conversation:
            head = REQUEST.pack(len(task.document), task.width_px, task.height_px, cpu_seconds)
            await self._write(head, task.document)
            status, resident_bytes = ANSWER.unpack(await self._read(ANSWER.size))
            pixels = await self._take_pixels(task.pixels * RGBA_BYTES) if status == DRAWN else None
        return WorkerAnswer(pixels, resident_bytes)

    def kill(self) -> None:
        """End it at once; does nothing to one that has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)

    async def reap(self) -> None:
        """Wait for its end and close pipes and file; after :meth:`kill` that takes no time to speak of."""
        self._stdin.close()
        try:
            # Whoever is still being answered learns of the end first: a stream has one reader at a time.
            async with self._conversation:
                with contextlib.suppress(ConnectionError):
                    await self._process.communicate()
        finally:
            if self._reading:  # a file that a thread reads must not be closed: its number may be another's by then
                await asyncio.wait((self._reading,))
            os.close(self._pixels_fd)

    async def _write(self, *parts: bytes) -> None:
        try:
            self._stdin.writelines(parts)
            await self._stdin.drain()
        except ConnectionError as error:
            raise WorkerDied from error

    async def _read(self, count: int) -> bytes:
        try:
            return await self._stdout.readexactly(count)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise WorkerDied from error

    async def _take_pixels(self, count: int) -> bytes:
        self._reading = asyncio.get_running_loop().run_in_executor(None, _take, self._pixels_fd, count)
        pixels = await asyncio.shield(self._reading)
        if len(pixels) != count:
            raise WorkerDied  # never believe a process that strangers' input has been in
        return pixels


async def _start(pixels_fd: int) -> Process:
    # By file, not by module name: the package around it, and all that imports, stays out. -E and -P: no PYTHON*
    # variables, and the file's own folder is not searched for modules. A session of its own: Ctrl-C in a terminal is
    # for the service, which then ends its worker.
    return await asyncio.create_subprocess_exec(
        sys.executable, "-E", "-P", svg_worker.__file__, str(pixels_fd), stdin=PIPE, stdout=PIPE, stderr=DEVNULL,
        env=_environment(), pass_fds=(pixels_fd,), start_new_session=True,
    )  # fmt: skip


def _take(pixels_fd: int, count: int) -> bytes:
    """Read *count* bytes and give their memory back to the system; in a thread."""
    pixels = os.pread(pixels_fd, count, 0)
    os.ftruncate(pixels_fd, 0)
    return pixels


def _environment() -> dict[str, str]:
    """Give the few variables a worker needs, and no secret of the service's."""
    return {
        "PATH": os.defpath,
        "HOME": os.path.expanduser("~"),  # noqa: PTH111 - fontconfig's cache; Path.home() raises where there is none
        VARIABLE: str(FONTS),
        "VIPS_CONCURRENCY": "1",
        # Each arena of malloc reserves 64 MiB of the address space the worker is given 512 of.
        "MALLOC_ARENA_MAX": "1",
    }
