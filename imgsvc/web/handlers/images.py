"""``/api/cache/images`` and ``/_next/image``: any picture, resized and re-encoded."""

from aiohttp import web

from imgsvc.web.admin import require_admin
from imgsvc.web.answering import ImageAnswers
from imgsvc.web.answers import NO_STORE, Removed
from imgsvc.web.appkeys import Services
from imgsvc.web.params import Hints, parse_image_query
from imgsvc.web.questions import Questions, by_url

IMAGES_PATH = "/api/cache/images"
NEXT_PATH = "/_next/image"


class ImageHandlers:
    """The route family's handlers; one object an application."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._answers = ImageAnswers(services)
        ladder, site_url = services.width_ladder, services.server.site_url
        self._questions = Questions(services.access, by_url(width_ladder=ladder))
        self._next_questions = Questions(
            services.access,
            by_url(width_ladder=ladder, site_url=site_url, relative=True),
            site_url=site_url,
            for_next=True,
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
        return await self._answers.answer(request, self._questions)

    async def get_next(self, request: web.Request) -> web.StreamResponse:
        """Answer a picture under Next's own route, with Next's own cache header."""
        return await self._answers.answer(request, self._next_questions)

    async def delete(self, request: web.Request) -> web.Response:
        """Remove a source and all made from it."""
        require_admin(request, self._services.server)
        question = parse_image_query(request.rel_url.raw_query_string, Hints())
        removed = await self._services.purges.remove(question.source)
        return web.json_response(Removed(removed=removed), headers=NO_STORE)
