"""Routes that are there before their handlers."""

import asyncio

from imgsvc.web import late as late_module
from imgsvc.web.late import LateHandlers
from tests.support.origin import ScriptedOrigin
from tests.support.service import running_service


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


async def test_handlers_that_cannot_be_loaded(tmp_path, monkeypatch):
    """Health says so, not only of the services behind them, until a request has them loaded after all."""

    def broken(*_):
        raise ImportError("no such library")

    async with ScriptedOrigin() as origin, running_service(tmp_path, origin.port) as service:
        with monkeypatch.context() as patch:
            patch.setattr(late_module, "_load", broken)
            refused = await service.raw("GET", "/api/og-image?title=Hello")
        before = service.opened.services.health.report()
        answer = await service.raw("GET", "/api/og-image?title=Hello")

        assert (refused.status, before.reasons) == (500, ("incomplete",))
        assert (answer.status, service.opened.services.health.report().reasons) == (200, ())
