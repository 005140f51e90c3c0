"""``/metrics``: the figures for Prometheus."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from imgsvc.web.appkeys import Services
from imgsvc.web.figures import Figures
from imgsvc.web.handlers.health import NO_STORE
from imgsvc.web.metrics import Times


class MetricsHandlers:
    """The route family's handlers."""

    def __init__(self, services: Services) -> None:
        self._figures = Figures(services.metrics, services.health, services.traffic)
        self._traffic = services.traffic

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [web.get("/metrics", self.get)]

    async def get(self, request: web.Request) -> web.Response:
        """Read all figures in one moment, and write them in a thread."""
        figures, times, accept = self._figures.current(), self._traffic.times(), request.headers.get("Accept")
        text, content_type = await asyncio.to_thread(_render, figures, times, accept)
        return web.Response(body=text, headers=NO_STORE | {"Content-Type": content_type, "Vary": "Accept"})


def _render(figures: Mapping[str, Any], times: Iterable[Times], accept: str | None) -> tuple[bytes, str]:
    # Loaded by the first who asks, for it takes longer than all else that a start does not need.
    from imgsvc.web.prometheus.text import render  # noqa: PLC0415

    return render(figures, times, accept)
