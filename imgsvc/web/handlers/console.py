"""``/``: the console, a page that shows what this process does and asks it for pictures."""

import asyncio
from collections.abc import Mapping
from html import escape

from aiohttp import web

from imgsvc.demo import MEDIA_TYPES as SAMPLES
from imgsvc.errors import ObjectNotFound
from imgsvc.web.console_files import PAGE, read_files
from imgsvc.web.files import OwnFile, answer_file
from imgsvc.web.handlers.demo import own_origin

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Kept, and asked for each time whether it still holds: after an upgrade no old script meets a new page.
    "Cache-Control": "no-cache",
}

_NO_SAMPLES = b'data-samples=""'


class ConsoleHandlers:
    """
    The route family's handlers; files are read once, in a thread, when the first is asked for.

    Args:
        demo: whether the page offers the sample pictures.
    """

    def __init__(self, *, demo: bool) -> None:
        self._demo = demo
        self._files: Mapping[str, OwnFile] | None = None
        self._page_of: tuple[str, OwnFile] | None = None

    def routes(self) -> list[web.RouteDef]:
        """All routes of the family."""
        return [web.get("/", self.page), web.get("/console/{name}", self.file)]

    async def page(self, request: web.Request) -> web.StreamResponse:
        """Answer the page; in a demo it knows where the sample pictures are."""
        files = await self._read()
        if not self._demo:
            return await answer_file(request, files[PAGE], HEADERS)
        own = own_origin(request)
        if self._page_of is None or self._page_of[0] != own:
            self._page_of = own, await asyncio.to_thread(_with_samples, files[PAGE], own)
        return await answer_file(request, self._page_of[1], HEADERS)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Answer a file of the page."""
        name = request.match_info["name"]
        file = (await self._read()).get(name)
        if file is None or name == PAGE:
            raise ObjectNotFound("The console has no such file.")
        return await answer_file(request, file, HEADERS)

    async def _read(self) -> Mapping[str, OwnFile]:
        if self._files is None:
            self._files = await asyncio.to_thread(read_files)
        return self._files


def _with_samples(page: OwnFile, origin: str) -> OwnFile:
    urls = " ".join(f"{origin}/demo/{name}" for name in SAMPLES)
    told = f'data-samples="{escape(urls, quote=True)}"'.encode()
    return OwnFile.of(page.media_type, page.plain.body.replace(_NO_SAMPLES, told, 1))
