"""The OpenAPI document: routes, parameters, answers and errors, each from where it is defined."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from imgsvc import __version__
from imgsvc.web.openapi import images, logos, operating, sharing
from imgsvc.web.openapi.components import Components
from imgsvc.web.openapi.operation import Operation
from imgsvc.web.parameters import EXAMPLE_URL

OPENAPI = "3.1.1"
"""https://spec.openapis.org/oas/v3.1.1.html"""

OPERATIONS: tuple[Operation, ...] = (
    *images.OPERATIONS, *logos.OPERATIONS, *sharing.OPERATIONS, *operating.OPERATIONS,
)  # fmt: skip
"""Of every route that there can be."""

TAGS: Mapping[str, str] = {
    images.IMAGES: "Any picture of an allowed source, resized and re-encoded.",
    logos.LOGOS: "The logo of a site or a company, for the page it is shown on.",
    sharing.SHARING: "One picture for a page that every network accepts, and what the page says of itself.",
    images.PURGING: "The operator says what is no longer true; needs `IMGSVC_ADMIN_TOKEN`.",
    operating.HEALTH: "What balancers and operators ask.",
    operating.DOCUMENTS: "The console, and what this service can be asked.",
    operating.DEMO: "Sample pictures; `--demo` only.",
}

_ABOUT = (
    "An image service for a site's front end. Every answer has `X-Request-Id` and `X-System-Status`; every error is "
    "`application/problem+json` (RFC 9457) with a stable `code`. A parameter that is repeated with different values "
    "is `400`; unknown ones are ignored. `HEAD` has the status and headers of `GET`."
)
_ADMIN, _SIGNATURE = "adminToken", "signature"
_SECURITY = {
    _ADMIN: {
        "type": "http", "scheme": "bearer",
        "description": "`IMGSVC_ADMIN_TOKEN`; where it is not set, routes that need it are `404`.",
    },
    _SIGNATURE: {
        "type": "apiKey", "in": "query", "name": "sig",
        "description": (
            "Unpadded base64url HMAC-SHA256 over `PATH?QUERY`, the parameters as sent without `sig`, sorted by name "
            "and value, form-encoded; with `exp`, the unix second it ends at. `imgsvc sign` makes it."
        ),
    },
}  # fmt: skip


def make_document(routes: Iterable[tuple[str, str]], picture: str = EXAMPLE_URL) -> dict[str, Any]:
    """
    Describe an application.

    Args:
        routes: its methods and paths, as its router names them.
        picture: URL of one that can be asked for.

    Raises:
        LookupError: one of them is not described here.
    """
    wanted = set(routes)
    known = {(method, operation.path): operation for operation in OPERATIONS for method in _methods(operation)}
    if unknown := wanted - known.keys():
        raise LookupError(f"routes without a description: {sorted(unknown)}")
    components = Components(picture)
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in known.items():
        if (method, path) in wanted:
            paths.setdefault(path, {})[method.lower()] = _operation(operation, method, components, picture)
    used = {operation.tag for (method, path), operation in known.items() if (method, path) in wanted}
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "imgsvc", "version": __version__, "summary": "Finds, fetches, shrinks, caches and serves pictures",
            "description": _ABOUT, "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "This service"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items() if name in used],
        "paths": paths,
        "components": components.described() | {"securitySchemes": _SECURITY},
    }  # fmt: skip


def _methods(operation: Operation) -> tuple[str, ...]:
    return ("GET", "HEAD") if operation.method == "GET" else (operation.method,)


def _operation(operation: Operation, method: str, components: Components, picture: str) -> dict[str, Any]:
    is_head = method == "HEAD"
    source = quote(picture, safe=":/")
    described = {
        "operationId": f"{operation.name}Head" if is_head else operation.name,
        "tags": [operation.tag],
        "summary": f"{operation.summary}: headers only" if is_head else operation.summary,
        "description": operation.description,
        "parameters": components.parameters(operation),
        "requestBody": _body(operation),
        "responses": components.responses(operation, is_head=is_head),
        "security": _security(operation),
        "x-try": [] if is_head else [target.replace("{picture}", source) for target in operation.tries],
    }
    return {name: value for name, value in described.items() if value}


def _body(operation: Operation) -> dict[str, Any] | None:
    if operation.body is None:
        return None
    return {
        "required": True,
        "content": {media_type: {"schema": schema} for media_type, schema in operation.body.items()},
    }


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    """Say what lets a client pass; an empty requirement says that nothing is needed."""
    if operation.is_admin:
        return [{_ADMIN: []}]
    counting = ((_SIGNATURE, operation.is_signed), (_ADMIN, operation.may_refresh))
    optional: list[dict[str, list[str]]] = [{name: []} for name, counts in counting if counts]
    return [{}, *optional] if optional else []
