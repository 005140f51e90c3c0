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
    """

    def __init__(self, services: Services) -> None:
        self._writer = ThreadPoolExecutor(1, "metrics")
        self._figures = Figures(services.metrics, services.health, services.traffic)
        self._traffic = services.traffic

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [web.get("/metrics", self.get)]

    async def get(self, request: web.Request) -> web.Response:
        """Read all figures in one moment, and write them in a thread."""
        figures, times, accept = self._figures.current(), self._traffic.times(), request.headers.get("Accept")
        writing = asyncio.get_running_loop().run_in_executor(self._writer, _render, figures, times, accept)
        text, content_type = await writing
        return web.Response(body=text, headers=NO_STORE | {"Content-Type": content_type, "Vary": "Accept"})

    async def close(self, _app: web.Application) -> None:
        """End the thread, once the last answer is out."""
        self._writer.shutdown(wait=False)


def _render(figures: Mapping[str, Any], times: Iterable[Times], accept: str | None) -> tuple[bytes, str]:
    # Loaded by the first who asks, for it takes longer than all else that a start does not need.
    from imgsvc.web.prometheus.text import render  # noqa: PLC0415

    return render(figures, times, accept)
