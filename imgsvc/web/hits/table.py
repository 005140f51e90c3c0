"""The answers that may be given again, by all that decides on them."""

import logging
import re
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from time import perf_counter, time
from weakref import ref

from aiohttp import web
from msgspec import Struct

from imgsvc.model.blob import Blob, Representation
from imgsvc.services.answers import Tier
from imgsvc.web.appkeys import REPEATABLE, SUBJECT, Services
from imgsvc.web.conditional import Conditions, Unsatisfiable
from imgsvc.web.header_names import X_CACHE, X_REQUEST_ID, X_SOURCE
from imgsvc.web.hits.forms import Asking, Form, UnfitError, date_of, make_form
from imgsvc.web.hits.heads import REMEMBERED_BYTES, read_fields, remembering_reader
from imgsvc.web.logs import KnownAnswer
from imgsvc.web.metrics import Route, route_name
from imgsvc.web.repeatable import Found
from imgsvc.web.shown import shown_path

log = logging.getLogger("imgsvc.web")

HIT_BYTES = 1500
"""What an entry weighs beside its request's text, which conditions and terms say again, and a long head; measured."""

HEAD_BYTES = 512
"""Of a head, which is part of that: what is longer, as a source's long URL makes it, is weighed when it is made."""

ALIKE = 64
"""Most requests are of few methods and paths, and have no conditions: what is said of them is kept once."""

MAX_KEY_BYTES = 2048
"""Longer requests are not kept: what is kept shall stay below what its weight says."""

MOMENT_SECONDS = 1.0
"""How much later than :attr:`HitTable.moment` an answer may have been given."""

_STATUSES = (200, 206, 304)

# RFC 9112 §3.2.1: of all forms the one that means the same to everybody.
_LINE = re.compile(rb"(?:GET|HEAD) /[\x21-\x7e]* HTTP/1\.1")

Key = tuple[bytes, bytes]
"""All that decides on an answer: the request line, and some fields."""


class Hit(Struct):
    """
    A request that was answered from memory.

    Attributes:
        lookup: asks memory again.
        is_current: whether the leave to ask still holds; None = it has no end.
        in_cache: whether the answer is the memory cache's.
        blob: what the answer was the last time; a cache lets go of bytes, and nobody here shall hold them.
        by_memory_alone: whether it is the same for as long as the memory cache has the same blob, and that is fresh.
        form: the answer's, once it was given here.
        steady_until: unix second up to which *form* is the answer's, but for what ticks, while memory and the system's
            state are the same.
        changes: of what is known of sources, when *form* was found to be the answer's.
        long_bytes: how much of the weight is the form's.
    """

    asking: Asking
    lookup: Callable[[], Found | None]
    is_current: Callable[[], bool] | None
    in_cache: bool
    route: Route | None
    subject: object
    blob: ref[Representation]
    weight_bytes: int
    by_memory_alone: bool = False
    form: Form | None = None
    steady_until: float = 0.0
    changes: int = 0
    long_bytes: int = 0


Ready = tuple[Hit, Form, Blob, float, float]
"""An answer to be sent: what it is to, its form and its picture; seconds of the look-up, and unix seconds of now."""


class HitStatistics(Struct, frozen=True):
    """
    Snapshot.

    Attributes:
        entries: kept now.
        bytes: their weight.
        answered: requests since the start that were answered here.
    """

    entries: int
    bytes: int
    answered: int


