"""``/api/cache/images`` and ``/_next/image``: any picture, resized and re-encoded."""

import hmac
import time

from aiohttp import web
from multidict import istr

from imgsvc.errors import ObjectNotFound, Unauthorized
from imgsvc.services.answers import Served, Tier
from imgsvc.web.appkeys import NOTES, Services
from imgsvc.web.params import Hints, parse_image_query
from imgsvc.web.questions import Questions
from imgsvc.web.responses import answer

IMAGES_PATH = "/api/cache/images"
NEXT_PATH = "/_next/image"
VIA = istr("Via")


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
        self._require_admin(request)
        question = parse_image_query(request.rel_url.raw_query_string, Hints())
        removed = await self._images.purge(question.source)
        return web.json_response({"removed": removed}, headers={"Cache-Control": "no-store"})

    async def _answer(self, request: web.Request, questions: Questions) -> web.StreamResponse:
        if VIA in request.headers:
            # A proxy may add a field of its own instead of lengthening ours (RFC 9110 §5.3).
            self._services.access.refuse_own(", ".join(request.headers.getall(VIA)))
        understood = questions.understand(request)
        began = time.perf_counter()
        blob = self._images.lookup(understood.request)
        memory_seconds = time.perf_counter() - began
        server = self._services.server
        if blob is not None:
            return await answer(request, Served(blob, Tier.MEMORY, hit=True), understood, server, memory_seconds)
        request[NOTES] = {"source": understood.request.source.loggable}
        served = await self._images.find(understood.request)
        try:
            return await answer(request, served, understood, server, memory_seconds)
        finally:
            served.let_go()

    def _require_admin(self, request: web.Request) -> None:
        """
        Let only the bearer of the admin token pass.

        Raises:
            ObjectNotFound: no token is set, so there is no such route.
            Unauthorized: another token, or none, was given.
        """
        token = self._services.server.admin_token
        if token is None:
            raise ObjectNotFound("There is nothing here; admin routes need IMGSVC_ADMIN_TOKEN to be set.")
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token.get_secret_value().encode())
        if scheme.lower() != "bearer" or not right:
            raise Unauthorized("This route needs the bearer token set by IMGSVC_ADMIN_TOKEN.")
