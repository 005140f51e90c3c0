"""What handlers find in the application: services, and nothing else."""

from dataclasses import dataclass

from aiohttp import web

from imgsvc.services.access import AccessService
from imgsvc.services.health import HealthService
from imgsvc.services.images import ImageService
from imgsvc.services.metrics import MetricsService
from imgsvc.services.outgoing import Outgoing
from imgsvc.settings import ServerSettings
from imgsvc.web.metrics import Latencies


@dataclass(frozen=True, slots=True)
class Services:
    """All services a handler may call, and how the server shall answer."""

    images: ImageService
    access: AccessService
    health: HealthService
    metrics: MetricsService
    latencies: Latencies
    outgoing: Outgoing
    server: ServerSettings
    width_ladder: bool
    demo: bool


SERVICES = web.AppKey("services", Services)
REQUEST_ID = web.RequestKey("request_id", str)
NOTES = web.RequestKey("notes", dict)
"""What the access log says of a request beside what HTTP says: the source, the tier."""