class HitTable:
    """
    Finds answers that may be given again.

    An entry holds no picture: memory is asked each time. Bounded by weight, the least recently used out first.

    Args:
        services: who answers, and how.
        put: takes what a line of the access log is made of; None = there is no such log.

    Attributes:
        is_watched: whether an operator may look at what was answered.
        date: end of all heads that are sent in this second.
        moment: when that second's first answer was asked for, by the performance counter. One object for all
            connections that answer in it, of which each has to keep such a moment: numbers of their own would be in no
            cache of the processor by the time they are put aside.
        outgoing: counts what is held for slow clients.
    """

    def __init__(self, services: Services, put: Callable[[KnownAnswer], None] | None) -> None:
        self._server = services.server
        self._health = services.health
        self._latest = services.health.latest
        self._recent = services.recent
        self.is_watched = services.recent is not None
        self.put = put
        self._is_held = services.images.holds
        self._use = services.images.use
        self._changes = services.images.changes
        self.outgoing = services.outgoing
        self._known = remembering_reader()
        self._answered = 0
        self._second = self._next_second = 0.0
        self.date = b""
        self.moment = 0.0
        self._hits: OrderedDict[Key, Hit] = OrderedDict()
        self._room = services.repeats
        self._room.on_resize = self._shrink

    def find(self, data: bytes, began: float) -> tuple[Key | None, str | None, Ready | None]:
        """
        Read a request, and ask memory if it is known and may still be made.

        Args:
            data: what came.
            began: when, by the performance counter.

        Returns:
            What decides on its answer, None where it is not a simple request and all of it; the name that it came
            with; and the answer, None where none is to be given here.
        """
        end = data.find(b"\r")  # what follows is looked at by the pattern of fields
        text, known = data[end:], self._known
        fields = known(text) if len(text) <= REMEMBERED_BYTES else read_fields(text)
        if fields is None:
            return None, None, None
        deciding, name = fields
        key = data[:end], deciding
        try:
            hit = self._hits.get(key)
            if hit is None:
                return key, name, None
            # By names of this function: before Python 3.12 it takes longer to call what hangs on an object.
            now, form, latest, use = time(), hit.form, self._latest, self._use
            if not self._second <= now < self._next_second:
                self._second = float(int(now))
                self._next_second, self.date, self.moment = self._second + 1.0, date_of(), began
            if began > latest.young_until:
                self._health.look()
            if form is not None and form.since <= now < hit.steady_until and form.system_status is latest.status:
                kept = hit.blob
                blob: Blob | None = kept()  # type: ignore[assignment]  # a form is of nothing else
                if blob is not None and (not form.stale or hit.changes == self._changes()) and use(blob):
                    if now >= form.until:
                        self._tick(key, form, now)
                    self._answered += 1
                    return key, name, (hit, form, blob, perf_counter() - began, now)
            return key, name, self._looked_up(key, hit, now)
        except (UnfitError, Unsatisfiable):
            self.forget(key)
            return key, None, None
        except Exception:
            log.exception("an answer from memory could not be given at once")
            self.forget(key)
            return None, None, None

    def _looked_up(self, key: Key, hit: Hit, now: float) -> Ready | None:
        """
        Ask memory by the very look-up of the handler.

        Raises:
            UnfitError, Unsatisfiable: there is an answer that cannot be given here.
        """
        # A look-up in vain shall be counted by the slow path alone; a picture may live on when memory has dropped it.
        blob = hit.blob()
        is_there = blob is not None and (not hit.in_cache or self._is_held(blob.key))
        if not is_there or not (hit.is_current is None or hit.is_current()):
            self.forget(key)
            return None
        began = perf_counter()
        found = hit.lookup()
        seconds = perf_counter() - began
        if found is None:
            self.forget(key)
            return None
        form, before, blob = hit.form, blob, found[0].blob
        is_same = form is not None and before is blob and form.holds(found, self._health.system_status)
        if form is None or not is_same or not form.since <= now < form.until:
            form = hit.form = self._renewed(key, form if is_same else None, hit, found, now)
            hit.blob = ref(blob)
        if hit.by_memory_alone:
            # A stale one's end is whole seconds behind that of its being fresh, and so one of its head's.
            hit.steady_until, hit.changes = form.end if form.ticks and not form.stale else form.until, self._changes()
        self._answered += 1
        return hit, form, blob, seconds, now  # type: ignore[return-value]  # a form is of nothing but a blob

    def _tick(self, key: Key, form: Form, now: float) -> None:
        """Have a form say what is true now, which is one that ticks, and give its entry its turn among the others."""
        self._hits.move_to_end(key)
        form.tick(now)

    def statistics(self) -> HitStatistics:
        """Snapshot of state and counters."""
        return HitStatistics(len(self._hits), self._room.bytes, self._answered)

    def forget(self, key: Key | None) -> None:
        """Have the next such request answered by its handler."""
        if key is not None and (hit := self._hits.pop(key, None)) is not None:
            self._room.bytes -= hit.weight_bytes

    def note(self, hit: Hit, form: Form, request_id: str, seconds: float) -> None:
        """Show the operator an answer, where there is one who may see it."""
        if self._recent is None:
            return
        asking = hit.asking
        headers: dict[str, str] = {X_SOURCE: Tier.MEMORY.value, X_CACHE: form.cache, X_REQUEST_ID: request_id}
        body_bytes = form.choice.stop - form.choice.start if form.has_body else 0
        route = route_name(hit.route)
        self._recent.note_known(seconds, asking.method, route, form.choice.status, headers, body_bytes, hit.subject)

    def record(self, key: Key, request: web.Request, response: web.StreamResponse) -> None:
        """Keep how *request*, which *key* is of, was answered, if it can be answered so again."""
        repeatable = request.get(REPEATABLE)
        if repeatable is None or response.status not in _STATUSES:
            return
        if sum(map(len, key)) > MAX_KEY_BYTES or _LINE.fullmatch(key[0]) is None:
            return
        path, conditions = shown_path(request.rel_url.raw_path), Conditions.of(request.method, request.headers)
        about = request.match_info.route.resource, request.get(SUBJECT), repeatable.blob
        weight_bytes = 2 * sum(map(len, key)) + HIT_BYTES + repeatable.kept_bytes
        asking = _asking(request.method, path, conditions)
        self.forget(key)
        lookup = repeatable.lookup, repeatable.is_current, repeatable.in_cache
        self._hits[key] = Hit(asking, *lookup, *about, weight_bytes, repeatable.by_memory_alone)
        self._room.bytes += weight_bytes
        self._shrink()

    def _shrink(self) -> None:
        """Drop what was used longest ago until the rest fits."""
        room, hits = self._room, self._hits
        while hits and room.bytes > room.capacity_bytes:
            room.bytes -= hits.popitem(last=False)[1].weight_bytes

    def _renewed(self, key: Key, form: Form | None, hit: Hit, found: Found, now: float) -> Form:
        """
        Make a form say what is true now; without one make it first.

        That is done when more than numbers has changed, or once a second where no head ticks; it is now that the entry
        has its turn among the others.

        Raises:
            UnfitError, Unsatisfiable: by now it is another answer, that cannot be given here.
        """
        self._hits.move_to_end(key)
        if form is None:
            form = make_form(hit.asking, found, self._server, self._health.system_status)
            self._weigh(hit, form)
        form.move(found[0], now)
        return form

    def _weigh(self, hit: Hit, form: Form) -> None:
        """Count what a new form is longer than most, in the place of the one before."""
        long_bytes = max(0, len(form.lead) + form.fixed_bytes - HEAD_BYTES)
        grown_bytes, hit.long_bytes = long_bytes - hit.long_bytes, long_bytes
        hit.weight_bytes += grown_bytes
        self._room.bytes += grown_bytes
        self._shrink()


_asking = lru_cache(ALIKE)(Asking)
