"""
Requests already understood.

Parsing and checking one request costs more than finding its answer in memory, and comes out the same each time: it
depends on the request's target, four headers and the settings. What is remembered is bounded by count and length; a
signature's end is looked at each time.
"""

from dataclasses import dataclass, field

from aiohttp import web
from cachetools import LRUCache
from multidict import istr

from imgsvc.services.access import AccessService, Grant
from imgsvc.services.answers import ImageRequest
from imgsvc.web.params import Hints, ImageQuestion, parse_image_query

REMEMBERED = 2048
REMEMBERED_CHARS = 2048
"""Longer requests are understood anew each time: what is remembered shall stay at some ten megabytes at the worst."""

# Folded once here instead of at every look-up.
ACCEPT, SAVE_DATA = istr("Accept"), istr("Save-Data")
CH_DPR, CH_WIDTH = istr("Sec-CH-DPR"), istr("Sec-CH-Width")

_Fingerprint = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Understood:
    """
    A request that was parsed and granted.

    Attributes:
        for_next: whether it came by Next's own route.
        refresh: what became of the refresh that was asked for; empty = none was.
        headers: those that say what decided and what was ignored, finished.
    """

    question: ImageQuestion
    grant: Grant
    request: ImageRequest
    for_next: bool = False
    refresh: str = ""
    headers: tuple[tuple[str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        question = self.question
        # Words of a client that nobody vouches for name nothing.
        tag = ("tag",) if question.tags and question.sig is None else ()
        refresh = (self.refresh,) if self.refresh else ()
        named = (("Vary", question.vary), ("X-Ignored-Params", (*question.ignored, *tag)), ("X-Refresh", refresh))
        object.__setattr__(self, "headers", tuple((name, ", ".join(texts)) for name, texts in named if texts))


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
        self._remembered: LRUCache[_Fingerprint, Understood] = LRUCache(REMEMBERED)

    def understand(self, request: web.Request) -> Understood:
        """
        Parse and grant *request*, or remember having done so.

        Raises:
            InvalidRequest, SourceForbidden: it is wrong, or its source is not for this client.
        """
        headers = request.headers
        fingerprint = (
            request.raw_path,
            ", ".join(headers.getall(ACCEPT, ())),
            headers.get(SAVE_DATA, ""),
            headers.get(CH_DPR, ""),
            headers.get(CH_WIDTH, ""),
        )
        known = self._remembered.get(fingerprint)
        if known is None or not self._access.is_current(known.grant):
            known = self._understand(request, fingerprint)
            if sum(map(len, fingerprint)) <= REMEMBERED_CHARS:
                self._remembered[fingerprint] = known
        return known

    def _understand(self, request: web.Request, fingerprint: _Fingerprint) -> Understood:
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
