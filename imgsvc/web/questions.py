"""
Requests already understood.

Parsing and checking one request costs more than finding its answer in memory, and comes out the same each time: it
depends on the request's target, four headers and the settings. What is remembered is bounded by count and length; a
signature's end is looked at each time.
"""

from collections.abc import Callable
from functools import lru_cache

from aiohttp import web
from msgspec import Struct
from msgspec.structs import force_setattr
from multidict import istr

from imgsvc.model.freshness import STALE_WHILE_REVALIDATE_SECONDS
from imgsvc.services.access import AccessService, Grant
from imgsvc.services.answers import ImageRequest
from imgsvc.web.params import Hints, ImageQuestion, parse_image_query
from imgsvc.web.remembered import Fingerprint, Remembered
from imgsvc.web.terms import Terms

CH_WIDTH = istr("Sec-CH-Width")

ALIKE = 256
"""What is said of answers for the sake of how they were asked for is the same of most, and kept once."""


class Understood(Struct, frozen=True):
    """
    A request that was parsed and granted.

    Attributes:
        for_next: whether it came by Next's own route.
        refresh: what became of the refresh that was asked for; empty = none was.
        headers: worked out, as *terms*: those that say what decided and what was ignored, finished.
        terms: what its answer says for the sake of all that.
    """

    question: ImageQuestion
    grant: Grant
    request: ImageRequest
    for_next: bool = False
    refresh: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    terms: Terms = Terms()

    def __post_init__(self) -> None:
        question = self.question
        # Words of a client that nobody vouches for name nothing.
        tag = ("tag",) if question.tags and question.sig is None else ()
        headers = _headers(question.vary, (*question.ignored, *tag), self.refresh)
        force_setattr(self, "headers", headers)
        stale_seconds = self.request.stale_seconds
        force_setattr(self, "terms", _terms(headers, self.grant.expires_at, self.for_next, stale_seconds))


@lru_cache(ALIKE)
def _headers(vary: tuple[str, ...], ignored: tuple[str, ...], refresh: str) -> tuple[tuple[str, str], ...]:
    named = (("Vary", vary), ("X-Ignored-Params", ignored), ("X-Refresh", (refresh,) if refresh else ()))
    return tuple((name, ", ".join(texts)) for name, texts in named if texts)


@lru_cache(ALIKE)
def _terms(
    headers: tuple[tuple[str, str], ...],
    expires_at: int | None,
    for_next: bool,  # noqa: FBT001 - by position: one name less to be looked up by
    stale_seconds: int,
) -> Terms:
    return Terms(headers, expires_at, for_next=for_next, stale_seconds=stale_seconds)


Parse = Callable[[web.Request, Hints], ImageQuestion]
"""Understands a request of one route, by headers that may decide beside it; the same each time."""


def by_url(*, width_ladder: bool, site_url: str | None = None, relative: bool = False) -> Parse:
    """
    Make what understands requests that name their source in the query.

    Args:
        width_ladder: whether widths of unsigned requests snap to the ladder.
        site_url: where relative URLs belong.
        relative: whether the route takes them.
    """

    def parse(request: web.Request, hints: Hints) -> ImageQuestion:
        query = request.rel_url.raw_query_string
        return parse_image_query(query, hints, site_url=site_url, relative=relative, ladder=width_ladder)

    return parse


class Questions:
    """
    Understands the requests of one route.

    Args:
        access: decides who may ask.
        parse: takes requests apart.
        site_url: the site whose pictures are allowed on this route; None = there is none.
        for_next: whether it is Next's own route.
        stale_seconds: for how long past their end its answers may be given while their source is asked behind.
    """

    def __init__(
        self,
        access: AccessService,
        parse: Parse,
        *,
        site_url: str | None = None,
        for_next: bool = False,
        stale_seconds: int = STALE_WHILE_REVALIDATE_SECONDS,
    ) -> None:
        self._access = access
        self._parse = parse
        self._site_url = site_url
        self._for_next = for_next
        self._stale_seconds = stale_seconds
        self._remembered: Remembered[Understood] = Remembered(CH_WIDTH)

    def understand(self, request: web.Request) -> Understood:
        """
        Parse and grant *request*, or remember having done so.

        Raises:
            InvalidRequest, SourceForbidden: it is wrong, or its source is not for this client.
        """
        return self._remembered.understood(request, self._understand, self.is_current)

    def is_current(self, known: Understood) -> bool:
        """Whether the leave that a request was granted still holds."""
        return self._access.is_current(known.grant)

    def _understand(self, request: web.Request, fingerprint: Fingerprint) -> Understood:
        question = self._parse(request, Hints(*fingerprint[1:]))
        grant = self._access.check(
            request.rel_url.raw_path,
            question.pairs,
            question.source,
            signed=question.sig is not None,
            site=self._site_url,
        )
        tags = frozenset(question.tags if question.sig is not None else ())
        wanted = ImageRequest(question.source, question.spec, tags, self._stale_seconds)
        return Understood(question, grant, wanted, self._for_next)
