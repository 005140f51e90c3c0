"""The operations of operators: purges, health, documents, the demo."""

from collections.abc import Mapping
from typing import Any

from imgsvc import errors
from imgsvc.demo import MEDIA_TYPES
from imgsvc.web import values
from imgsvc.web.console_files import MEDIA_TYPES as FILE_TYPES
from imgsvc.web.instructions import HARD, LISTS, MAX_ITEMS
from imgsvc.web.openapi import problems
from imgsvc.web.openapi.images import PURGING
from imgsvc.web.openapi.operation import HTML, JSON, TEXT, Answer, Operation, named, pictures
from imgsvc.web.parameters import Parameter, words

HEALTH = "Health"
DOCUMENTS = "Documents"
DEMO = "Demo"

_ASKED = ("X-Request-Id",)
_NO_STORE = ("Cache-Control",)
_DOCUMENT = ("Cache-Control", "ETag", "X-Content-Type-Options", "Vary", "Content-Encoding")

_CONSOLE = (
    "Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
)  # fmt: skip
_FILE_CONTENT: Mapping[str, Mapping[str, Any]] = {text.partition(";")[0]: {} for text in FILE_TYPES.values()}
_FILE = Parameter(
    "name", values.text, "a name", "Name of the file.", schema={"type": "string"}, required=True, example="main.js"
)  # fmt: skip

_PURGE = {
    "type": "object",
    "description": f"What to purge; {MAX_ITEMS} things at most in all.",
    "additionalProperties": False,
    "properties": {
        **{name: {"type": "array", "items": {"type": "string"}, "maxItems": MAX_ITEMS} for name in LISTS},
        HARD: {"type": "boolean", "default": False, "description": "Remove instead of marking as stale."},
    },
}
_PICTURE = Parameter(
    "name", values.choice(MEDIA_TYPES), f"one of {', '.join(MEDIA_TYPES)}", "Name of the picture.",
    schema=words(MEDIA_TYPES), required=True,
)  # fmt: skip


def _json(schema: str, description: str, status: int = 200, headers: tuple[str, ...] = _NO_STORE) -> Answer:
    return Answer(status=status, description=description, content={JSON: named(schema)}, headers=headers)


def _kept(description: str, content: Mapping[str, Mapping[str, Any]], *headers: str) -> tuple[Answer, ...]:
    """Describe a file with a tag, which a client may have already."""
    said = (*_DOCUMENT, *headers)
    return (
        Answer(status=200, description=description, content=content, headers=said),
        Answer(status=304, description="The client has it already.", content={}, headers=said),
    )


OPERATIONS = (
    Operation(
        method="POST", path="/api/purge", name="purge", tag=PURGING, summary="Purge by URL, prefix, domain and tag",
        description="Soft by default: what was fetched before is stale. A request with a mistake purges nothing.",
        request_headers=_ASKED, body={JSON: _PURGE}, answers=(_json("Purged", "Purged, in every process."),),
        errors=(*problems.QUERY, *problems.URL, *problems.KEY, *problems.ADMIN), statuses=(408, 413), is_admin=True,
    ),
    Operation(
        path="/api/health", name="getHealth", tag=HEALTH, summary="Whether to send requests here",
        tries=("/api/health",),
        request_headers=_ASKED,
        answers=(
            _json("HealthReport", "Healthy, or degraded."),
            _json(
                "HealthReport", "Starting, draining, or short of memory.", 503, headers=(*_NO_STORE, "Retry-After")
            ),
        ),
    ),
    Operation(
        path="/api/health/live", name="getLiveness", tag=HEALTH, summary="Whether the process answers at all",
        tries=("/api/health/live",),
        request_headers=_ASKED, answers=(_json("Live", "It does."),),
    ),
    Operation(
        path="/api/health/metrics", name="getMetrics", tag=HEALTH, summary="All figures",
        tries=("/api/health/metrics",), request_headers=_ASKED,
        answers=(_json("Metrics", "The figures."),),
    ),
    Operation(
        path="/api/health/requests", name="getRequests", tag=HEALTH, summary="The last hundred requests",
        description="Probes and the console's own files are left out. Where no token is set nothing is kept.",
        request_headers=_ASKED, answers=(_json("RecentAnswer", "The requests."),), errors=problems.ADMIN, is_admin=True,
    ),
    Operation(
        path="/metrics", name="getPrometheusMetrics", tag=HEALTH, summary="The figures for Prometheus",
        description="As text, or as OpenMetrics where `Accept` likes that better.",
        tries=("/metrics",), request_headers=_ASKED,
        answers=(
            Answer(
                status=200, description="The figures.", content={TEXT: {}, "application/openmetrics-text": {}},
                headers=("Cache-Control", "Vary"),
            ),
        ),
    ),
    Operation(
        path="/openapi.json", name="getDocument", tag=DOCUMENTS, summary="This document",
        tries=("/openapi.json",),
        request_headers=(*_ASKED, "If-None-Match"), answers=_kept("OpenAPI 3.1.", {JSON: {"type": "object"}}),
    ),
    Operation(
        path="/docs", name="getPage", tag=DOCUMENTS, summary="This document as a page",
        tries=("/docs",),
        request_headers=(*_ASKED, "If-None-Match"), answers=_kept("The page.", {HTML: {}}, "Content-Security-Policy"),
    ),
    Operation(
        path="/", name="getConsole", tag=DOCUMENTS, summary="The console",
        description="A page that shows what this process does, and builds addresses of pictures, logos and cards.",
        tries=("/",), request_headers=(*_ASKED, "If-None-Match"),
        answers=_kept("The page.", {HTML: {}}, *_CONSOLE),
    ),
    Operation(
        path="/console/{name}", name="getConsoleFile", tag=DOCUMENTS, summary="A file of the console",
        path_parameters=(_FILE,), request_headers=(*_ASKED, "If-None-Match"),
        answers=_kept("The file.", _FILE_CONTENT, *_CONSOLE), errors=(errors.ObjectNotFound,),
    ),
    Operation(
        path="/demo/", name="getDemo", tag=DEMO, summary="What the service makes of the sample pictures",
        tries=("/demo/",), request_headers=_ASKED,
        answers=(
            Answer(
                status=200, description="The page.", content={HTML: {}},
                headers=("Cache-Control", "Content-Security-Policy"),
            ),
        ),
    ),
    Operation(
        path="/demo/{name}", name="getDemoPicture", tag=DEMO, summary="One sample picture as it is",
        path_parameters=(_PICTURE,), request_headers=_ASKED, tries=("/demo/landscape.jpg",),
        answers=(
            Answer(
                status=200, description="The picture.", content=pictures(*dict.fromkeys(MEDIA_TYPES.values())),
                headers=("Cache-Control",),
            ),
        ),
        errors=(errors.ObjectNotFound,),
    ),
)  # fmt: skip
