"""``/api/cache/images`` and ``/_next/image``: any picture, resized and re-encoded."""

import time
from dataclasses import replace

from aiohttp import web

from imgsvc.services.limits import Allowance
from imgsvc.services.refreshes import Refresh
from imgsvc.web.admin import is_admin, require_admin
from imgsvc.web.appkeys import NOTES, Services
from imgsvc.web.loops import refuse_loops
from imgsvc.web.params import Hints, parse_image_query
from imgsvc.web.questions import Questions, Understood
from imgsvc.web.responses import answer

IMAGES_PATH = "/api/cache/images"
NEXT_PATH = "/_next/image"


class ImageHandlers:
    """The route family's handlers; one object an application."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._images = services.images
        self._questions = Questions(services.access, width_ladder=services.width_ladder)
        self._next_questions = Questions(
            services.access, width_ladder=services.width_ladder, site_url=services.server.site_url, relative=True
        )

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [
            web.get(IMAGES_PATH, self.get),
            web.delete(IMAGES_PATH, self.delete),
            web.get(NEXT_PATH, self.get_next),
        ]

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Answer a picture."""
        return await self._answer(request, self._questions)

    async def get_next(self, request: web.Request) -> web.StreamResponse:
        """Answer a picture under Next's own route, with Next's own cache header."""
        return await self._answer(request, self._next_questions)

    async def delete(self, request: web.Request) -> web.Response:
        """Remove a source and all made from it."""
        require_admin(request, self._services.server)
        question = parse_image_query(request.rel_url.raw_query_string, Hints())
        removed = await self._services.purges.remove(question.source)
        return web.json_response({"removed": removed}, headers={"Cache-Control": "no-store"})

    async def _answer(self, request: web.Request, questions: Questions) -> web.StreamResponse:
        refuse_loops(request, self._services.access)
        understood = questions.understand(request)
        if understood.question.refresh:
            understood = await self._refreshed(request, understood)
        began = time.perf_counter()
        served = self._images.lookup(understood.request)
        memory_seconds = time.perf_counter() - began
        server = self._services.server
        if served is not None:
            if understood.request.tags:
                self._services.tagging.note(understood.request, served.blob)
            return await answer(request, served, understood.terms, server, memory_seconds)
        return await self._found(request, understood, memory_seconds)

    async def _found(self, request: web.Request, understood: Understood, memory_seconds: float) -> web.StreamResponse:
        """Answer what memory does not have."""
        services = self._services
        request[NOTES] = {"source": understood.request.source.loggable}
        served = await self._images.find(understood.request, self._allowance(request, understood))
        try:
            if understood.request.tags and served.blob.shareable:
                services.tagging.note(understood.request, served.blob)
            return await answer(request, served, understood.terms, services.server, memory_seconds)
        finally:
            served.let_go()

    async def _refreshed(self, request: web.Request, understood: Understood) -> Understood:
        """Have the source fetched anew first, if the client may ask for that."""
        if not is_admin(request, self._services.server):
            return replace(understood, refresh=Refresh.IGNORED)
        return replace(understood, refresh=await self._services.refreshes.refresh(understood.request.source))

    def _allowance(self, request: web.Request, understood: Understood) -> Allowance | None:
        """Give what the client may have fetched: without an end what the operator has listed."""
        limits = self._services.limits
        if limits is None or understood.grant.is_listed:
            return None
        return Allowance(limits, self._services.clients.of(request))
