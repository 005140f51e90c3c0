"""
What schemathesis is told of this service beside its document; it loads this module by ``SCHEMATHESIS_HOOKS``.

Texts that fit a schema name no source that could be asked. In well-formed requests they are replaced by those that the
scripted origin has, or has not: by the same one each time.
"""

import json
import zlib
from urllib.parse import unquote

import schemathesis
from schemathesis.core.parameters import ParameterLocation

PAGES = ("http://origin.test/page", "http://origin.test/gone")
PICTURES = (
    "http://origin.test/a.png",
    "https://b.test/a.svg",
    "http://origin.test/gone.jpg",
    "http://origin.test/page",
)
HOSTS = ("acme.test", "origin.test", "gone.test")
SITES = (*HOSTS, "https://acme.test/about")
ASSET = "0192f3a0-4b5c-7d8e-9f00-112233445566"

KNOWN = {
    "/api/og-data": {"url": PAGES},
    "/api/og-image": {"url": PAGES + PICTURES, "assetId": (ASSET,)},
    "/api/logo": {"website": SITES, "company": ("Acme", "Nobody & Sons")},
    "/api/logo/candidates": {"website": SITES, "company": ("Acme", "Nobody & Sons")},
    "/api/logo/invert": {"url": PICTURES, "domain": SITES},
    "/api/validate-logo": {"url": PICTURES},
    "/logo/{domain}": {"domain": HOSTS},
    "/s2/favicons": {"domain": SITES},
    "/icon": {"url": SITES, "size": ("16..32..64", "32")},
    "/api/assets/{assetId}": {"assetId": (ASSET, "0" * 32)},
    "/api/twitter-image/{path}": {"path": ("media/a.png", "media/gone.png")},
    "/api/purge": {
        "urls": PICTURES,
        "prefixes": ("https://a.test/",),
        "domains": ("*.a.test", "a.test"),
        "tags": ("a",),
    },
}
"""Values for parameters and members, by route; of all others the sources are pictures."""

ONE_OF = (("website", "company"), ("domain", "url"), ("assetId", "url", "title"))
"""Parameters of which a request names one; OpenAPI has no words for that."""


@schemathesis.hook
def before_call(context, case, kwargs):
    """Name sources that there are, whatever else is wrong with the request; nothing else is ever asked for."""
    known = KNOWN.get(case.operation.path, {"url": PICTURES})
    operation = case.operation
    for place, parameters in ((case.query, operation.query), (case.path_parameters, operation.path_parameters)):
        _replace(place or {}, {name: pool for name, pool in known.items() if _fits(place, parameters, name)})
    if case.meta is not None and case.meta.generation.mode.is_positive:
        _replace(case.body if isinstance(case.body, dict) else {}, known)
        _choose(case.query, known)


def _fits(place, parameters, name):
    """Whether a value is what the document says; those of paths are encoded already."""
    parameter, value = parameters.get(name), (place or {}).get(name)
    if parameter is None or value is None:
        return False
    is_encoded = parameter.location is ParameterLocation.PATH and isinstance(value, str)
    return parameter.get_validator().is_valid(unquote(value) if is_encoded else value)


def _replace(place, known):
    for name, pool in known.items():
        if isinstance(place.get(name), str):
            place[name] = _picked(pool, place[name])
        elif isinstance(place.get(name), list):
            place[name] = [_picked(pool, str(value)) for value in place[name]]


def _choose(query, known):
    for names in ONE_OF:
        if set(names) <= known.keys() | {"title"} and query is not None:
            given = [name for name in names if query.get(name)]
            for name in given[1:]:
                del query[name]
            if not given:
                query[names[0]] = _picked(known[names[0]], names[0])


def _picked(pool, value):
    """Pick one; a hash of Python's own would differ from run to run."""
    return pool[zlib.crc32(value.encode("utf-8", "surrogatepass")) % len(pool)]


@schemathesis.check
def only_documented_failures(ctx, response, case):
    """See that a failure of the server is a problem document with a status and a code that the document has; no 500."""
    if response.status_code < 500 or case.operation.path == "/api/health":
        return
    assert response.status_code != 500, "something went wrong inside the service"
    assert str(response.status_code) in case.operation.responses.status_codes, "the document has no such status"
    if response.request.method != "HEAD":
        assert json.loads(response.content)["status"] == response.status_code
