"""An answer's head as it is sent, but for what differs from one answer to the next."""

import math
import re
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from http import HTTPStatus

from aiohttp.helpers import rfc822_formatted_time
from msgspec import Struct

from imgsvc.model.blob import CONSTANT_HEADERS, Blob
from imgsvc.services.answers import Served, Tier
from imgsvc.settings import ServerSettings
from imgsvc.web.conditional import Choice, Conditions, choose
from imgsvc.web.header_names import CONTENT_LENGTH, SERVER, SERVER_TIMING, X_REQUEST_ID, X_SYSTEM_STATUS
from imgsvc.web.logs import Known
from imgsvc.web.repeatable import Found
from imgsvc.web.responses import (
    address_at_cdn,
    age_seconds,
    cache_word,
    fixed_headers,
    fresh_until,
    moving_headers,
    without_type,
)  # fmt: skip
from imgsvc.web.sending import SLICE_BYTES, Headers
from imgsvc.web.terms import Terms

_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What no header may hold (RFC 9110 §5.5)."""

ALIKE = 64
"""What is the same in many heads is made once: by methods, paths and states there are few."""


class UnfitError(Exception):
    """The answer is none that can be given here."""


class Asking(Struct, frozen=True):
    """
    What of a request its answer's form depends on.

    Attributes:
        path: as logs show it.
        conditions: its headers'.
    """

    method: str
    path: str
    conditions: Conditions


class Form(Struct):
    """
    A head in pieces of bytes, among which stand the time of the look-up and the request's name.

    What is the same in many heads is one object in all of them.

    Attributes:
        since: unix second from which on the pieces hold, all else being the same.
        until: unix second from which on they do not.
        ticks: whether only numbers of seconds will be others then, as long as memory has the same bytes: :meth:`tick`.
        born: unix second that ``Age`` is counted from.
        end: unix second that ``ttl`` is counted to.
        observe: counts one such answer; None = none was counted yet.
        choice: status, and which bytes follow.
        has_body: whether any do.
        is_whole: whether all of them do, at once.
        is_sliced: whether they are too many for one piece.
        cache: what ``X-Cache`` says.
        known: what the access log says of every such answer.
        behind: text of the headers that follow those that time decides.
        lead: what stands before all else, and is never another.
        constant: what follows it, and is in nearly all heads.
        fixed_bytes: how much of *before* no time changes.
        before: what follows, up to the time of the look-up; where it ticks, up to the number before that.
        ttl: that number, and what follows up to the time of the look-up; where it does not tick, nothing.
        aged: what follows that, up to the next number and with it; likewise.
        between: what follows that, up to the request's name.
        status: what follows that, up to the server's name.
        length: the header that follows, or nothing; the end is :func:`date_of`'s.
    """

    terms: Terms
    stale: bool
    system_status: StrEnum
    choice: Choice
    has_body: bool
    is_whole: bool
    is_sliced: bool
    cache: str
    known: Known
    behind: str
    length: bytes
    lead: bytes
    constant: bytes
    fixed_bytes: int
    before: bytes
    ticks: bool
    born: float
    end: float
    ttl: bytes = b""
    aged: bytes = b""
    between: bytes = b""
    status: bytes = b""
    since: float = 0.0
    until: float = 0.0
    observe: Callable[[float], None] | None = None

    def holds(self, found: Found, system_status: StrEnum) -> bool:
        """Whether the pieces are those of this answer, of the same blob, but for the time."""
        served, terms = found
        return (
            self.system_status is system_status
            and self.stale is served.stale
            and (self.terms is terms or self.terms == terms)
        )

    def move(self, served: Served, now: float) -> None:
        """Say what is true from unix second *now* on."""
        moving = moving_headers(served, self.terms, now, 0.0)
        at = next(n for n, (name, _) in enumerate(moving) if name is SERVER_TIMING)
        before, after = f"{_joined(moving[:at])}{_TIMING}", f"\r\n{_joined(moving[at + 1 :])}"
        if self.ticks:
            before = before[: before.rindex(_TTL) + len(_TTL)]
            after = after[after.index("\r\n", after.index(_AGE) + len(_AGE)) :]
        self.before = self.before[: self.fixed_bytes] + before.encode()
        self.between = f"{after}{self.behind}{X_REQUEST_ID}: ".encode()
        self.status = _status(self.system_status.value)
        if self.ticks:
            self.tick(now)
        else:
            # What ends with a leave to ask is counted in whole seconds of the clock.
            second = math.inf if self.terms.expires_at is None else math.floor(now) + 1
            self.since, self.until = now, min(second, _next_change(self.born, self.end, now))

    def tick(self, now: float) -> None:
        """Say what is true from unix second *now* on, all but the time being the same."""
        self.ttl = b"%d\r\n%b" % (math.ceil(self.end - now), _TIMING_BYTES)
        self.aged = b"\r\n%b%d" % (_AGE_BYTES, age_seconds(self.born, now))
        self.since, self.until = now, _next_change(self.born, self.end, now)


def make_form(asking: Asking, found: Found, server: ServerSettings, system_status: StrEnum) -> Form:
    """
    Make the form of the answer to *asking*; it holds at no time yet.

    Raises:
        UnfitError: it is read while it is sent, leads to the CDN by now, or holds what no header may.
        Unsatisfiable: the range that is asked for lies outside.
    """
    served, terms = found
    blob = served.blob
    at_cdn = address_at_cdn(blob, server)
    if not isinstance(blob, Blob) or (at_cdn and server.delivery == "redirect"):
        raise UnfitError
    choice = choose(asking.conditions, blob.etag, blob.meta.last_modified, len(blob.data))
    size_bytes, is_bodiless = choice.stop - choice.start, choice.status == HTTPStatus.NOT_MODIFIED
    has_body = not is_bodiless and asking.method != "HEAD"
    is_sliced = has_body and size_bytes > SLICE_BYTES
    is_whole = has_body and not is_sliced and size_bytes == len(blob.data)
    _text(moving_headers(served, terms, 0.0, 0.0))  # only their numbers will be others
    length = "" if is_bodiless else f"{CONTENT_LENGTH}: {size_bytes}\r\n"
    fixed, behind = fixed_headers(blob, terms), at_cdn
    if is_bodiless:
        fixed = without_type(fixed)
    if choice.content_range is not None:
        behind.append(("Content-Range", choice.content_range))
    line = f"HTTP/1.1 {choice.status} {HTTPStatus(choice.status).phrase}\r\n"
    lead, constant, before = f"{line}{_text(fixed)}".encode().partition(_CONSTANT)
    cache = cache_word(served)
    ticks = served.tier is Tier.MEMORY and terms.expires_at is None and terms.fresh_until is None
    is_length_last = has_body and not is_sliced  # aiohttp adds it last, the slow path elsewhere
    return Form(
        terms, served.stale, system_status, choice, has_body, is_whole, is_sliced, cache,
        _known(asking.method, asking.path, choice.status, cache),
        behind=_text(behind) + ("" if is_length_last else length), length=length.encode() if is_length_last else b"",
        lead=lead, constant=_CONSTANT if constant else b"", fixed_bytes=len(before), before=before,
        ticks=ticks, born=blob.meta.fetched_at, end=fresh_until(blob, terms),
    )  # fmt: skip


def date_of() -> bytes:
    """Give the end of every head in this second."""
    return f"Date: {rfc822_formatted_time()}\r\n\r\n".encode()


def _joined(headers: Headers) -> str:
    return "".join([f"{name}: {value}\r\n" for name, value in headers])


_CONSTANT = _joined(list(CONSTANT_HEADERS)).encode()
_TIMING, _TTL, _AGE = f"{SERVER_TIMING}: ", "ttl=", "Age: "
_TIMING_BYTES, _AGE_BYTES = _TIMING.encode(), _AGE.encode()
_known = lru_cache(ALIKE)(Known)


# In the order in which the slow path's label, and aiohttp, add them.
@lru_cache(ALIKE)
def _status(system_status: str) -> bytes:
    return f"\r\n{X_SYSTEM_STATUS}: {system_status}\r\n{SERVER}: imgsvc\r\n".encode()


def _text(headers: Headers) -> str:
    text = _joined(headers)
    if _FORBIDDEN.search(text.replace("\r\n", "")) is not None or text.count("\r\n") != len(headers):
        raise UnfitError
    return text


def _next_change(born: float, end: float, now: float) -> float:
    """Give the unix second at which ``Age`` or ``ttl`` is another number."""
    return min(born + age_seconds(born, now) + 1, end - math.ceil(end - now) + 1)
