"""Requests for share pictures and page data already understood, as :mod:`imgsvc.web.questions` has them of pictures."""

from aiohttp import web
from msgspec import Struct

from imgsvc.errors import ImgsvcError, SourceForbidden
from imgsvc.opengraph.keys import SHARE_PREFIX
from imgsvc.services.access import AccessService, Grant
from imgsvc.services.opengraph.answers import ShareRequest
from imgsvc.web.opengraph.params import PageQuestion, parse_page_query
from imgsvc.web.opengraph.share_params import ShareQuestion, parse_share_query
from imgsvc.web.remembered import Fingerprint, Remembered

PUBLIC_PREFIXES = (SHARE_PREFIX, "images/logos/")
"""What lies there was found on public pages, and needs no signature here."""

_NO_GRANT = Grant(is_listed=False)


class ShareUnderstood(Struct, frozen=True):
    """
    A request for a share picture that was parsed, and granted as far as it needs to be.

    Attributes:
        asked: what is asked for; the same object for the same request.
        grant: leave to fetch its source as a picture, or none.
        headers: what the answer says of the question.
    """

    asked: ShareRequest
    grant: Grant
    headers: tuple[tuple[str, str], ...]


class ShareQuestions:
    """
    Understands requests for share pictures.

    Args:
        access: decides who may ask for which picture.
    """

    def __init__(self, access: AccessService) -> None:
        self._access = access
        self._remembered: Remembered[ShareUnderstood] = Remembered()

    def understand(self, request: web.Request) -> ShareUnderstood:
        """
        Parse *request*, or remember having done so.

        Raises:
            InvalidRequest: it is wrong.
        """
        return self._remembered.understood(request, self._understand, self.is_current)

    def is_current(self, known: ShareUnderstood) -> bool:
        """Whether the leave that a request was granted still holds."""
        return self._access.is_current(known.grant)

    def _understand(self, request: web.Request, fingerprint: Fingerprint) -> ShareUnderstood:
        question = parse_share_query(request.rel_url.raw_query_string, fingerprint[1])
        grant, refusal = self._granted(request.rel_url.raw_path, question)
        asked = ShareRequest(
            source=question.source, asset_id=question.asset_id, refusal=refusal, is_listed=grant.is_listed,
            spec=question.spec, network=question.network, kind=question.kind, title=question.title,
            subtitle=question.subtitle,
        )  # fmt: skip
        said = (("Vary", question.vary), ("X-Ignored-Params", question.ignored))
        return ShareUnderstood(asked, grant, tuple((name, ", ".join(texts)) for name, texts in said if texts))

    def _granted(self, path: str, question: ShareQuestion) -> tuple[Grant, ImgsvcError | None]:
        """Say whether the source may be fetched as a picture; a page may be anybody's."""
        source = question.source
        if question.missing is not None or source.is_generated or (source.object_key or "").startswith(PUBLIC_PREFIXES):
            return Grant(), question.missing
        try:
            return self._access.check(path, question.pairs, source, signed=question.is_signed), None
        except SourceForbidden as error:
            return _NO_GRANT, error


class PageQuestions:
    """Understands requests for page data."""

    def __init__(self) -> None:
        self._remembered: Remembered[PageQuestion] = Remembered()

    def understand(self, request: web.Request) -> PageQuestion:
        """
        Parse *request*, or remember having done so.

        Raises:
            InvalidRequest: it is wrong.
        """
        return self._remembered.understood(request, lambda asked, _: parse_page_query(asked.rel_url.raw_query_string))
