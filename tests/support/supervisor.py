"""The service as systemd starts it: with a socket that listens already, and somebody who wants to know."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.process import ServiceProcess, listening, python_environment
from tests.support.sandbox import sandboxed

# Runs in the child, so that LISTEN_PID is its own number: descriptor 3 is the socket, whatever it was here.
_HAND_OVER = """
import os, sys
descriptor = int(sys.argv[1])
if descriptor != 3:
    os.dup2(descriptor, 3)
    os.close(descriptor)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def supervised(
    command: list[str], folder: Path, descriptor: int, env: Mapping[str, str]
) -> asyncio.Future[asyncio.subprocess.Process]:
    """Start *command* in *folder* with *descriptor* handed over as the first of one."""
    return asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            sys.executable, "-c", _HAND_OVER, str(descriptor), *command, pass_fds=(descriptor,),
            cwd=folder, env=python_environment(env), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )
    )  # fmt: skip


@asynccontextmanager
async def supervised_service(
    folder: Path, taken: socket.socket, *arguments: str, unit: Path | None = None, **env: str
) -> AsyncIterator[ServiceProcess]:
    """Start ``imgsvc serve`` on *taken*, wait until it listens, and end it in any case; *unit* is its sandbox."""
    command = [sys.executable, "-m", "imgsvc", "serve", *arguments]
    process = await supervised(sandboxed(unit, command) if unit else command, folder, taken.fileno(), env)
    async with listening(process) as service:
        yield service


def children(pid: int) -> list[int]:
    """Numbers of the processes that *pid*'s threads started and that still run."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(number) for task in tasks for number in task.read_text().split()]


def holds(pid: int, taken: socket.socket) -> bool:
    """Whether process *pid* has *taken* open."""
    wanted = Path(f"socket:[{os.fstat(taken.fileno()).st_ino}]")
    return any(link.readlink() == wanted for link in Path(f"/proc/{pid}/fd").iterdir())
