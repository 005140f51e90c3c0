"""The whole service for one command: opened, and closed again with everything stored."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from imgsvc.app import Opened, open_services
from imgsvc.settings import Settings


@asynccontextmanager
async def opened_service(settings: Settings) -> AsyncIterator[Opened]:
    """
    Open everything for the block; the address at which a running service would listen is no source here either.

    Raises:
        SettingsError: the service cannot be opened.
    """
    async with open_services(settings) as opened:
        opened.guard.listening(settings.server.host, settings.server.port)
        yield opened
