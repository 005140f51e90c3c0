"""``/api/validate-logo``: whether a picture is one of those that stand for any site."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from imgsvc.errors import ImgsvcError, UnusableSource
from imgsvc.services.logos.answers import Verdict
from imgsvc.services.logos.service import LogoService
from imgsvc.web.answers import NO_STORE, VerdictAnswer
from imgsvc.web.appkeys import Services
from imgsvc.web.logos.uploads import IMAGE, UploadRoom, read_submission
from imgsvc.web.loops import refuse_loops
from imgsvc.web.paths import VALIDATE_PATH

_PLACES = 3


class VerdictHandlers:
    """The route's handler."""

    def __init__(self, services: Services, logos: LogoService) -> None:
        self._services = services
        self._access = services.access
        self._logos = logos
        self._room = UploadRoom()

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [web.post(VALIDATE_PATH, self.post)]

    async def post(self, request: web.Request) -> web.Response:
        """Judge a picture that was sent or named."""
        refuse_loops(request, self._access)
        with self._room.visit() as visit:
            submitted = await read_submission(request, visit)
            if submitted.source is None:
                with _named(IMAGE):
                    verdict = await self._logos.judge(submitted.data)
            else:
                verdict = await self._logos.judge_url(submitted.source, self._services.allowance(request))
        return web.json_response(verdict_to_json(verdict), headers=NO_STORE)


@contextmanager
def _named(param: str) -> Iterator[None]:
    """Let what is wrong with a picture be said of the field that it was sent in, and kept by nobody."""
    try:
        yield
    except ImgsvcError as error:
        error.param = None if error.param is None else param
        if isinstance(error, UnusableSource):
            error.was_sent = True
        raise


def verdict_to_json(verdict: Verdict) -> VerdictAnswer:
    """Write a verdict; what says nothing is left out."""
    answer = VerdictAnswer(isGlobeIcon=verdict.is_generic)
    if verdict.reason:
        answer["reason"] = verdict.reason
    if confidence := round(verdict.confidence, _PLACES):
        answer["confidence"] = confidence
    if similarity := round(verdict.similarity, _PLACES):
        answer["similarity"] = similarity
    if verdict.name:
        answer["matched"] = verdict.name
    return answer
