"""Other servers, each a process of its own as the service is, in the same session: a busy system shares by sessions."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.process import ROOT, python_environment


@asynccontextmanager
async def child(
    arguments: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program with its standard error in *log* and its output in a pipe; it is told to end with the block."""
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *arguments, cwd=ROOT, env=python_environment(env or {}), stdout=asyncio.subprocess.PIPE, stderr=file
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
        process._transport.close()
