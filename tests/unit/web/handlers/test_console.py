"""The console's routes, and the list of requests that it shows to whoever has the token."""

import gzip
import json

import pytest

from tests.support.pictures import png
from tests.support.service import running_service
from tests.unit.web.handlers.asking import OFF

TOKEN = {"Authorization": "Bearer s3cret"}
REQUESTS = "/api/health/requests"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
NOWHERE = (
    "/console/none.js", "/console/", "/console/index.html", "/console/..%2frecent.py", "/console/%2e%2e%2frecent.py",
    "/console/main.js%00", "/console/main.js/", "/console/.", "/console/..%5crecent.py",
)  # fmt: skip
PATHS = ("/", "/console/main.js", "/console/base.css", "/console/mark.svg")


@pytest.fixture
async def console(origin, tmp_path):
    async with running_service(tmp_path, origin.port, demo=True, IMGSVC_ADMIN_TOKEN="s3cret", **OFF) as service:
        yield service


async def test_headers(console):
    """Every file may be kept, is asked for again, and may do nothing but work with this service."""
    for path in PATHS:
        answer = await console.request("GET", path)

        assert answer.status == 200
        assert answer.headers["Content-Security-Policy"] == CSP
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["ETag"].startswith('"')


async def test_what_is_known_is_not_sent(console):
    """With its tag an answer is 304, for each encoding its own."""
    for path in PATHS:
        for encoding in ("gzip", "identity"):
            asked = {"Accept-Encoding": encoding}
            tag = (await console.request("GET", path, asked)).headers["ETag"]
            again = await console.request("GET", path, asked | {"If-None-Match": f'"x", {tag}'})
            other = await console.request("GET", path, asked | {"If-None-Match": '"x"'})

            assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
            assert again.headers["Content-Security-Policy"] == CSP
            assert other.status == 200


async def test_compressed_where_the_client_reads_it(console):
    """Gzip is the same file, smaller where there is something to gain."""
    for path in PATHS:
        plain = await console.request("GET", path, {"Accept-Encoding": "identity"})
        zipped = await console.request("GET", path, {"Accept-Encoding": "br, gzip;q=0.5"})

        assert "Content-Encoding" not in plain.headers
        assert zipped.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(zipped.body) == plain.body
        assert len(zipped.body) < len(plain.body)


async def test_head(console):
    """HEAD says how large the file is and sends none of it."""
    for path in PATHS:
        got, headed = [await console.request(method, path) for method in ("GET", "HEAD")]

        assert (headed.status, headed.body) == (200, b"")
        assert headed.headers["Content-Length"] == got.headers["Content-Length"]
        assert headed.headers["ETag"] == got.headers["ETag"]


async def test_nothing_else_is_there(console):
    """Only names of the folder's files are answered, whatever leads out of it."""
    for path in NOWHERE:
        answer = await console.raw("GET", path)

        assert (path, answer.status, answer.json()["code"]) == (path, 404, "not-found")


async def test_the_page_knows_the_samples(console):
    """In a demo the page names the sample pictures where this process serves them; its tag says so."""
    page = (await console.request("GET", "/", {"Accept-Encoding": "identity"})).body.decode()

    assert f'data-samples="{console.base_url}/demo/landscape.jpg ' in page


async def test_without_the_demo_there_are_no_samples(service):
    """The page is there all the same, and names none."""
    page = (await service.request("GET", "/", {"Accept-Encoding": "identity"})).body.decode()

    assert 'data-samples=""' in page
    assert "/demo/landscape" not in page


async def test_recent_requests(console, origin):
    """A miss, a hit and a refusal are told, the latest first, without queries and without the probes in between."""
    origin.serve("/a.png", png())
    for _ in range(2):
        await console.image(origin.url("/a.png?token=hidden"), w=5)
    await console.image("https://elsewhere.example/a.png?token=hidden")
    await console.request("GET", "/api/health")

    answer = await console.request("GET", REQUESTS, TOKEN)

    told = answer.json()["requests"]
    about = [(entry["status"], entry["tier"], entry["cache"], entry["source"]) for entry in told[:3]]
    url = origin.url("/a.png")
    assert about == [(403, None, None, None), (200, "memory", "HIT", url), (200, "origin", "MISS", url)]
    assert {entry["route"] for entry in told} == {"/api/cache/images"}
    assert all(entry["bytes"] > 0 and entry["ms"] > 0 and entry["request_id"] for entry in told)
    assert "hidden" not in answer.body.decode()
    assert answer.headers["Cache-Control"] == "no-store"


async def test_recent_requests_of_every_family(console, origin):
    """Logos, share pictures and pages name the site or the source, hit or miss."""
    asked = [
        ("/api/logo", {"website": "acme.test"}, "acme.test"), ("/api/logo", {"company": "Nobody & Sons"}, "company"),
        ("/api/logo/candidates", {"website": "acme.test"}, "acme.test"),
        ("/api/logo/invert", {"url": origin.url("/icon.png?x=hidden")}, origin.url("/icon.png")),
        ("/api/og-image", {"url": origin.url("/icon.png?x=hidden")}, origin.url("/icon.png")),
        ("/api/og-data", {"url": origin.url("/?x=hidden")}, "origin.test"),
    ]  # fmt: skip
    for path, parameters, _ in asked:
        for _ in range(2):
            await console.request("GET", path, **parameters)

    told = (await console.request("GET", REQUESTS, TOKEN)).json()["requests"]

    expected = [(path, source) for path, _, source in asked for _ in range(2)]
    own = [(entry["route"], entry["source"]) for entry in reversed(told) if entry["route"] in dict(expected)]
    assert own == expected
    assert "hidden" not in json.dumps(told)


async def test_recent_requests_need_the_token(console):
    """Another token, or none, is 401 with a problem document."""
    for headers in ({}, {"Authorization": "Bearer s3cre"}, {"Authorization": "Basic s3cret"}):
        answer = await console.request("GET", REQUESTS, headers)

        assert (answer.status, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_without_a_token_there_is_no_list(service):
    """Where none is set, nothing is kept and nothing is there."""
    answer = await service.request("GET", REQUESTS, TOKEN)

    assert (answer.status, answer.json()["code"]) == (404, "not-found")
    assert service.opened.services.recent is None
