"""The whole service before a site that declares an icon, and before nothing else that has logos."""

import pytest

from tests.support.origin import ScriptedOrigin
from tests.support.pictures import png, quarters
from tests.support.service import running_service
from tests.unit.web.handlers.asking import OFF

PAGE = b'<!doctype html><head><title>Acme</title><link rel="icon" href="/icon.png" sizes="64x64"></head>'


@pytest.fixture
async def origin():
    async with ScriptedOrigin() as origin:
        origin.serve("/", PAGE, headers={"Content-Type": "text/html"})
        origin.serve("/icon.png", png(quarters(64, 64)))
        yield origin


@pytest.fixture
async def service(origin, tmp_path):
    async with running_service(tmp_path, origin.port, **OFF) as service:
        yield service
