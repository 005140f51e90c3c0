"""``/api/purge``: the operator says what is no longer true."""

from aiohttp import web

from imgsvc.web.admin import require_admin
from imgsvc.web.answers import NO_STORE, Purged
from imgsvc.web.appkeys import Services
from imgsvc.web.instructions import read_instructions
from imgsvc.web.reading import read_body

PURGE_PATH = "/api/purge"
MAX_BODY_BYTES = 256 * 1024


class PurgeHandlers:
    """The route's handler."""

    def __init__(self, services: Services) -> None:
        self._purges = services.purges
        self._server = services.server

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [web.post(PURGE_PATH, self.post)]

    async def post(self, request: web.Request) -> web.Response:
        """Purge by URL, prefix, domain and tag."""
        require_admin(request, self._server)
        instructions = read_instructions(await read_body(request, MAX_BODY_BYTES))
        purged = await self._purges.purge(instructions)
        answer = Purged(purged=purged, mode="hard" if instructions.hard else "soft")
        return web.json_response(answer, headers=NO_STORE)
