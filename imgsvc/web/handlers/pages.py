"""``/api/og-data``: what a page says of itself to whoever shares it."""

import time
from functools import partial

from aiohttp import web

from imgsvc.model.source import Source
from imgsvc.services.opengraph.service import PageService
from imgsvc.web.appkeys import REPEATABLE, SUBJECT, Services
from imgsvc.web.loops import refuse_loops
from imgsvc.web.opengraph.questions import PageQuestions
from imgsvc.web.paths import PAGE_DATA_PATH
from imgsvc.web.repeatable import Found, Repeatable
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
        terms = Terms((("X-Ignored-Params", ", ".join(question.ignored)),) if question.ignored else ())
        began = time.perf_counter()
        found = self._lookup(question.page, terms)
        memory_seconds = time.perf_counter() - began
        if found is None:
            served = await self._pages.find(question.page, services.allowance(request))
        else:
            served, _ = found
            request[REPEATABLE] = Repeatable.of(served, partial(self._lookup, question.page, terms), in_cache=False)
        return await answer(request, served, terms, services.server, memory_seconds)

    def _lookup(self, page: Source, terms: Terms) -> Found | None:
        served = self._pages.lookup(page)
        return None if served is None else (served, terms)
