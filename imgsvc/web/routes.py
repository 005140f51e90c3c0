"""Every route on one screen, and the application that has them."""

from aiohttp import web

from imgsvc.web.appkeys import SERVICES, Services
from imgsvc.web.handlers.console import ConsoleHandlers
from imgsvc.web.handlers.demo import DemoHandlers
from imgsvc.web.handlers.documentation import DocumentationHandlers
from imgsvc.web.handlers.health import HealthHandlers
from imgsvc.web.handlers.images import ImageHandlers
from imgsvc.web.handlers.metrics import MetricsHandlers
from imgsvc.web.handlers.proxies import ProxyHandlers
from imgsvc.web.handlers.purge import PurgeHandlers
from imgsvc.web.late import LateHandlers

LATE = web.AppKey("late", LateHandlers)


def make_application(services: Services) -> web.Application:
    """
    Put routes and services together.

    =============================  =======================
    ``/api/cache/images``          GET, HEAD, DELETE
    ``/_next/image``               GET, HEAD
    ``/api/purge``                 POST
    ``/api/twitter-image/{path}``  GET, HEAD
    ``/api/assets/{assetId}``      GET, HEAD
    ``/api/logo``                  GET, HEAD
    ``/api/logo/invert``           GET, HEAD
    ``/api/logo/candidates``       GET, HEAD
    ``/api/validate-logo``         POST
    ``/logo/{domain}``             GET, HEAD
    ``/s2/favicons``               GET, HEAD
    ``/icon``                      GET, HEAD
    ``/api/og-data``               GET, HEAD
    ``/api/og-image``              GET, HEAD
    ``/api/health``                GET, HEAD
    ``/api/health/live``           GET, HEAD
    ``/api/health/metrics``        GET, HEAD
    ``/api/health/requests``       GET, HEAD
    ``/metrics``                   GET, HEAD
    ``/openapi.json``              GET, HEAD
    ``/docs``                      GET, HEAD
    ``/``                          GET, HEAD
    ``/console/{name}``            GET, HEAD
    ``/demo/``, ``/demo/{name}``   GET, HEAD; demo only
    =============================  =======================
    """
    app = web.Application()
    app[SERVICES] = services
    app.add_routes(ImageHandlers(services).routes())
    late = app[LATE] = LateHandlers(services)
    app.add_routes(late.routes())
    app.on_cleanup.append(late.close)
    app.add_routes(PurgeHandlers(services).routes())
    app.add_routes(ProxyHandlers(services).routes())
    app.add_routes(HealthHandlers(services).routes())
    app.add_routes(DocumentationHandlers().routes())
    metrics = MetricsHandlers(services)
    app.add_routes(metrics.routes())
    app.on_cleanup.append(metrics.close)
    app.add_routes(ConsoleHandlers(demo=services.demo).routes())
    if services.demo:
        app.add_routes(DemoHandlers().routes())
    return app
