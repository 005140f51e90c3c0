"""``/openapi.json`` and ``/docs``: what this service can be asked, for machines and for people."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from imgsvc.web.appkeys import SERVICES
from imgsvc.web.files import OwnFile, answer_file
from imgsvc.web.handlers.demo import own_origin

DOCUMENT_PATH = "/openapi.json"
PAGE_PATH = "/docs"

CACHE_CONTROL = "public, max-age=300"
"""Another version of the service may answer differently, and comes without notice."""

HEADERS = {"Cache-Control": CACHE_CONTROL, "X-Content-Type-Options": "nosniff"}

Make = Callable[[dict[str, Any]], OwnFile]


class DocumentationHandlers:
    """
    The routes' handlers.

    Both documents are made from the routes of the application, by the first request for each and in a thread: what
    they are made of is imported then, and costs a start nothing.
    """

    def __init__(self) -> None:
        self._made: dict[Make, OwnFile] = {}
        self._making = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [web.get(DOCUMENT_PATH, self.document), web.get(PAGE_PATH, self.page)]

    async def document(self, request: web.Request) -> web.StreamResponse:
        """Answer the OpenAPI document."""
        return await answer_file(request, await self._file(request, _make_document), HEADERS)

    async def page(self, request: web.Request) -> web.StreamResponse:
        """Answer the page that shows it."""
        file = await self._file(request, _make_page)
        from imgsvc.web.openapi.page import CONTENT_SECURITY_POLICY  # noqa: PLC0415 - by now it is there

        return await answer_file(request, file, {**HEADERS, "Content-Security-Policy": CONTENT_SECURITY_POLICY})

    async def _file(self, request: web.Request, make: Make) -> OwnFile:
        async with self._making:
            if make not in self._made:
                self._made[make] = await asyncio.to_thread(lambda: make(described(request)))
        return self._made[make]


def described(request: web.Request) -> dict[str, Any]:
    """Describe the routes of the application that is asked; with the demo, examples are pictures that are there."""
    from imgsvc.web.openapi.document import make_document  # noqa: PLC0415 - see the class

    every = request.app.router.routes()
    routes = [(route.method, route.resource.canonical) for route in every if route.resource is not None]
    if not request.app[SERVICES].demo:
        return make_document(routes)
    return make_document(routes, f"{own_origin(request)}/demo/landscape.jpg")


def _make_document(document: dict[str, Any]) -> OwnFile:
    return OwnFile.of("application/json", json.dumps(document, ensure_ascii=False).encode())


def _make_page(document: dict[str, Any]) -> OwnFile:
    from imgsvc.web.openapi.page import make_page  # noqa: PLC0415

    return OwnFile.of("text/html; charset=utf-8", make_page(document))
