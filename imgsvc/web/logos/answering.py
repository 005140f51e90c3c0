"""From a logo request that was understood to its answer."""

import time

from aiohttp import web

from imgsvc.services.logos.answers import LogoRequest, LogoServed, Subject
from imgsvc.services.logos.service import LogoService
from imgsvc.web.admin import is_admin
from imgsvc.web.appkeys import REPEATABLE, SUBJECT, Services
from imgsvc.web.logos.headers import terms_of_logo
from imgsvc.web.logos.params import LogoQuestion
from imgsvc.web.logos.questions import LogoUnderstood
from imgsvc.web.repeatable import Found, Repeatable
from imgsvc.web.responses import answer
from imgsvc.web.terms import Terms


class LogoAnswers:
    """Answers logo requests, whatever route they came by."""

    def __init__(self, services: Services, logos: LogoService) -> None:
        self._services = services
        self._logos = logos

    async def subject(self, request: web.Request, understood: LogoUnderstood) -> Subject:
        """Tell whose logo is wanted, and note it; a company may have to be looked up."""
        if understood.logo is not None:
            subject = understood.logo.subject
        else:
            subject = await self._logos.company(understood.question.company, self._services.allowance(request))
        request[SUBJECT] = _loggable(subject)
        return subject

    async def answer(self, request: web.Request, understood: LogoUnderstood) -> web.StreamResponse:
        """Answer with a logo, or with what stands in for it."""
        question = understood.question
        subject = await self.subject(request, understood)
        wanted = understood.logo or question.about(subject)
        refresh = await self._refreshed(request, wanted) if question.refresh else ""
        began = time.perf_counter()
        found = self._logos.lookup(wanted)
        memory_seconds = time.perf_counter() - began
        if found is None:
            found = await self._logos.find(wanted, self._services.allowance(request))
        elif understood.logo is not None and not refresh:
            request[REPEATABLE] = Repeatable.of(found.served, _Again(self._logos, understood.logo, question))
        return await self._sent(request, question, found, refresh, memory_seconds)

    async def _sent(
        self, request: web.Request, question: LogoQuestion, found: LogoServed, refresh: str, memory_seconds: float
    ) -> web.StreamResponse:
        try:
            terms = terms_of_logo(question, found, refresh)
            return await answer(request, found.served, terms, self._services.server, memory_seconds)
        finally:
            found.served.let_go()

    async def _refreshed(self, request: web.Request, wanted: LogoRequest) -> str:
        """Have the logo looked for anew, as far as the client may ask for that."""
        return await self._logos.refresh(
            wanted.subject, self._services.allowance(request), is_admin=is_admin(request, self._services.server)
        )


class _Again:
    """
    Looks a logo up once more; what is said of it is worked out anew only where that may be something else.

    Args:
        wanted: what is looked up.
        question: as it was understood.
    """

    def __init__(self, logos: LogoService, wanted: LogoRequest, question: LogoQuestion) -> None:
        self._logos = logos
        self._wanted = wanted
        self._question = question
        self._about: tuple[object, ...] | None = None
        self._terms = Terms()

    def __call__(self) -> Found | None:
        """Give the answer and its terms, if memory has it."""
        found = self._logos.lookup(self._wanted)
        if found is None:
            return None
        blob = found.served.blob
        about = (
            blob.source, blob.meta.look, found.source, found.domain, found.url, found.fresh_until, found.is_fallback,
            found.look,
        )  # fmt: skip
        if about != self._about:
            self._about, self._terms = about, terms_of_logo(self._question, found)
        return found.served, self._terms


def _loggable(subject: Subject) -> str:
    """Name the site; the name of a company is a client's text, and says no more than that there was one."""
    return "company" if subject.domain is None else subject.domain.host
