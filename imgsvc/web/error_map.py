"""What each error means in HTTP: one table, read along the class's MRO, and the problem document (RFC 9457)."""

import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from msgspec import Struct

from imgsvc import errors
from imgsvc.errors import ImgsvcError
from imgsvc.web.answers import NO_STORE, ProblemDocument

PROBLEM_TYPE = "application/problem+json"

MAX_NEGATIVE_SECONDS = 900
"""Longest time a client or proxy may keep a negative answer about a source."""

_RETRY_SECONDS = 1
"""``Retry-After`` of an overload that does not know better; a slot comes free within a second or so."""

_TABLE: Mapping[type[ImgsvcError], tuple[int, str]] = {
    ImgsvcError: (500, "internal-error"),
    errors.InvalidRequest: (400, "bad-parameter"),
    errors.MissingUrl: (400, "missing-url"),
    errors.UrlUndefined: (400, "url-undefined"),
    errors.SchemeNotAllowed: (400, "scheme-not-allowed"),
    errors.UserinfoNotAllowed: (400, "userinfo-not-allowed"),
    errors.BadKey: (400, "bad-key"),
    errors.BadDomain: (400, "bad-domain"),
    errors.BadAssetId: (400, "bad-asset-id"),
    errors.BadPath: (400, "bad-path"),
    errors.Unauthorized: (401, "unauthorized"),
    errors.SourceForbidden: (403, "source-not-allowed"),
    errors.SourceNotAllowed: (403, "source-not-allowed"),
    errors.AddressNotPublic: (403, "address-not-public"),
    errors.PortNotAllowed: (403, "port-not-allowed"),
    errors.BadSignature: (403, "bad-signature"),
    errors.SignatureExpired: (410, "signature-expired"),
    errors.NotFound: (404, "not-found"),
    errors.SourceNotFound: (404, "source-not-found"),
    errors.LogoNotFound: (404, "logo-not-found"),
    errors.ShareImageNotFound: (404, "no-share-image"),
    errors.ObjectNotFound: (404, "not-found"),
    errors.UnusableSource: (422, "broken-image"),
    errors.SourceTooLarge: (413, "too-large"),
    errors.ImageTooLarge: (422, "too-many-pixels"),
    errors.NotAnImage: (415, "not-an-image"),
    errors.NotAPage: (415, "not-a-page"),
    errors.CorruptImage: (422, "broken-image"),
    errors.OriginError: (502, "source-failed"),
    errors.OriginUnreachable: (502, "source-failed"),
    errors.OriginUnresolvable: (502, "source-unresolvable"),
    errors.OriginStatus: (502, "source-failed"),
    errors.TooManyRedirects: (502, "too-many-redirects"),
    errors.OriginTimeout: (504, "source-timeout"),
    errors.CircuitOpen: (502, "circuit-open"),
    errors.RateLimited: (429, "rate-limited"),
    errors.AssetsNotConfigured: (503, "assets-not-configured"),
    errors.StoreUnavailable: (503, "store-unavailable"),
    errors.Overloaded: (503, "overloaded"),
    errors.QueueFull: (503, "overloaded"),
    errors.MemoryPressure: (503, "memory"),
    errors.NoSpoolRoom: (503, "overloaded"),
    errors.TransformTimeout: (503, "overloaded"),
    errors.Draining: (503, "draining"),
    errors.StoreError: (500, "internal-error"),
}

_MAY_BE_TRIED_AGAIN = (
    errors.OriginError, errors.Overloaded, errors.RateLimited, errors.AssetsNotConfigured, errors.StoreUnavailable,
)  # fmt: skip

# Statuses a framework answers by itself, where the code is not simply the phrase in kebab case.
_PLAIN_CODES: Mapping[int, str] = {
    400: "bad-parameter",
    413: "too-large",
    416: "range-not-satisfiable",
    500: "internal-error",
    503: "overloaded",
}
_FRAMEWORK_STATUSES = (*_PLAIN_CODES, 405, 408, 417)
"""Those that the framework answers by itself, on a route or where there is none."""

_INTERNAL_DETAIL = "Something went wrong inside the service; the log has it under this request_id."
_NOT_KEBAB = re.compile(r"[^a-z0-9]+")


