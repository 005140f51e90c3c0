"""``/api/og-data``: what a page says of itself to whoever shares it."""

import time

from aiohttp import web

from imgsvc.services.opengraph.service import PageService
from imgsvc.web.appkeys import SUBJECT, Services
from imgsvc.web.loops import refuse_loops
from imgsvc.web.opengraph.questions import PageQuestions
from imgsvc.web.paths import PAGE_DATA_PATH
from imgsvc.web.responses import answer
from imgsvc.web.terms import Terms


class PageHandlers:
    """The route's handler."""

    def __init__(self, services: Services, pages: PageService) -> None:
        self._services = services
        self._pages = pages
        self._questions = PageQuestions()

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [web.get(PAGE_DATA_PATH, self.data)]

    async def data(self, request: web.Request) -> web.StreamResponse:
        """Answer a page's data."""
        services = self._services
        refuse_loops(request, services.access)
        question = self._questions.understand(request)
        request[SUBJECT] = question.page.host
        began = time.perf_counter()
        served = self._pages.lookup(question.page)
        memory_seconds = time.perf_counter() - began
        if served is None:
            served = await self._pages.find(question.page, services.allowance(request))
        ignored = (("X-Ignored-Params", ", ".join(question.ignored)),) if question.ignored else ()
        return await answer(request, served, Terms(ignored), services.server, memory_seconds)
