"""What every answer has, and what becomes of every error."""

import asyncio
import logging
import re
import time
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from imgsvc.errors import ImgsvcError, StoreError
from imgsvc.web.appkeys import REQUEST_ID, Services
from imgsvc.web.error_map import PROBLEM_TYPE, Problem, problem_for, problem_for_status, to_json
from imgsvc.web.header_names import SERVER, X_CACHE, X_REQUEST_ID, X_SOURCE, X_SYSTEM_STATUS
from imgsvc.web.metrics import NONE
from imgsvc.web.request_ids import new_request_id
from imgsvc.web.shown import shown_path

log = logging.getLogger("imgsvc.web")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}\Z")


async def problems(request: web.Request, handler: Handler, services: Services) -> web.StreamResponse:
    """
    Name and label the request, and turn whatever goes wrong into a problem document (RFC 9457).

    The server puts this around the whole application. As one of aiohttp's own middlewares it would do the same, but
    having any brings a second one of aiohttp's and a context manager to every request: a tenth of a hit's time.
    """
    began = time.perf_counter()
    given = request.headers.get(X_REQUEST_ID)
    request[REQUEST_ID] = given if given and is_request_id(given) else new_request_id()
    try:
        response = await handler(request)
    except ImgsvcError as error:
        if isinstance(error, StoreError):
            log.warning("%s: store: %s", shown_path(request.rel_url.raw_path), error.detail)
        response = problem_response(problem_for(error), request[REQUEST_ID])
    except web.HTTPException as error:
        response = _framework_response(error, request[REQUEST_ID])
    except (ConnectionError, asyncio.CancelledError):
        _abort(request, services)
        raise  # the client is gone, or was sent away: there is nobody to answer
    except Exception:
        if _says_what_aiohttp_cannot_repeat(request):
            response = problem_response(problem_for_status(417), request[REQUEST_ID])
        else:
            # Raw, for a decoded path could bring line breaks into the log; without the query, which may hold secrets.
            log.exception("%s %s failed", request.method, shown_path(request.rel_url.raw_path))
            response = _last_answer(request, services)
    if not response.prepared:
        label(request, response, services)
    seconds = time.perf_counter() - began
    _observe(request, response, services, seconds)
    if services.recent is not None:
        services.recent.note(request, response, seconds)
    return response


def is_request_id(text: str) -> bool:
    """Whether a client may name its request so: the name goes into headers and logs."""
    return _REQUEST_ID.match(text) is not None


def _says_what_aiohttp_cannot_repeat(request: web.Request) -> bool:
    """Whether what is expected is not ASCII: it is refused before any handler, in an answer that cannot be written."""
    return not request.headers.get("Expect", "").isascii()


def _last_answer(request: web.Request, services: Services) -> web.Response:
    """
    Answer what was not foreseen.

    Raises:
        ConnectionResetError: an answer has begun already.
    """
    if request.writer.output_size:
        _abort(request, services)
        raise ConnectionResetError("An answer has begun; there is no second one.") from None
    return problem_response(problem_for_status(500), request[REQUEST_ID])


def label(request: web.Request, response: web.StreamResponse, services: Services) -> None:
    """Put on an answer what every answer has; whoever prepares one before the handler ends calls this first."""
    headers = response.headers
    headers[X_REQUEST_ID] = request[REQUEST_ID]
    headers[X_SYSTEM_STATUS] = services.health.system_status.value
    headers[SERVER] = "imgsvc"


def _observe(request: web.Request, response: web.StreamResponse, services: Services, seconds: float) -> None:
    headers = response.headers
    tier, cache = headers.get(X_SOURCE, NONE), headers.get(X_CACHE, NONE)
    services.traffic.observe(request.match_info.route.resource, response.status, tier, cache, seconds)


def _abort(request: web.Request, services: Services) -> None:
    services.traffic.abort(request.match_info.route.resource, request.writer.output_size)


def problem_response(problem: Problem, request_id: str) -> web.Response:
    """Write a problem document."""
    return web.Response(
        status=problem.status,
        body=to_json(problem, request_id),
        content_type=PROBLEM_TYPE,
        headers=(*problem.headers, ("X-Content-Type-Options", "nosniff")),
    )


def _framework_response(error: web.HTTPException, request_id: str) -> web.Response:
    response = problem_response(problem_for_status(error.status), request_id)
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    if error.status == HTTPStatus.REQUEST_TIMEOUT:  # nobody waits for the rest any more (RFC 9110 §15.5.9)
        response.force_close()
    return response
