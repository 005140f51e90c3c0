"""The last requests, for the operator alone; kept only where an admin token lets somebody ask for them."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from imgsvc.settings import ServerSettings
from imgsvc.web.answers import RecentRequest
from imgsvc.web.appkeys import SUBJECT, subject_name
from imgsvc.web.header_names import CONTENT_LENGTH, X_CACHE, X_REQUEST_ID, X_SOURCE
from imgsvc.web.metrics import route_name

CAPACITY = 100
"""How many requests are remembered; as many as samples of memory."""

OWN_ROUTES = ("/api/health", "/metrics", "/console/")
"""Routes that begin so are left out: probes, and the console that shows the list, would fill it by themselves."""


class RecentRequests:
    """
    A ring of the last requests.

    Noting one appends a tuple of what is there already, an answer's headers among it but never its body; what is shown
    is written when it is asked for.

    Args:
        clock: gives unix seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._ring: deque[tuple[Any, ...]] = deque(maxlen=CAPACITY)
        self._clock = clock

    def note(self, request: web.Request, response: web.StreamResponse, seconds: float) -> None:
        """Remember a request that took *seconds* until its answer was there, or sent if it was sent meanwhile."""
        route = route_name(request.match_info.route.resource)
        if not route.startswith(OWN_ROUTES):
            has_begun = response.prepared and CONTENT_LENGTH not in response.headers
            sent_bytes = response.body_length if has_begun else None
            noted = (route, response.status, response.headers, sent_bytes, request.get(SUBJECT))
            self._ring.append((self._clock(), seconds, request.method, *noted))

    def note_known(
        self, seconds: float, method: str, route: str, status: int, headers: Mapping[str, str], body_bytes: int,
        subject: object,
    ) -> None:  # fmt: skip
        """Remember a request that was answered from memory again; *headers* are the four that :meth:`entries` reads."""
        self._ring.append((self._clock(), seconds, method, route, status, headers, body_bytes, subject))

    def entries(self) -> list[RecentRequest]:
        """Give them as plain values, the latest first; of URLs no query, which may hold signatures and secrets."""
        return [_entry(*noted) for noted in reversed(self._ring)]


def recent_requests(server: ServerSettings) -> RecentRequests | None:
    """Make the ring where there is an admin who may read it; else nothing of other people is kept."""
    return None if server.admin_token is None else RecentRequests()


def _entry(
    at: float, seconds: float, method: str, route: str, status: int, headers: Mapping[str, str],
    sent_bytes: int | None, subject: object,
) -> RecentRequest:  # fmt: skip
    if sent_bytes is None:  # its length is said, and it is sent whole or counts as aborted
        has_body = method != "HEAD" and status != HTTPStatus.NOT_MODIFIED
        sent_bytes = int(headers.get(CONTENT_LENGTH, 0)) if has_body else 0
    return {
        "time": round(at, 3),
        "method": method,
        "status": status,
        "route": route,
        "tier": headers.get(X_SOURCE),
        "cache": headers.get(X_CACHE),
        "ms": round(seconds * 1000, 3),
        "bytes": sent_bytes,
        "request_id": headers.get(X_REQUEST_ID),
        "source": subject_name(subject),
    }
