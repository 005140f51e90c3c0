"""Errors in HTTP."""

import json
from collections.abc import Iterator

import pytest

from imgsvc import errors
from imgsvc.errors import ImgsvcError
from imgsvc.web import error_map
from imgsvc.web.error_map import problem_for, problem_for_status, to_json

NEGATIVE = (errors.SourceNotFound, errors.LogoNotFound, errors.UnusableSource)


def all_errors(base: type[ImgsvcError] = ImgsvcError) -> Iterator[type[ImgsvcError]]:
    yield base
    for sub in base.__subclasses__():
        yield from all_errors(sub)


OURS = [cls for cls in all_errors() if cls.__module__ == errors.__name__]


def headers_of(error: ImgsvcError) -> dict[str, str]:
    return dict(problem_for(error).headers)


@pytest.mark.parametrize("cls", OURS, ids=lambda c: c.__name__)
def test_every_error_is_mapped(cls):
    """No class of the tree is left to its parent by accident."""
    assert cls in error_map._TABLE


@pytest.mark.parametrize(
    ("cls", "status", "code"),
    [
        (errors.InvalidRequest, 400, "bad-parameter"), (errors.MissingUrl, 400, "missing-url"),
        (errors.UrlUndefined, 400, "url-undefined"), (errors.SchemeNotAllowed, 400, "scheme-not-allowed"),
        (errors.UserinfoNotAllowed, 400, "userinfo-not-allowed"), (errors.BadKey, 400, "bad-key"),
        (errors.BadAssetId, 400, "bad-asset-id"), (errors.BadPath, 400, "bad-path"),
        (errors.AssetsNotConfigured, 503, "assets-not-configured"),
        (errors.StoreUnavailable, 503, "store-unavailable"),
        (errors.Unauthorized, 401, "unauthorized"), (errors.SourceNotAllowed, 403, "source-not-allowed"),
        (errors.AddressNotPublic, 403, "address-not-public"), (errors.PortNotAllowed, 403, "port-not-allowed"),
        (errors.BadSignature, 403, "bad-signature"), (errors.SignatureExpired, 410, "signature-expired"),
        (errors.SourceNotFound, 404, "source-not-found"),
        (errors.LogoNotFound, 404, "logo-not-found"), (errors.ObjectNotFound, 404, "not-found"),
        (errors.SourceTooLarge, 413, "too-large"), (errors.ImageTooLarge, 422, "too-many-pixels"),
        (errors.NotAnImage, 415, "not-an-image"), (errors.CorruptImage, 422, "broken-image"),
        (errors.OriginUnreachable, 502, "source-failed"), (errors.OriginStatus, 502, "source-failed"),
        (errors.OriginUnresolvable, 502, "source-unresolvable"), (errors.TooManyRedirects, 502, "too-many-redirects"),
        (errors.OriginTimeout, 504, "source-timeout"), (errors.QueueFull, 503, "overloaded"),
        (errors.TransformTimeout, 503, "overloaded"), (errors.Draining, 503, "draining"),
        (errors.StoreError, 500, "internal-error"), (ImgsvcError, 500, "internal-error"),
    ],
)  # fmt: skip
def test_status_and_code(cls, status, code):
    """Statuses and codes are those of the contract."""
    problem = problem_for(cls("Something."))
    assert (problem.status, problem.code) == (status, code)
    assert problem.title


def test_subclass_is_found_by_mro():
    """A class made later means what its nearest parent means."""

    class Newer(errors.SourceTooLarge):
        """A subclass of nobody's table."""

    assert problem_for(Newer("x")).status == 413


@pytest.mark.parametrize("cls", [c for c in OURS if not issubclass(c, NEGATIVE)], ids=lambda c: c.__name__)
def test_request_and_server_errors_are_not_kept(cls):
    """What is not about the source is nobody's to keep."""
    assert headers_of(cls("x"))["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (errors.SourceNotFound("x"), 900), (errors.NotAnImage("x"), 900), (errors.CorruptImage("x"), 900),
        (errors.SourceTooLarge("x", retry_after_seconds=3000), 900),
        (errors.ImageTooLarge("x", retry_after_seconds=7), 7),
        (errors.SourceNotFound("x", retry_after_seconds=0), 0), (errors.SourceNotFound("x", retry_after_seconds=-5), 0),
    ],
)  # fmt: skip
def test_negative_answers_are_kept_for_what_is_left(error, seconds):
    """A negative answer about the source may be kept as long as it is remembered, a quarter of an hour at most."""
    assert headers_of(error) == {"Cache-Control": f"public, max-age={seconds}"}


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (errors.Overloaded("x"), "1"), (errors.QueueFull("x", retry_after_seconds=5), "5"), (errors.Draining("x"), "1"),
        (errors.AssetsNotConfigured("x"), "1"), (errors.AssetsNotConfigured("x", retry_after_seconds=300), "300"),
        (errors.OriginTimeout("x", retry_after_seconds=42), "42"),
        (errors.OriginStatus("x", retry_after_seconds=0), "1"),
        (errors.OriginStatus("x"), None), (errors.NotAnImage("x", retry_after_seconds=3), None),
        (errors.InvalidRequest("x", retry_after_seconds=3), None),
    ],
)  # fmt: skip
def test_retry_after(error, seconds):
    """Every 503 says when, a failed source where it is known, nothing else."""
    assert headers_of(error).get("Retry-After") == seconds


def test_unauthorized_names_the_scheme():
    """A 401 says how to do better."""
    assert headers_of(errors.Unauthorized("x"))["WWW-Authenticate"] == "Bearer"


def test_document():
    """The document has all members, and param where one is at fault."""
    problem = problem_for(errors.InvalidRequest('w takes a "number".', param="w"))
    assert json.loads(to_json(problem, "req-1")) == {
        "type": "about:blank", "title": "Bad Request", "status": 400, "detail": 'w takes a "number".',
        "code": "bad-parameter", "request_id": "req-1", "param": "w",
    }  # fmt: skip


def test_document_without_param():
    """A member that says nothing is left out."""
    assert "param" not in json.loads(to_json(problem_for(errors.Draining("Going.")), "r"))


@pytest.mark.parametrize("cls", [errors.StoreError, ImgsvcError])
def test_inner_failures_say_nothing(cls):
    """What failed inside stays in the log."""
    assert b"bucket" not in to_json(problem_for(cls("bucket secret-name is gone")), "r")


@pytest.mark.parametrize(
    ("status", "code", "title"),
    [
        (404, "not-found", "Not Found"), (405, "method-not-allowed", "Method Not Allowed"),
        (400, "bad-parameter", None),
        (500, "internal-error", "Internal Server Error"), (413, "too-large", None), (503, "overloaded", None),
        (418, "i-m-a-teapot", None), (599, "error", "Error"),
    ],
)  # fmt: skip
def test_bare_status(status, code, title):
    """Statuses the framework raises are problems as well."""
    problem = problem_for_status(status)
    assert (problem.status, problem.code) == (status, code)
    assert title is None or problem.title == title
    assert ("Cache-Control", "no-store") in problem.headers
    assert (("Retry-After", "1") in problem.headers) == (status == 503)
