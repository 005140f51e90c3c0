"""``/metrics``: the figures for Prometheus."""

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp import web

from imgsvc.web.answers import NO_STORE
from imgsvc.web.appkeys import Services
from imgsvc.web.figures import Figures
from imgsvc.web.metrics import Times


class MetricsHandlers:
    """
    The route family's handlers.

    Pages are written in a thread of their own, begun by the first: they shall come when all others wait for a disk.
    One is written at a time, for all who want it alike meanwhile: a thousand who ask at once cost little more than one.
    """

    def __init__(self, services: Services) -> None:
        self._writer = ThreadPoolExecutor(1, "metrics")
        self._annexe = services.annexe
        self._figures = Figures(services.metrics, services.health, services.traffic)
        self._traffic = services.traffic
        self._turn = asyncio.Lock()
        self._writing: dict[str, asyncio.Task[tuple[bytes, str]]] = {}

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [web.get("/metrics", self.get)]

    async def get(self, request: web.Request) -> web.Response:
        """Answer the page that is being written for such a client, or have one written."""
        accept = request.headers.get("Accept", "")
        writing = self._writing.get(accept)
        if writing is None:
            writing = self._writing[accept] = asyncio.create_task(self._write(accept))
            writing.add_done_callback(lambda _: self._writing.pop(accept))
        text, content_type = await asyncio.shield(writing)
        return web.Response(body=text, headers=NO_STORE | {"Content-Type": content_type, "Vary": "Accept"})

    async def _write(self, accept: str) -> tuple[bytes, str]:
        """Read all figures in one moment, and write them in the thread."""
        await self._annexe.attempt()
        async with self._turn:
            figures, times = self._figures.current(), self._traffic.times()
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._writer, _render, figures, times, accept)

    async def close(self, _app: web.Application) -> None:
        """End the thread, once the last answer is out."""
        self._writer.shutdown(wait=False)


def _render(figures: Mapping[str, Any], times: Iterable[Times], accept: str) -> tuple[bytes, str]:
    # Loaded by the first who asks, for it takes longer than all else that a start does not need.
    from imgsvc.web.prometheus.text import render  # noqa: PLC0415

    return render(figures, times, accept)
