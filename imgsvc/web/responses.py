"""Answers in HTTP: a blob as the whole, a part, or nothing new."""

import math
import time
from urllib.parse import quote

from aiohttp import web

from imgsvc.model.blob import Blob, Representation, cache_control_of
from imgsvc.model.formats import BY_MEDIA_TYPE
from imgsvc.model.freshness import STALE_IF_ERROR_SECONDS, STALE_WHILE_REVALIDATE_SECONDS
from imgsvc.services.answers import Served, Streamed, Tier
from imgsvc.settings import ServerSettings
from imgsvc.web.appkeys import REQUEST_ID
from imgsvc.web.conditional import Unsatisfiable, byte_range, not_modified
from imgsvc.web.error_map import problem_for_status
from imgsvc.web.header_names import IF_MODIFIED_SINCE, IF_NONE_MATCH, RANGE, X_CACHE, X_SOURCE
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
    headers = _headers(served, terms, memory_seconds)
    at_cdn = _address_at_cdn(blob, server)
    if at_cdn is not None:
        headers.append(("Content-Location", at_cdn))
        if server.delivery == "redirect":
            return _bodiless(302, [*headers, ("Location", at_cdn)])
    asked = request.headers
    if isinstance(blob, Streamed) and not blob.is_whole:
        # Neither validator nor end is known yet: there is nothing that a condition or a range could be held against.
        return await send_stream(request, 200, headers, blob.body, size_bytes=blob.body.size_bytes)
    if (IF_NONE_MATCH in asked or IF_MODIFIED_SINCE in asked) and _is_known(request, blob):
        return _bodiless(304, headers)
    if RANGE in asked and request.method == "GET":
        return await _part(request, blob, headers)
    if isinstance(blob, Streamed):
        return await send_stream(request, 200, headers, blob.body, size_bytes=blob.body.size_bytes)
    return await send_bytes(request, 200, headers, blob.data)


def _is_known(request: web.Request, blob: Representation) -> bool:
    """Whether the client has these bytes; a list may come in several fields (RFC 9110 §5.3)."""
    tags = request.headers.getall(IF_NONE_MATCH, None)
    since = request.headers.get(IF_MODIFIED_SINCE)
    return not_modified(None if tags is None else ", ".join(tags), since, blob.etag, blob.meta.last_modified)


def _bodiless(status: int, headers: Headers) -> web.Response:
    return web.Response(status=status, headers=[pair for pair in headers if pair[0] != "Content-Type"])


async def _part(request: web.Request, blob: Blob | Streamed, headers: Headers) -> web.StreamResponse:
    """Answer one range with 206 (RFC 9110 §14), several or none that is understood with the whole."""
    size = (blob.body.size_bytes or 0) if isinstance(blob, Streamed) else len(blob.data)
    asked = request.headers
    try:
        part = byte_range(asked[RANGE], asked.get("If-Range"), blob.etag, blob.meta.last_modified, size)
    except Unsatisfiable as error:
        return _unsatisfiable(request, blob, error)
    if part is not None:
        headers = [*headers, ("Content-Range", part.content_range(size))]
    status, start, stop = (200, 0, size) if part is None else (206, part.start, part.stop)
    if isinstance(blob, Streamed):
        return await send_stream(request, status, headers, blob.body, size_bytes=stop - start, start=start)
    return await send_bytes(request, status, headers, blob.data, start, stop)


def _unsatisfiable(request: web.Request, blob: Representation, error: Unsatisfiable) -> web.Response:
    """Say how large it is; the bytes are fine, only the question is not, so nothing of their freshness is said."""
    response = problem_response(problem_for_status(416), request[REQUEST_ID])
    response.headers.extend({"Content-Range": error.content_range, "Accept-Ranges": "bytes"})
    if blob.etag:
        response.headers["ETag"] = blob.etag
    return response


def _headers(served: Served, terms: Terms, memory_seconds: float) -> Headers:
    """Give all headers but those of a tier's or a client's special case; the hot path, so one list and no detour."""
    blob = served.blob
    now = time.time()
    cache = "STALE" if served.stale else "HIT" if served.hit else "MISS"
    is_new = served.tier in _MADE_NOW
    # What stands in was made from nothing that could have aged.
    age = 0 if is_new or terms.stands_in else max(0, int(now - blob.meta.fetched_at))
    fresh_until = blob.meta.fresh_until if terms.fresh_until is None else terms.fresh_until
    headers = [
        *blob.headers,
        *terms.headers,
        ("Cache-Control", _cache_control(blob, terms, now, age)),
        (X_CACHE, cache),
        (X_SOURCE, served.tier.value),
        ("Cache-Status", _cache_status(served, math.ceil(fresh_until - now))),
        ("Server-Timing", _server_timing(served, memory_seconds)),
    ]
    if not is_new:
        headers.append(("Age", str(age)))
    if terms.for_next:
        headers.append(("X-Nextjs-Cache", cache))
    return headers


def _address_at_cdn(blob: Representation, server: ServerSettings) -> str | None:
    """Where the CDN has a stored picture; the digest in the query makes a new address of every change."""
    if server.cdn_base_url is None or not blob.stored or not blob.etag or blob.meta.media_type not in BY_MEDIA_TYPE:
        return None
    return f"{server.cdn_base_url.rstrip('/')}/{quote(blob.key, safe='/,-._~')}?v={blob.meta.sha256[:8]}"


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
    memory = f"memory;dur={memory_seconds * 1000:.3f}"
    if served.trace is None:
        return memory
    return ", ".join([memory, *(f"{name};dur={spent * 1000:.1f}" for name, spent in served.trace.seconds.items())])
