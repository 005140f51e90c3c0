"""Routes that are there before their handlers."""

import asyncio

from aiohttp.test_utils import TestClient, TestServer

from imgsvc.app import composition, open_services
from imgsvc.settings import Settings
from imgsvc.web import late as late_module
from imgsvc.web.late import LateHandlers
from imgsvc.web.routes import make_application
from tests.support.origin import ScriptedOrigin
from tests.support.service import environment, running_service


async def test_every_route_has_its_handler(tmp_path):
    """What is routed is what the handlers say they answer, by method and path: no more and no less."""
    async with ScriptedOrigin() as origin, running_service(tmp_path, origin.port) as service:
        late = LateHandlers(service.opened.services)
        handlers = await late._handlers.get()

        assert handlers.keys() == {(route.method, route.path) for route in late.routes()}
        await late.close(None)


async def test_many_first_requests_at_once(tmp_path):
    """The first requests of all routes wait for one loading, and each is answered by its own handler."""
    async with ScriptedOrigin() as origin, running_service(tmp_path, origin.port) as service:
        asked = [
            "/api/logo?website=nobody.test",
            "/api/og-image?title=Hello",
            "/api/logo/candidates?website=",
        ]
        answers = await asyncio.gather(*(service.raw("GET", path) for path in asked * 3))

        assert [answer.status for answer in answers] == [200, 200, 400] * 3


def broken(*_):
    raise ImportError("no such library")


async def test_handlers_that_cannot_be_loaded(tmp_path, monkeypatch):
    """Health says so, not only of the services behind them, until a request has them loaded after all."""
    async with ScriptedOrigin() as origin, running_service(tmp_path, origin.port) as service:
        with monkeypatch.context() as patch:
            patch.setattr(late_module, "_load", broken)
            refused = await service.raw("GET", "/api/og-image?title=Hello")
        before = service.opened.services.health.report()
        answer = await service.raw("GET", "/api/og-image?title=Hello")

        assert (refused.status, before.reasons) == (500, ("incomplete",))
        assert (answer.status, service.opened.services.health.report().reasons) == (200, ())


async def test_figures_of_services_that_cannot_be_loaded(tmp_path, monkeypatch):
    """Who watches sees all else, and that something is missing; the figures are there once a try goes well."""
    async with (
        open_services(Settings.from_env(environment(tmp_path, 1))) as opened,
        TestClient(TestServer(make_application(opened.services))) as client,
    ):

        async def seen() -> tuple[bool, bool, set[str]]:
            text = await (await client.get("/metrics")).text()
            figures = await (await client.get("/api/health/metrics")).json()
            is_incomplete = 'imgsvc_health_reason{reason="incomplete"} 1.0' in text
            return is_incomplete, "imgsvc_logo_searches_total 0.0" in text, {*figures["logos"]}

        with monkeypatch.context() as patch:
            patch.setattr(composition, "_make_annexe", broken)
            without = await seen()
        whole = await seen()

    assert without == (True, False, set())
    assert whole == (False, True, {"keeper"})
