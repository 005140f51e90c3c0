"""``/api/health`` and what is below it: what balancers and operators ask, answered without waiting for anybody."""

import msgspec
from aiohttp import web

from imgsvc.services.health import Status
from imgsvc.web.admin import require_admin
from imgsvc.web.answers import NO_STORE, Live, RecentAnswer
from imgsvc.web.appkeys import Services
from imgsvc.web.figures import Figures


class HealthHandlers:
    """The route family's handlers."""

    def __init__(self, services: Services) -> None:
        self._health = services.health
        self._annexe = services.annexe
        self._figures = Figures(services.metrics, services.health, services.traffic)
        self._recent = services.recent
        self._server = services.server

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [
            web.get("/api/health", self.get),
            web.get("/api/health/live", self.live),
            web.get("/api/health/metrics", self.metrics),
            web.get("/api/health/requests", self.requests),
        ]

    async def get(self, _request: web.Request) -> web.Response:
        """Say whether to send requests here."""
        report = self._health.report()
        status = 503 if report.status is Status.UNHEALTHY else 200
        headers = NO_STORE | ({"Retry-After": "5"} if status == 503 else {})  # noqa: PLR2004 - the status just chosen
        return web.json_response(msgspec.to_builtins(report), status=status, headers=headers)

    async def live(self, _request: web.Request) -> web.Response:
        """Say that the loop runs."""
        return web.json_response(Live(status="live"), headers=NO_STORE)

    async def metrics(self, _request: web.Request) -> web.Response:
        """Give all figures; who asks before all that has some is loaded waits, or does without what cannot be."""
        await self._annexe.attempt()
        return web.json_response(self._figures.document(), headers=NO_STORE)

    async def requests(self, request: web.Request) -> web.Response:
        """Tell the bearer of the admin token of the last requests; they are URLs of other people."""
        require_admin(request, self._server)
        entries = [] if self._recent is None else self._recent.entries()
        return web.json_response(RecentAnswer(requests=entries), headers=NO_STORE)
