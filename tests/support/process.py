"""The service as users run it: ``python -m imgsvc`` in a process of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

ROOT = Path(__file__).parents[2]
LAST_CHARS = 4000


class ServiceProcess:
    """A running ``imgsvc serve``; *base_url* is what it said it listens on."""

    def __init__(self, process: asyncio.subprocess.Process, lines: list[str]) -> None:
        self.process = process
        self.lines = lines

    @property
    def base_url(self) -> str:
        return self.lines[-1].rpartition(" ")[2].strip()

    @property
    def port(self) -> int:
        return int(self.base_url.rpartition(":")[2])

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and give the exit code."""
        self.process.send_signal(number)
        async with asyncio.timeout(60):
            return await self.process.wait()


def python_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of a child: the way to Python, nothing of ours, and *env*."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
    return kept | {"PYTHONPATH": str(ROOT)} | dict(env)


@asynccontextmanager
async def service_process(folder: Path, *arguments: str, **env: str) -> AsyncIterator[ServiceProcess]:
    """
    Start ``python -m imgsvc serve`` in *folder* on a free port, wait until it listens, and end it in any case.

    What it logs is in *folder*; the last of it is printed where it ends otherwise than in good order.
    """
    with NamedTemporaryFile(dir=folder, suffix=".log") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "imgsvc", "serve", "--port", "0", *arguments,
            cwd=folder, env=python_environment(env), stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip
        try:
            async with listening(process) as service:
                yield service
        finally:
            if process.returncode not in (0, -signal.SIGKILL):
                sys.stderr.write(Path(log.name).read_text()[-LAST_CHARS:])  # pytest shows it with the failure


@asynccontextmanager
async def listening(process: asyncio.subprocess.Process) -> AsyncIterator[ServiceProcess]:
    """Wait until *process*, a service, says that it listens, and end it in any case."""
    try:
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        yield ServiceProcess(process, [line])
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        process._transport.close()


async def run(folder: Path, *arguments: str, **env: str) -> tuple[int, str, str]:
    """Run one command to its end; give exit code, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "imgsvc", *arguments,
        cwd=folder, env=python_environment(env), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()
