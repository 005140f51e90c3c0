"""The other end of ``GET /api/health`` and ``/api/health/live``, for the command line."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple

from imgsvc.web.service_client import NotReachedError, ask

UNREACHABLE = "unreachable"
_GOOD = frozenset(("healthy", "degraded", "live"))
_KNOWN: Mapping[int, frozenset[str]] = {
    HTTPStatus.OK: _GOOD,
    HTTPStatus.SERVICE_UNAVAILABLE: frozenset(("unhealthy",)),
}


class Health(NamedTuple):
    """
    How a service is.

    Attributes:
        server: its URL.
        status: ``healthy``, ``degraded``, ``unhealthy``, ``live``, or ``unreachable``.
        reasons: why it is not healthy; a sentence where it was not reached.
        answer: what it said; empty where it said nothing.
    """

    server: str
    status: str
    reasons: tuple[str, ...] = ()
    answer: Mapping[str, Any] = MappingProxyType({})

    @property
    def is_good(self) -> bool:
        """Whether requests may be sent there."""
        return self.status in _GOOD

    def line(self) -> str:
        """Say it in a line."""
        return f"{self.status}: {', '.join(self.reasons)}" if self.reasons else self.status

    def facts(self) -> dict[str, Any]:
        """Say it for programs."""
        return {"status": self.status, "reasons": self.reasons, "server": self.server, "answer": dict(self.answer)}


def ask_health(server: str, *, live: bool, timeout_seconds: float) -> Health:
    """
    Ask *server*, a URL, and block for *timeout_seconds* in all.

    Args:
        server: where the service is.
        live: whether it is enough that it answers.
        timeout_seconds: what look-up, handshakes and answer may take together.
    """
    path = "/api/health/live" if live else "/api/health"
    try:
        code, answer = ask(server, "GET", path, timeout_seconds=timeout_seconds)
    except NotReachedError as error:
        return Health(server, UNREACHABLE, (str(error),))
    status, reasons = answer.get("status"), answer.get("reasons", [])
    if not isinstance(status, str) or status not in _KNOWN.get(code, ()) or not isinstance(reasons, list):
        return Health(server, UNREACHABLE, (f"{server} answered {code}, but is no imgsvc (--server)",))
    return Health(server, status, tuple(map(str, reasons)), answer)
