"""What handlers find in the application: services, and nothing else."""

from dataclasses import dataclass

from aiohttp import web

from imgsvc.services.access import AccessService
from imgsvc.services.health import HealthService
from imgsvc.services.images import ImageService
from imgsvc.services.limits import RateLimits
from imgsvc.services.logos.service import LogoService
from imgsvc.services.metrics import MetricsService
from imgsvc.services.outgoing import Outgoing
from imgsvc.services.purge import PurgeService
from imgsvc.services.refreshes import Refreshes
from imgsvc.services.tagging import Tagging
from imgsvc.settings import ServerSettings
from imgsvc.web.clients import Clients
from imgsvc.web.metrics import Latencies


@dataclass(frozen=True, slots=True)
class Services:
    """All services a handler may call, and how the server shall answer; without *limits* there are none."""

    images: ImageService
    logos: LogoService
    purges: PurgeService
    refreshes: Refreshes
    tagging: Tagging
    limits: RateLimits | None
    clients: Clients
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
