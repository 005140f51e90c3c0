"""Logo requests already understood, as :mod:`imgsvc.web.questions` has them of pictures."""

from typing import Protocol

from aiohttp import web
from msgspec import Struct

from imgsvc.services.access import AccessService, Grant
from imgsvc.services.answers import ImageRequest
from imgsvc.services.logos.answers import LogoRequest, Subject
from imgsvc.web.header_names import COLOUR_SCHEME
from imgsvc.web.layout import Hints
from imgsvc.web.logos.parameters import Shape
from imgsvc.web.logos.params import LogoQuestion, parse_logo_query
from imgsvc.web.remembered import Fingerprint, Remembered


class Subjects(Protocol):
    """Tells whose logo a text means."""

    def __call__(self, text: str, *, param: str) -> Subject:
        """
        Read *text*, which came as *param*.

        Raises:
            BadDomain: it names nothing that could have a logo.
        """


class LogoUnderstood(Struct, frozen=True):
    """
    A request that was parsed, and granted where it needs to be.

    Attributes:
        logo: what is asked for; None = a company, which has to be found first, or a picture.
        picture: what is asked for instead of a logo.
        grant: leave to serve that.
    """

    question: LogoQuestion
    logo: LogoRequest | None = None
    picture: ImageRequest | None = None
    grant: Grant | None = None


class LogoQuestions:
    """
    Understands the requests of one route.

    Args:
        shape: how it is asked.
        subjects: tells whose logo a website's is; the same each time.
        access: decides who may ask for which picture.
        width_ladder: whether sides of unsigned requests snap to the ladder.
    """

    def __init__(self, shape: Shape, subjects: Subjects, access: AccessService, *, width_ladder: bool = False) -> None:
        self._width_ladder = width_ladder
        self._shape = shape
        self._subjects = subjects
        self._access = access
        self._remembered: Remembered[LogoUnderstood] = Remembered(COLOUR_SCHEME)

    def understand(self, request: web.Request) -> LogoUnderstood:
        """
        Parse and grant *request*, or remember having done so.

        Raises:
            InvalidRequest, SourceForbidden: it is wrong, or its picture is not for this client.
        """
        return self._remembered.understood(request, self._understand, self.is_current)

    def is_current(self, known: LogoUnderstood) -> bool:
        """Whether the leave that a request was granted, if it needs one, still holds."""
        return known.grant is None or self._access.is_current(known.grant)

    def _understand(self, request: web.Request, fingerprint: Fingerprint) -> LogoUnderstood:
        accept, save_data, dpr, colour_scheme = fingerprint[1:]
        hints, url = Hints(accept, save_data, dpr, colour_scheme=colour_scheme), request.rel_url
        website = request.match_info.get("domain")
        question = parse_logo_query(
            url.raw_query_string, hints, self._shape, website=website, ladder=self._width_ladder
        )
        if question.source is not None:
            grant = self._access.check(url.raw_path, question.pairs, question.source, signed=question.is_signed)
            return LogoUnderstood(question, picture=ImageRequest(question.source, question.spec), grant=grant)
        if question.company:
            return LogoUnderstood(question)
        return LogoUnderstood(question, question.about(self._subjects(question.website, param=question.param)))
