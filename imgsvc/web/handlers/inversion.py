"""``/api/logo/invert``: a logo, or any picture, adapted to the page that it is shown on."""

import time
from functools import partial

from aiohttp import web

from imgsvc.services.answers import ImageRequest
from imgsvc.services.limits import Allowance
from imgsvc.services.logos.service import LogoService
from imgsvc.web.appkeys import REPEATABLE, SUBJECT, Services
from imgsvc.web.logos.answering import LogoAnswers
from imgsvc.web.logos.headers import terms_of_picture
from imgsvc.web.logos.parameters import INVERT
from imgsvc.web.logos.questions import LogoQuestions, LogoUnderstood
from imgsvc.web.loops import refuse_loops
from imgsvc.web.paths import INVERT_PATH
from imgsvc.web.repeatable import Found, Repeatable
from imgsvc.web.responses import answer


class InversionHandlers:
    """The route's handler."""

    def __init__(self, services: Services, logos: LogoService) -> None:
        self._services = services
        self._answers = LogoAnswers(services, logos)
        self._questions = LogoQuestions(INVERT, logos.subject, services.access, width_ladder=services.width_ladder)

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [web.get(INVERT_PATH, self.get)]

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Answer the adapted picture, with what was seen of it in the headers."""
        refuse_loops(request, self._services.access)
        understood = self._questions.understand(request)
        if understood.picture is None:
            return await self._answers.answer(request, understood)
        return await self._picture(request, understood, understood.picture)

    async def _picture(
        self, request: web.Request, understood: LogoUnderstood, wanted: ImageRequest
    ) -> web.StreamResponse:
        request[SUBJECT] = wanted.source
        began = time.perf_counter()
        found = self._lookup(understood, wanted)
        memory_seconds = time.perf_counter() - began
        if found is not None:
            again = partial(self._lookup, understood, wanted)
            request[REPEATABLE] = Repeatable.of(found[0], again, partial(self._questions.is_current, understood))
            return await answer(request, *found, self._services.server, memory_seconds)
        served = await self._services.images.find(wanted, self._allowance(request, understood))
        try:
            terms = terms_of_picture(understood, served)
            return await answer(request, served, terms, self._services.server, memory_seconds)
        finally:
            served.let_go()

    def _lookup(self, understood: LogoUnderstood, wanted: ImageRequest) -> Found | None:
        served = self._services.images.lookup(wanted)
        return None if served is None else (served, terms_of_picture(understood, served))

    def _allowance(self, request: web.Request, understood: LogoUnderstood) -> Allowance | None:
        """Give what the client may have fetched: without an end what the operator has listed."""
        is_listed = understood.grant is not None and understood.grant.is_listed
        return None if is_listed else self._services.allowance(request)
