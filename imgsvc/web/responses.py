"""Answers in HTTP: a blob as the whole, a part, or nothing new."""

import math
import time
from http import HTTPStatus
from urllib.parse import quote

from aiohttp import web

from imgsvc.model.blob import Representation, cache_control_of
from imgsvc.model.formats import BY_MEDIA_TYPE
from imgsvc.model.freshness import STALE_IF_ERROR_SECONDS, STALE_WHILE_REVALIDATE_SECONDS
from imgsvc.services.answers import Served, Streamed, Tier
from imgsvc.settings import ServerSettings
from imgsvc.web.appkeys import REQUEST_ID
from imgsvc.web.conditional import Conditions, Unsatisfiable, choose
from imgsvc.web.error_map import problem_for_status
from imgsvc.web.header_names import SERVER_TIMING, X_CACHE, X_SOURCE
from imgsvc.web.middleware import problem_response
from imgsvc.web.sending import Headers, send_bytes, send_stream
from imgsvc.web.terms import Terms

STAND_IN_SECONDS = 3600
"""Longest time that what stands in for something not found may be kept."""

_MADE_NOW = frozenset((Tier.ORIGIN, Tier.GENERATED))


async def answer(
    request: web.Request, served: Served, terms: Terms, server: ServerSettings, memory_seconds: float
) -> web.StreamResponse:
    """
    Answer *request* with *served*, in the smallest way that its conditions allow.

    *memory_seconds* is how long the look-up in memory took.
    """
    blob = served.blob
    headers = [
        *fixed_headers(blob, terms),
        *moving_headers(served, terms, time.time(), memory_seconds),
        *(at_cdn := address_at_cdn(blob, server)),
    ]
    if at_cdn and server.delivery == "redirect":
        # Said here, for of an answer to HEAD aiohttp would not say it.
        return _bodiless(302, [*headers, ("Location", at_cdn[0][1]), ("Content-Length", "0")])
    if isinstance(blob, Streamed) and not blob.is_whole:
        # Neither validator nor end is known yet: there is nothing that a condition or a range could be held against.
        return await send_stream(request, 200, headers, blob.body, size_bytes=blob.body.size_bytes)
    size_bytes = (blob.body.size_bytes or 0) if isinstance(blob, Streamed) else len(blob.data)
    try:
        asked = Conditions.of(request.method, request.headers)
        choice = choose(asked, blob.etag, blob.meta.last_modified, size_bytes)
    except Unsatisfiable as error:
        return _unsatisfiable(request, blob, error)
    if choice.status == HTTPStatus.NOT_MODIFIED:
        return _bodiless(304, headers)
    if choice.content_range is not None:
        headers.append(("Content-Range", choice.content_range))
    start, stop = choice.start, choice.stop
    if isinstance(blob, Streamed):
        return await send_stream(request, choice.status, headers, blob.body, size_bytes=stop - start, start=start)
    return await send_bytes(request, choice.status, headers, blob.data, start, stop)


def _bodiless(status: int, headers: Headers) -> web.Response:
    return web.Response(status=status, headers=without_type(headers))


def without_type(headers: Headers) -> Headers:
    """Leave out what only a body has."""
    return [pair for pair in headers if pair[0] != "Content-Type"]


def _unsatisfiable(request: web.Request, blob: Representation, error: Unsatisfiable) -> web.Response:
    """Say how large it is; the bytes are fine, only the question is not, so nothing of their freshness is said."""
    response = problem_response(problem_for_status(416), request[REQUEST_ID])
    response.headers.extend({"Content-Range": error.content_range, "Accept-Ranges": "bytes"})
    if blob.etag:
        response.headers["ETag"] = blob.etag
    return response


def fixed_headers(blob: Representation, terms: Terms) -> Headers:
    """Give the headers that say the same of these bytes, asked for on these terms, at any time."""
    return [*blob.headers, *terms.headers]


def moving_headers(served: Served, terms: Terms, now: float, memory_seconds: float) -> Headers:
    """
    Give the headers that time and tier decide, which follow the fixed ones; the hot path, so one list and no detour.

    Args:
        served: from wherever.
        terms: as it was asked for.
        now: unix seconds.
        memory_seconds: how long the look-up in memory took.
    """
    blob = served.blob
    cache = cache_word(served)
    is_new = served.tier in _MADE_NOW
    # What stands in was made from nothing that could have aged.
    age = 0 if is_new or terms.stands_in else age_seconds(blob.meta.fetched_at, now)
    headers = [
        ("Cache-Control", _cache_control(blob, terms, now, age)),
        (X_CACHE, cache),
        (X_SOURCE, served.tier.value),
        ("Cache-Status", _cache_status(served, math.ceil(fresh_until(blob, terms) - now))),
        (SERVER_TIMING, _server_timing(served, memory_seconds)),
    ]
    if not is_new:
        headers.append(("Age", str(age)))
    if terms.for_next:
        headers.append(("X-Nextjs-Cache", cache))
    return headers


