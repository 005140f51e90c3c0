"""From a request that is understood to its answer: what all routes for pictures have in common."""

import time
from collections.abc import Callable
from functools import partial

from aiohttp import web
from msgspec.structs import replace

from imgsvc.services.answers import Served
from imgsvc.services.limits import Allowance
from imgsvc.services.refreshes import Refresh
from imgsvc.web.admin import is_admin
from imgsvc.web.appkeys import REPEATABLE, SUBJECT, Services
from imgsvc.web.loops import refuse_loops
from imgsvc.web.questions import Questions, Understood
from imgsvc.web.repeatable import Found, Repeatable
from imgsvc.web.responses import answer
from imgsvc.web.terms import Terms


class ImageAnswers:
    """Asks the spine and answers; one object a family of routes."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._images = services.images
        self._lookup = services.images.lookup_again

    async def answer(self, request: web.Request, questions: Questions) -> web.StreamResponse:
        """
        Answer a request of the route that *questions* understands.

        Raises:
            ImgsvcError: what it, the source or the load of this process forbids.
        """
        refuse_loops(request, self._services.access)
        understood = questions.understand(request)
        if understood.question.refresh:
            understood = await self._refreshed(request, understood)
        source = request[SUBJECT] = understood.request.source
        began = time.perf_counter()
        served = self._images.lookup(understood.request)
        memory_seconds = time.perf_counter() - began
        server = self._services.server
        if served is not None:
            if understood.request.tags:
                served = self._services.tagging.note(understood.request, served)
            elif not understood.refresh:
                if source == served.blob.source:
                    request[SUBJECT] = served.blob.source  # the same, which is kept already
                request[REPEATABLE] = self._repeatable(understood, served)
            return await answer(request, served, understood.terms, server, memory_seconds)
        return await self._found(request, understood, memory_seconds)

    def _repeatable(self, understood: Understood, served: Served) -> Repeatable:
        """Keep of a request what memory is asked by, in the words of what it gave."""
        blob, grant, stale_seconds = served.blob, understood.grant, understood.request.stale_seconds
        is_current = None if grant.expires_at is None else partial(self._services.access.is_current, grant)
        lookup = partial(_again, self._lookup, blob.key, blob.source.url, stale_seconds, understood.terms)
        return Repeatable.of(served, lookup, is_current, kept_bytes=0, by_memory_alone=is_current is None)

    async def _found(self, request: web.Request, understood: Understood, memory_seconds: float) -> web.StreamResponse:
        """Answer what memory does not have."""
        services = self._services
        served = await self._images.find(understood.request, self._allowance(request, understood))
        try:
            if understood.request.tags and served.blob.shareable:
                served = services.tagging.note(understood.request, served)
            return await answer(request, served, understood.terms, services.server, memory_seconds)
        finally:
            served.let_go()

    async def _refreshed(self, request: web.Request, understood: Understood) -> Understood:
        """Have the source fetched anew first, if the client may ask for that."""
        if not is_admin(request, self._services.server):
            return replace(understood, refresh=Refresh.IGNORED)
        return replace(understood, refresh=await self._services.refreshes.refresh(understood.request.source))

    def _allowance(self, request: web.Request, understood: Understood) -> Allowance | None:
        """Give what the client may have fetched: without an end what the operator has listed."""
        return None if understood.grant.is_listed else self._services.allowance(request)


def _again(
    lookup: Callable[[str, str, int], Served | None], key: str, url: str, stale_seconds: int, terms: Terms
) -> Found | None:
    served = lookup(key, url, stale_seconds)
    return None if served is None else (served, terms)
