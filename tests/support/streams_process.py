"""Large sources and the service in a process of its own."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.large import SMALL_THRESHOLD
from tests.support.origin import ScriptedOrigin
from tests.support.process import ServiceProcess, service_process
from tests.support.service import IMAGES, Answer, environment


def streaming_process(folder: Path, origin: ScriptedOrigin, **env: str) -> AbstractAsyncContextManager[ServiceProcess]:
    """Start a service to which 100 KB are large; budgets are its own again, not those of the tests' process."""
    settings = environment(folder, origin.port, **(SMALL_THRESHOLD | env))
    if "IMAGE_RAM_BUDGET_BYTES" not in env:
        settings["IMAGE_RAM_BUDGET_BYTES"] = str(512 << 20)
    return service_process(folder, **settings)


async def ask(
    session: aiohttp.ClientSession, base_url: str, url: str, *, method: str = "GET", headers: Any = None, **query: Any
) -> Answer:
    """Ask for a picture."""
    parameters = {"url": url} | {name: str(value) for name, value in query.items()}
    async with session.request(method, base_url + IMAGES, params=parameters, headers=headers) as answer:
        return Answer(answer.status, answer.headers, await answer.read())


def files(folder: Path) -> list[str]:
    """All files of a store, temporaries included."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


async def exit_code(service: ServiceProcess, seconds: float) -> int:
    """Wait for the end of the process, no longer than so."""
    async with asyncio.timeout(seconds):
        return await service.process.wait()
