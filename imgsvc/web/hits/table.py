"""The answers that may be given again, by all that decides on them."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, time
from typing import NamedTuple

from aiohttp import web
from cachetools import LRUCache

from imgsvc.model.blob import Blob
from imgsvc.services.answers import Tier
from imgsvc.web.appkeys import REPEATABLE, SUBJECT, Services
from imgsvc.web.conditional import Conditions, Unsatisfiable
from imgsvc.web.header_names import X_CACHE, X_REQUEST_ID, X_SOURCE
from imgsvc.web.hits.forms import Asking, Form, UnfitError, make_form
from imgsvc.web.hits.heads import LINE_END, Heads
from imgsvc.web.metrics import Route, route_name
from imgsvc.web.repeatable import Found
from imgsvc.web.shown import shown_path

TABLE_BYTES = 8 << 20
HIT_BYTES = 4096
"""What an entry weighs beside its request's text: the form of its answer, and what was understood of the request."""

MAX_KEY_BYTES = 2048
"""Longer requests are not kept: what is kept shall stay below what its weight says."""

_STATUSES = (200, 206, 304)


class Asked(NamedTuple):
    """
    A request that is simple.

    Attributes:
        key: all that decides on its answer: the request line, and some fields.
        request_id: the name it came with, if any.
    """

    key: tuple[bytes, bytes]
    request_id: str | None


class Ready(NamedTuple):
    """An answer to be sent: its form, its picture, and how long the look-up in memory took."""

    form: Form
    blob: Blob
    memory_seconds: float


@dataclass(slots=True)
class Hit:
    """A request that was answered from memory, and the form that its answer had the last time."""

    asking: Asking
    lookup: Callable[[], Found | None]
    is_current: Callable[[], bool]
    route: Route | None
    subject: object
    form: Form
    weight_bytes: int


class HitTable:
    """
    Finds answers that may be given again.

    An entry holds no picture: memory is asked each time. Bounded by weight, the least recently used out first.

    Args:
        services: who answers, and how.
    """

    def __init__(self, services: Services) -> None:
        self._server = services.server
        self._health = services.health
        self._recent = services.recent
        self._heads = Heads()
        self._hits: LRUCache[tuple[bytes, bytes], Hit] = LRUCache(TABLE_BYTES, getsizeof=_weight_bytes)

    def asked(self, data: bytes) -> Asked | None:
        """Read a request; None = it is not a simple one, and all of one."""
        end = data.find(LINE_END)
        fields = self._heads.read(data[end:])
        return None if fields is None or end < 0 else Asked((data[:end], fields.deciding), fields.request_id)

    def find(self, asked: Asked) -> Hit | None:
        """Give the entry of a request, if memory may still have its answer and the leave to ask holds."""
        try:
            hit = self._hits[asked.key]
        except KeyError:
            return None
        # Without the picture the look-up would be in vain, and one in vain shall be counted by the slow path alone.
        if hit.form.blob() is None or not hit.is_current():
            del self._hits[asked.key]
            return None
        return hit

    def ready(self, hit: Hit) -> Ready | None:
        """Ask memory; None = it has no answer that can be given here."""
        began = perf_counter()
        found = hit.lookup()
        memory_seconds = perf_counter() - began
        if found is None:
            return None
        served, terms = found
        form, now, status = hit.form, time(), self._health.system_status.value
        if not form.holds(served, terms, status):
            try:
                form = hit.form = make_form(hit.asking, found, self._server, status)
            except (UnfitError, Unsatisfiable):
                return None
        if not form.since <= now < form.until:
            form.move(served, now)
        return Ready(form, served.blob, memory_seconds)

    def note(self, hit: Hit, request_id: str, seconds: float) -> None:
        """Show the operator an answer, where there is one who may see it."""
        if self._recent is None:
            return
        form, asking = hit.form, hit.asking
        headers = {X_SOURCE: Tier.MEMORY.value, X_CACHE: form.cache, X_REQUEST_ID: request_id}
        body_bytes = form.choice.stop - form.choice.start if form.has_body else 0
        noted = (form.choice.status, headers, body_bytes, hit.subject)
        self._recent.note_known(seconds, asking.method, route_name(hit.route), *noted)

    def record(self, asked: Asked, request: web.Request, response: web.StreamResponse) -> None:
        """Keep how *request*, which is the one that was *asked*, was answered, if it can be answered so again."""
        repeatable = request.get(REPEATABLE)
        if repeatable is None or response.status not in _STATUSES or sum(map(len, asked.key)) > MAX_KEY_BYTES:
            return
        asking = Asking(
            request.method, shown_path(request.rel_url.raw_path), Conditions.of(request.method, request.headers)
        )
        try:
            form = make_form(asking, repeatable.found, self._server, self._health.system_status.value)
        except (UnfitError, Unsatisfiable):
            return
        route, subject = request.match_info.route.resource, request.get(SUBJECT)
        weight_bytes = sum(map(len, asked.key)) + HIT_BYTES
        self._hits[asked.key] = Hit(
            asking, repeatable.lookup, repeatable.is_current, route, subject, form, weight_bytes
        )


def _weight_bytes(hit: Hit) -> int:
    return hit.weight_bytes
