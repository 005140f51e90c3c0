"""
Requests already understood.

Parsing and checking one request costs more than finding its answer in memory, and comes out the same each time: it
depends on the request's target, four headers and the settings. What is remembered is bounded by count and length; a
signature's end is looked at each time.
"""

from dataclasses import dataclass, field

from aiohttp import web
from multidict import istr

from imgsvc.services.access import AccessService, Grant
from imgsvc.services.answers import ImageRequest
from imgsvc.web.params import Hints, ImageQuestion, parse_image_query
from imgsvc.web.remembered import Fingerprint, Remembered, fingerprint_of
from imgsvc.web.terms import Terms

CH_WIDTH = istr("Sec-CH-Width")


@dataclass(frozen=True, slots=True)
class Understood:
    """
    A request that was parsed and granted.

    Attributes:
        for_next: whether it came by Next's own route.
        refresh: what became of the refresh that was asked for; empty = none was.
        headers: those that say what decided and what was ignored, finished.
        terms: what its answer says for the sake of all that.
    """

    question: ImageQuestion
    grant: Grant
    request: ImageRequest
    for_next: bool = False
    refresh: str = ""
    headers: tuple[tuple[str, str], ...] = field(init=False)
    terms: Terms = field(init=False)

    def __post_init__(self) -> None:
        question = self.question
        # Words of a client that nobody vouches for name nothing.
        tag = ("tag",) if question.tags and question.sig is None else ()
        refresh = (self.refresh,) if self.refresh else ()
        named = (("Vary", question.vary), ("X-Ignored-Params", (*question.ignored, *tag)), ("X-Refresh", refresh))
        headers = tuple((name, ", ".join(texts)) for name, texts in named if texts)
        object.__setattr__(self, "headers", headers)
        object.__setattr__(self, "terms", Terms(headers, self.grant.expires_at, for_next=self.for_next))


class Questions:
    """
    Understands the requests of one route.

    Args:
        access: decides who may ask.
        width_ladder: whether widths of unsigned requests snap to the ladder.
        site_url: where relative URLs belong; None = they are refused.
    """

    def __init__(
        self, access: AccessService, *, width_ladder: bool, site_url: str | None = None, relative: bool = False
    ) -> None:
        self._access = access
        self._width_ladder = width_ladder
        self._site_url = site_url
        self._relative = relative
        self._remembered: Remembered[Understood] = Remembered()

    def understand(self, request: web.Request) -> Understood:
        """
        Parse and grant *request*, or remember having done so.

        Raises:
            InvalidRequest, SourceForbidden: it is wrong, or its source is not for this client.
        """
        fingerprint = fingerprint_of(request, CH_WIDTH)
        known = self._remembered.get(fingerprint)
        if known is None or not self._access.is_current(known.grant):
            known = self._understand(request, fingerprint)
            self._remembered.keep(fingerprint, known)
        return known

    def _understand(self, request: web.Request, fingerprint: Fingerprint) -> Understood:
        question = parse_image_query(
            request.rel_url.raw_query_string,
            Hints(*fingerprint[1:]),
            site_url=self._site_url,
            relative=self._relative,
            ladder=self._width_ladder,
        )
        grant = self._access.check(
            request.rel_url.raw_path,
            question.pairs,
            question.source,
            signed=question.sig is not None,
            site=self._site_url if self._relative else None,
        )
        tags = frozenset(question.tags if question.sig is not None else ())
        return Understood(question, grant, ImageRequest(question.source, question.spec, tags), self._relative)
