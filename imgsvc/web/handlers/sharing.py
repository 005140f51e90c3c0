"""``/api/og-image``: the picture that stands for a page, a picture, an asset or a stored object."""

import time
from collections.abc import Iterator
from functools import partial

from aiohttp import web

from imgsvc.model.blob import canonical_link
from imgsvc.services.opengraph.answers import Shared
from imgsvc.services.opengraph.sharing import ShareService
from imgsvc.web.appkeys import REPEATABLE, SUBJECT, Services
from imgsvc.web.error_map import code_of
from imgsvc.web.loops import refuse_loops
from imgsvc.web.opengraph.questions import ShareQuestions, ShareUnderstood
from imgsvc.web.paths import SHARE_IMAGE_PATH
from imgsvc.web.repeatable import Found, Repeatable
from imgsvc.web.responses import answer
from imgsvc.web.terms import Terms


class ShareHandlers:
    """The route's handler."""

    def __init__(self, services: Services, sharing: ShareService) -> None:
        self._services = services
        self._sharing = sharing
        self._questions = ShareQuestions(services.access)

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [web.get(SHARE_IMAGE_PATH, self.get)]

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Answer a picture, or the card that stands in for it."""
        services = self._services
        refuse_loops(request, services.access)
        understood = self._questions.understand(request)
        request[SUBJECT] = understood.asked.source
        began = time.perf_counter()
        found = self._lookup(understood)
        memory_seconds = time.perf_counter() - began
        if found is not None:
            again = partial(self._lookup, understood)
            request[REPEATABLE] = Repeatable.of(found[0], again, partial(self._questions.is_current, understood))
            return await answer(request, *found, services.server, memory_seconds)
        shared = await self._sharing.find(understood.asked, services.allowance(request))
        try:
            return await answer(request, shared.served, _terms(understood, shared), services.server, memory_seconds)
        finally:
            shared.served.let_go()

    def _lookup(self, understood: ShareUnderstood) -> Found | None:
        shared = self._sharing.lookup(understood.asked)
        return None if shared is None else (shared.served, _terms(understood, shared))


def _terms(understood: ShareUnderstood, shared: Shared) -> Terms:
    return Terms(
        (*understood.headers, *_headers(shared)),
        expires_at=understood.grant.expires_at,
        fresh_until=shared.fresh_until,
        stands_in=shared.fallback is not None,
    )


def _headers(shared: Shared) -> Iterator[tuple[str, str]]:
    blob = shared.served.blob
    width, height = shared.size_px if shared.size_px and not blob.meta.width else (blob.meta.width, blob.meta.height)
    if width:
        yield "X-Image-Width", str(width)
        yield "X-Image-Height", str(height)
    if shared.url and not blob.source.has_origin and (link := canonical_link(shared.url)) is not None:
        yield "Link", link
    if shared.fallback is not None:
        yield "X-Fallback", code_of(shared.fallback)
