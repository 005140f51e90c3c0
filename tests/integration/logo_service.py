"""A real service for logos, in front of a scripted site and scripted services."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pyvips

from tests.support.logos import World, logo_environment
from tests.support.origin import ScriptedOrigin
from tests.support.service import Answer, RunningService, running_service

CHECKED = (
    "ETag", "Last-Modified", "Content-Length", "Cache-Control", "Accept-Ranges", "Cache-Status", "X-Cache", "X-Source",
    "Server-Timing", "X-System-Status", "X-Request-Id", "X-Content-Type-Options", "Content-Security-Policy",
    "Cross-Origin-Resource-Policy", "Timing-Allow-Origin", "Content-Disposition",
)  # fmt: skip


@dataclass
class Running(World):
    """The world, with a real service in front of it."""

    service: RunningService

    async def get(self, path: str = "/api/logo", headers=None, method: str = "GET", **parameters) -> Answer:
        return await self.service.request(method, path, headers, **parameters)


@asynccontextmanager
async def running(tmp_path, **env: str) -> AsyncIterator[Running]:
    async with AsyncExitStack() as stack:
        site, google, duckduckgo = [await stack.enter_async_context(ScriptedOrigin()) for _ in range(3)]
        env = logo_environment(site, google, duckduckgo) | env
        service = await stack.enter_async_context(running_service(tmp_path, site.port, **env))
        yield Running(None, site, google, duckduckgo, service)


def pixels(answer: Answer) -> pyvips.Image:
    return pyvips.Image.new_from_buffer(answer.body, "")


def ink(answer: Answer) -> tuple[float, ...]:
    """Give the mean colour of what is fully visible."""
    image = pixels(answer)
    seen = image[3] > 250
    return tuple(round((image[band] * (seen / 255)).avg() / (seen.avg() / 255)) for band in range(3))
