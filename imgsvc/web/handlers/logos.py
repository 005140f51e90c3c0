"""``/api/logo``, ``/api/logo/candidates``, and the shapes in which other services are asked for logos."""

import time
from functools import partial

from aiohttp import web

from imgsvc.services.logos.service import LogoService
from imgsvc.web.appkeys import Services
from imgsvc.web.logos.answering import LogoAnswers
from imgsvc.web.logos.parameters import CANDIDATES, SHAPES
from imgsvc.web.logos.questions import LogoQuestions
from imgsvc.web.loops import refuse_loops
from imgsvc.web.paths import CANDIDATES_PATH, LOGO_PATHS

EXPLAINED_SECONDS = 300


class LogoHandlers:
    """The route family's handlers; one object an application."""

    def __init__(self, services: Services, logos: LogoService) -> None:
        self._services = services
        self._access = services.access
        self._logos = logos
        self._answers = LogoAnswers(services, logos)
        self._questions = {
            path: LogoQuestions(SHAPES[path], logos.subject, services.access, width_ladder=services.width_ladder)
            for path in LOGO_PATHS
        }
        self._explained = LogoQuestions(CANDIDATES, logos.subject, services.access)

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        shown = [web.get(path, partial(self.get, asked)) for path, asked in self._questions.items()]
        return [*shown, web.get(CANDIDATES_PATH, self.candidates)]

    async def get(self, questions: LogoQuestions, request: web.Request) -> web.StreamResponse:
        """Answer a logo."""
        refuse_loops(request, self._access)
        return await self._answers.answer(request, questions.understand(request))

    async def candidates(self, request: web.Request) -> web.Response:
        """Explain which logo was chosen, and why."""
        refuse_loops(request, self._access)
        understood = self._explained.understand(request)
        subject = await self._answers.subject(request, understood)
        question = understood.question
        allowance = self._services.allowance(request)
        explained = await self._logos.explain(subject, question.size_px, allowance, theme=question.theme)
        # What decides on a picture's format and size decides on nothing here.
        ignored = [pair for pair in question.headers if pair[0] == "X-Ignored-Params"]
        left_seconds = max(0, min(EXPLAINED_SECONDS, int(explained.fresh_until - time.time())))
        headers = [("Cache-Control", f"public, max-age={left_seconds}"), *ignored]
        return web.json_response(explained.facts, headers=headers)
