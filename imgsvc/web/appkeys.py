"""What handlers find in the application: services, and nothing else."""

from typing import TYPE_CHECKING

from aiohttp import web
from msgspec import Struct

from imgsvc.model.source import Source
from imgsvc.services.access import AccessService
from imgsvc.services.annexe import Annexe
from imgsvc.services.assets import Assets
from imgsvc.services.health import HealthService
from imgsvc.services.images import ImageService
from imgsvc.services.later import Later
from imgsvc.services.limits import Allowance, RateLimits
from imgsvc.services.metrics import MetricsService
from imgsvc.services.outgoing import Outgoing
from imgsvc.services.purge import PurgeService
from imgsvc.services.refreshes import Refreshes
from imgsvc.services.table_room import TableRoom
from imgsvc.services.tagging import Tagging
from imgsvc.services.twitter import Twitter
from imgsvc.settings import ServerSettings
from imgsvc.web.clients import Clients
from imgsvc.web.metrics import Traffic
from imgsvc.web.repeatable import Repeatable

if TYPE_CHECKING:
    from imgsvc.web.recent import RecentRequests
    from imgsvc.web.tracing import Tracing


class Services(Struct, frozen=True):
    """
    All services a handler may call, and how the server shall answer.

    Without *limits* there are none, without *tracing* no traces; without *recent* no request is remembered. *repeats*
    is the room of what answers are given again by.
    """

    images: ImageService
    annexe: Later[Annexe]
    purges: PurgeService
    refreshes: Refreshes
    tagging: Tagging
    limits: RateLimits | None
    clients: Clients
    access: AccessService
    assets: Assets
    twitter: Twitter
    health: HealthService
    metrics: MetricsService
    traffic: Traffic
    tracing: "Tracing | None"
    recent: "RecentRequests | None"
    outgoing: Outgoing
    repeats: TableRoom
    server: ServerSettings
    width_ladder: bool
    demo: bool

    def allowance(self, request: web.Request) -> Allowance | None:
        """Give what the client may have fetched, for work that is counted; None = there is no limit."""
        return None if self.limits is None else Allowance(self.limits, self.clients.of(request))


SERVICES = web.AppKey("services", Services)
REQUEST_ID = web.RequestKey("request_id", str)
SUBJECT = web.RequestKey("subject", object)
"""What a request is about, hit or miss: its source, or the host of a site as text."""
REPEATABLE = web.RequestKey("repeatable", Repeatable)
"""How a request was answered from memory, where the same would be answered so again."""


def subject_name(subject: object) -> str | None:
    """Name a request's subject for logs and lists: of a URL no query, which may hold signatures and secrets."""
    if subject is None:
        return None
    return subject.loggable if isinstance(subject, Source) else str(subject)