class Problem(Struct, frozen=True):
    """
    An error as a client sees it.

    Attributes:
        status: of HTTP.
        code: stable and documented.
        title: the status' phrase, as ``about:blank`` wants it (RFC 9457 §4.2.1).
        detail: one sentence for a person.
        param: the parameter at fault, if there is one.
        headers: what has to go with it, beside ``Content-Type``.
    """

    status: int
    code: str
    title: str
    detail: str
    param: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


def problem_for(error: ImgsvcError) -> Problem:
    """Look an error up."""
    status, code = meaning_of(type(error))
    # What fails inside names inner things; the log may have them, a client may not.
    detail = error.detail if status != HTTPStatus.INTERNAL_SERVER_ERROR else _INTERNAL_DETAIL
    return Problem(status, code, HTTPStatus(status).phrase, detail, error.param, tuple(_headers(error, status)))


def code_of(error: ImgsvcError) -> str:
    """Give an error's stable code alone."""
    return meaning_of(type(error))[1]


def meaning_of(error: type[ImgsvcError]) -> tuple[int, str]:
    """Give the status and the stable code of errors of a class: of the nearest of its bases that has them."""
    return next(_TABLE[cls] for cls in error.__mro__ if cls in _TABLE)


def codes() -> Iterator[tuple[int, str]]:
    """Give every status with each stable code it may carry; for documents about them."""
    yield from sorted({*_TABLE.values(), *((status, _plain_code(status)) for status in _FRAMEWORK_STATUSES)})


def problem_for_status(status: int) -> Problem:
    """
    Describe a bare status of 400 or above: an unknown route (404), a wrong method (405), an unforeseen exception (500).

    Headers only the caller knows, such as ``Allow``, are the caller's to add.
    """
    phrase = _phrase(status)
    code = _plain_code(status)
    detail = _INTERNAL_DETAIL if status == HTTPStatus.INTERNAL_SERVER_ERROR else f"{phrase}."
    return Problem(status, code, phrase, detail, headers=(*NO_STORE.items(), *_retry_after(status, None)))


def to_json(problem: Problem, request_id: str) -> bytes:
    """Write a problem document, RFC 9457 §3; members that say nothing are left out."""
    document = ProblemDocument(
        type="about:blank",
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        code=problem.code,
        request_id=request_id,
    )
    if problem.param is not None:
        document["param"] = problem.param
    return json.dumps(document).encode()


def _is_about_the_source(error: ImgsvcError) -> bool:
    if isinstance(error, errors.UnusableSource):
        return not error.was_sent
    return isinstance(error, errors.SourceNotFound | errors.LogoNotFound)


def _headers(error: ImgsvcError, status: int) -> Iterator[tuple[str, str]]:
    if _is_about_the_source(error):
        left = error.remember_seconds if error.retry_after_seconds is None else error.retry_after_seconds
        yield "Cache-Control", f"public, max-age={min(max(0, left), MAX_NEGATIVE_SECONDS)}"
    else:
        yield from NO_STORE.items()
    if isinstance(error, _MAY_BE_TRIED_AGAIN):
        yield from _retry_after(status, error.retry_after_seconds)
    if isinstance(error, errors.RateLimited):
        yield "RateLimit-Limit", str(error.limit)
        yield "RateLimit-Remaining", str(error.remaining)
        yield "RateLimit-Reset", str(error.reset_seconds)
    if status == HTTPStatus.UNAUTHORIZED:
        yield "WWW-Authenticate", "Bearer"


def _retry_after(status: int, seconds: int | None) -> Iterator[tuple[str, str]]:
    """RFC 9110 §10.2.3; a 503 always says when, anything else only where it is known."""
    if seconds is None and status == HTTPStatus.SERVICE_UNAVAILABLE:
        seconds = _RETRY_SECONDS
    if seconds is not None:
        yield "Retry-After", str(max(1, seconds))


def _plain_code(status: int) -> str:
    return _PLAIN_CODES.get(status, _NOT_KEBAB.sub("-", _phrase(status).lower()))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:  # a status of nobody's register
        return "Error"
