"""Routes whose handlers, and the services behind them, a start does not wait for."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.typedefs import Handler

from imgsvc.services.later import Later
from imgsvc.web.appkeys import Services
from imgsvc.web.paths import (
    CANDIDATES_PATH,
    INVERT_PATH,
    LOGO_PATHS,
    PAGE_DATA_PATH,
    SHARE_IMAGE_PATH,
    VALIDATE_PATH,
)

if TYPE_CHECKING:
    from imgsvc.services.annexe import Annexe

Key = tuple[str, str]
"""Method and path."""

GET_PATHS = (*LOGO_PATHS, CANDIDATES_PATH, INVERT_PATH, PAGE_DATA_PATH, SHARE_IMAGE_PATH)


class LateHandlers:
    """
    The handlers of logos and share pictures; one object an application.

    Requests that come before they are loaded have that begun, and wait for it.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._handlers: Later[Mapping[Key, Handler]] = Later(self._make)
        services.health.expect(lambda: self._handlers.has_failed)

    def routes(self) -> list[web.RouteDef]:
        """All routes of the families."""
        gets = [web.get(path, partial(self._answer, ("GET", path))) for path in GET_PATHS]
        return [*gets, web.post(VALIDATE_PATH, partial(self._answer, ("POST", VALIDATE_PATH)))]

    async def load(self) -> None:
        """Load them, if nobody has."""
        await self._handlers.get()

    async def close(self, _app: web.Application) -> None:
        """Wait for a loading under way."""
        await self._handlers.aclose()

    async def _answer(self, key: Key, request: web.Request) -> web.StreamResponse:
        handlers = await self._handlers.get()
        return await handlers[key](request)

    async def _make(self, _stack: AsyncExitStack) -> Mapping[Key, Handler]:
        annexe = await self._services.annexe.get()
        return await asyncio.to_thread(_load, self._services, annexe)


def _load(services: Services, annexe: "Annexe") -> Mapping[Key, Handler]:
    from imgsvc.web.handlers.inversion import InversionHandlers  # noqa: PLC0415 - see the module
    from imgsvc.web.handlers.logos import LogoHandlers  # noqa: PLC0415
    from imgsvc.web.handlers.pages import PageHandlers  # noqa: PLC0415
    from imgsvc.web.handlers.sharing import ShareHandlers  # noqa: PLC0415
    from imgsvc.web.handlers.verdicts import VerdictHandlers  # noqa: PLC0415

    families = (
        LogoHandlers(services, annexe.logos), InversionHandlers(services, annexe.logos),
        VerdictHandlers(services, annexe.logos), PageHandlers(services, annexe.pages),
        ShareHandlers(services, annexe.sharing),
    )  # fmt: skip
    return {(route.method, route.path): route.handler for family in families for route in family.routes()}
