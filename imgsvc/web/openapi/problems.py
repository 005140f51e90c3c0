"""What can go wrong, in groups that routes have in common, and how it is described."""

import inspect
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from imgsvc import errors
from imgsvc.errors import ImgsvcError
from imgsvc.web.error_map import PROBLEM_TYPE, codes, meaning_of, problem_for_status
from imgsvc.web.openapi.headers import EVERYWHERE
from imgsvc.web.openapi.operation import Operation, named

Errors = tuple[type[ImgsvcError], ...]

QUERY: Errors = (errors.InvalidRequest,)
URL: Errors = (errors.MissingUrl, errors.UrlUndefined, errors.SchemeNotAllowed, errors.UserinfoNotAllowed)
KEY: Errors = (errors.BadKey, errors.ObjectNotFound)
STORED: Errors = (*KEY, errors.StoreUnavailable)
"""Of routes that answer what a key names."""

LOOP: Errors = (errors.SourceNotAllowed,)
SIGNATURE: Errors = (errors.BadSignature, errors.SignatureExpired)
REACH: Errors = (errors.SourceNotAllowed, errors.AddressNotPublic, errors.PortNotAllowed)
ORIGIN: Errors = (
    errors.SourceNotFound, errors.SourceTooLarge, errors.OriginError, errors.OriginUnresolvable,
    errors.TooManyRedirects, errors.OriginTimeout, errors.CircuitOpen,
)  # fmt: skip
BYTES: Errors = (errors.NotAnImage, errors.CorruptImage, errors.ImageTooLarge)
LIMITS: Errors = (errors.RateLimited,)
LOAD: Errors = (errors.Overloaded, errors.MemoryPressure, errors.Draining)
ADMIN: Errors = (errors.Unauthorized, errors.ObjectNotFound)

PICTURE: Errors = (*QUERY, *REACH, *SIGNATURE, *ORIGIN, *BYTES, *LIMITS, *LOAD)
"""Of every route that answers what is got from a source."""

_ALWAYS: Errors = (ImgsvcError,)
_STATUS_HEADERS = {
    401: ("WWW-Authenticate",),
    416: ("Content-Range", "Accept-Ranges", "ETag"),
    429: ("Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
    502: ("Retry-After",),
    503: ("Retry-After",),
    504: ("Retry-After",),
}


def codes_by_status(operation: Operation) -> dict[int, list[str]]:
    """Give the codes that *operation* can answer, by their statuses."""
    pairs = {meaning_of(error) for error in (*operation.errors, *_ALWAYS)}
    pairs |= {(status, problem_for_status(status).code) for status in operation.statuses}
    found: dict[int, list[str]] = {}
    for status, code in sorted(pairs):
        found.setdefault(status, []).append(code)
    return found


def meanings() -> dict[tuple[int, str], str]:
    """Give what each code means, by status and code: the sentence of the one error that has it, or of their base."""
    found: dict[tuple[int, str], list[type[ImgsvcError]]] = {}
    for error in _every(ImgsvcError):
        found.setdefault(meaning_of(error), []).append(error)
    said = {pair: _sentence(having) for pair, having in found.items()}
    said[meaning_of(ImgsvcError)] = "Something went wrong inside the service; its log has more under the `request_id`."
    return {pair: said.get(pair, f"{HTTPStatus(pair[0]).phrase}.") for pair in codes()}


def _sentence(having: list[type[ImgsvcError]]) -> str:
    ends = [error for error in having if not error.__subclasses__()]
    text = inspect.getdoc(ends[0] if len(ends) == 1 else having[0]) or ""
    return " ".join(text.partition("\n\n")[0].replace("``", "`").split())


def _every(error: type[ImgsvcError]) -> Iterator[type[ImgsvcError]]:
    """Give an error and all that are derived from it."""
    yield error
    for derived in error.__subclasses__():
        yield from _every(derived)


def response(status: int, names: list[str], said: dict[tuple[int, str], str]) -> dict[str, Any]:
    """Describe an answer of *status* with one of these codes; *said* has their meanings."""
    lines = [f"- `{name}`: {said[status, name]}" for name in names]
    narrowed = {"type": "object", "properties": {"status": {"const": status}, "code": {"enum": names}}}
    headers = (*EVERYWHERE, "Cache-Control", *_STATUS_HEADERS.get(status, ()))
    return {
        "description": f"{HTTPStatus(status).phrase}.\n\n" + "\n".join(lines),
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        "content": {PROBLEM_TYPE: {"schema": {"allOf": [named("ProblemDocument"), narrowed]}}},
    }