def cache_word(served: Served) -> str:
    """Say in one word what ``X-Cache`` does."""
    return "STALE" if served.stale else "HIT" if served.hit else "MISS"


def age_seconds(fetched_at: float, now: float) -> int:
    """Give what ``Age`` says at unix second *now*; *fetched_at* is one too."""
    return max(0, int(now - fetched_at))


def fresh_until(blob: Representation, terms: Terms) -> float:
    """Give the unix second at which these bytes are no longer the answer that nobody has to look at again."""
    return blob.meta.fresh_until if terms.fresh_until is None else terms.fresh_until


def address_at_cdn(blob: Representation, server: ServerSettings) -> Headers:
    """
    Say where the CDN has a stored picture, if it does, as ``Content-Location``.

    The digest in the query makes a new address of every change.
    """
    if server.cdn_base_url is None or not blob.stored or not blob.etag or blob.meta.media_type not in BY_MEDIA_TYPE:
        return []
    address = f"{server.cdn_base_url.rstrip('/')}/{quote(blob.key, safe='/,-._~')}?v={blob.meta.sha256[:8]}"
    return [("Content-Location", address)]


def _cache_control(blob: Representation, terms: Terms, now: float, age_seconds: int) -> str:
    """Say how long the answer may be kept; ``max-age`` counts from the moment that ``Age`` is counted from."""
    fresh_seconds = blob.max_age_seconds
    if terms.fresh_until is not None and blob.shareable:
        left_seconds = math.ceil(min(terms.fresh_until, terms.expires_at or math.inf) - now)
        if terms.stands_in:
            return f"public, max-age={min(max(0, left_seconds), STAND_IN_SECONDS)}"
        fresh_seconds = max(0, left_seconds + age_seconds)
        if terms.expires_at is None:
            return _until_looked_for(blob, fresh_seconds)
    if terms.expires_at is not None:
        return _until(blob, fresh_seconds, terms.expires_at - int(now) + age_seconds, terms.stale_seconds)
    if terms.stale_seconds != STALE_WHILE_REVALIDATE_SECONDS:
        return cache_control_of(blob, terms.stale_seconds)
    return blob.cache_control


def _until_looked_for(blob: Representation, seconds: int) -> str:
    """Announce what was found until it is looked for again; a better answer that is being made comes before that."""
    if blob.provisional:
        return f"public, max-age={min(seconds, blob.max_age_seconds)}"
    stale = f"stale-while-revalidate={STALE_WHILE_REVALIDATE_SECONDS}, stale-if-error={STALE_IF_ERROR_SECONDS}"
    return f"public, max-age={seconds}, {stale}"


def _until(blob: Representation, fresh_seconds: int, seconds: int, stale_seconds: int) -> str:
    """Announce nothing beyond the end of a signature, *seconds* after the moment that ``Age`` is counted from."""
    if not blob.shareable:
        return blob.cache_control
    max_age_seconds = max(0, min(seconds, fresh_seconds, blob.max_age_seconds))
    parts = [f"public, max-age={max_age_seconds}"]
    if (left_seconds := seconds - max_age_seconds) > 0 and not blob.provisional:
        parts.append(f"stale-while-revalidate={min(left_seconds, stale_seconds)}")
        parts.append(f"stale-if-error={min(left_seconds, STALE_IF_ERROR_SECONDS)}")
    return ", ".join(parts)


def _cache_status(served: Served, ttl_seconds: int) -> str:
    """Say what each tier did (RFC 9211): one member a tier asked, the one nearest to the origin first."""
    if served.tier is Tier.MEMORY:
        return f"imgsvc-memory; hit; ttl={ttl_seconds}"
    memory = "imgsvc-memory; fwd=miss; collapsed" if served.collapsed else "imgsvc-memory; fwd=miss"
    if served.trace is None or not served.trace.asked_store:
        return memory
    if served.trace.asked_first:
        return f"imgsvc-store; fwd=stale; ttl={ttl_seconds}, {memory}"
    return f"imgsvc-store; hit; ttl={ttl_seconds}, {memory}" if served.hit else f"imgsvc-store; fwd=miss, {memory}"


def _server_timing(served: Served, memory_seconds: float) -> str:
    """Say how long each thing took that happened, in the order it did."""
    memory = memory_timing(memory_seconds)
    if served.trace is None:
        return memory
    return ", ".join([memory, *(f"{name};dur={spent * 1000:.1f}" for name, spent in served.trace.seconds.items())])


def memory_timing(seconds: float) -> str:
    """Say in ``Server-Timing`` how long the look-up in memory took."""
    return f"memory;dur={seconds * 1000:.3f}"
