"""``/openapi.json`` and ``/docs``: what this service can be asked, for machines and for people."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from imgsvc.web.appkeys import SERVICES
from imgsvc.web.conditional import not_modified
from imgsvc.web.handlers.demo import own_origin
from imgsvc.web.responses import IF_NONE_MATCH
from imgsvc.web.sending import Headers, send_bytes

DOCUMENT_PATH = "/openapi.json"
PAGE_PATH = "/docs"

CACHE_CONTROL = "public, max-age=300"
"""Another version of the service may answer differently, and comes without notice."""


@dataclass(frozen=True, slots=True)
class Made:
    """A document with its finished headers."""

    body: bytes
    etag: str
    headers: Headers


Make = Callable[[dict[str, Any]], Made]


class DocumentationHandlers:
    """
    The routes' handlers.

    Both documents are made from the routes of the application, by the first request for each and in a thread: what
    they are made of is imported then, and costs a start nothing.
    """

    def __init__(self) -> None:
        self._made: dict[Make, Made] = {}
        self._making = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [web.get(DOCUMENT_PATH, self.document), web.get(PAGE_PATH, self.page)]

    async def document(self, request: web.Request) -> web.StreamResponse:
        """Answer the OpenAPI document."""
        return await self._answer(request, _make_document)

    async def page(self, request: web.Request) -> web.StreamResponse:
        """Answer the page that shows it."""
        return await self._answer(request, _make_page)

    async def _answer(self, request: web.Request, make: Make) -> web.StreamResponse:
        async with self._making:
            if make not in self._made:
                self._made[make] = await asyncio.to_thread(lambda: make(described(request)))
        made = self._made[make]
        tags = request.headers.getall(IF_NONE_MATCH, None)
        if tags is not None and not_modified(", ".join(tags), None, made.etag, 0):
            return web.Response(status=304, headers=[pair for pair in made.headers if pair[0] != "Content-Type"])
        return await send_bytes(request, 200, made.headers, made.body)


def described(request: web.Request) -> dict[str, Any]:
    """Describe the routes of the application that is asked; with the demo, examples are pictures that are there."""
    from imgsvc.web.openapi.document import make_document  # noqa: PLC0415 - see the class

    every = request.app.router.routes()
    routes = [(route.method, route.resource.canonical) for route in every if route.resource is not None]
    if not request.app[SERVICES].demo:
        return make_document(routes)
    return make_document(routes, f"{own_origin(request)}/demo/landscape.jpg")


def _make_document(document: dict[str, Any]) -> Made:
    return _finished(json.dumps(document, ensure_ascii=False).encode(), "application/json", [])


def _make_page(document: dict[str, Any]) -> Made:
    from imgsvc.web.openapi.page import CONTENT_SECURITY_POLICY, make_page  # noqa: PLC0415

    policy = ("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    return _finished(make_page(document), "text/html; charset=utf-8", [policy])


def _finished(body: bytes, media_type: str, headers: Headers) -> Made:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    said = [
        ("Content-Type", media_type), ("ETag", etag), ("Cache-Control", CACHE_CONTROL),
        ("X-Content-Type-Options", "nosniff"),
    ]  # fmt: skip
    return Made(body, etag, [*said, *headers])
