"""Every route there is, walked one by one: answered, by HEAD too, and nothing else allowed on it."""

import json
import re

import pytest
from aiohttp import web

from tests.support.origin import ScriptedOrigin
from tests.support.pictures import png
from tests.support.wire import serving

pytestmark = pytest.mark.slow

# What to ask of each route of the application, and what is to come: a route without a line here fails the walk.
ASKED = {
    ("GET", "/api/cache/images"): ("/api/cache/images?url={url}&w=10&f=png", 200),
    ("DELETE", "/api/cache/images"): ("/api/cache/images?url={url}", 200),
    ("POST", "/api/purge"): ("/api/purge", 200),
    ("GET", "/_next/image"): ("/_next/image?url={url}&w=16&q=75", 200),
    ("GET", "/api/twitter-image/{path}"): ("/api/twitter-image/media/a.png", 200),
    ("GET", "/api/assets/{assetId}"): ("/api/assets/0192F3A04B5C7D8E9F00112233445566?f=png", 200),
    ("GET", "/api/logo"): ("/api/logo?website=acme.test&theme=auto", 200),
    ("GET", "/api/logo/invert"): ("/api/logo/invert?url={url}", 200),
    ("GET", "/api/logo/candidates"): ("/api/logo/candidates?website=acme.test", 200),
    ("POST", "/api/validate-logo"): ("/api/validate-logo", 200),
    ("GET", "/logo/{domain}"): ("/logo/acme.test", 200),
    ("GET", "/s2/favicons"): ("/s2/favicons?domain=acme.test&sz=32", 200),
    ("GET", "/icon"): ("/icon?url=acme.test&size=16..32..64", 200),
    ("GET", "/api/og-data"): ("/api/og-data?url={url}/page", 200),
    ("GET", "/api/og-image"): ("/api/og-image?url={url}/page&f=png", 200),
    ("GET", "/api/health"): ("/api/health", 200),
    ("GET", "/api/health/live"): ("/api/health/live", 200),
    ("GET", "/api/health/metrics"): ("/api/health/metrics", 200),
    ("GET", "/openapi.json"): ("/openapi.json", 200),
    ("GET", "/docs"): ("/docs", 200),
    ("GET", "/metrics"): ("/metrics", 200),
    ("GET", "/api/health/requests"): ("/api/health/requests", 200),
    ("GET", "/"): ("/", 200),
    ("GET", "/console/{name}"): ("/console/main.js", 200),
    ("GET", "/demo/"): ("/demo/", 200),
    ("GET", "/demo/{name}"): ("/demo/logo.svg", 200),
}
SENT = {("POST", "/api/purge"): '{"tags": ["red"]}', ("POST", "/api/validate-logo"): '{"url": "%s"}'}
EVERYWHERE = {"x-request-id", "x-system-status", "server", "content-type", "content-length", "date"}
OTHER_METHODS = ("POST", "PUT", "PATCH", "OPTIONS", "TRACE", "DELETE")
TOKEN = "Authorization: bearer s3cret"


@pytest.fixture
async def server(tmp_path):
    async with ScriptedOrigin() as origin:
        origin.serve("/a.png", png())
        origin.serve("/a.png/page", b"<title>A page</title>", headers={"Content-Type": "text/html"})
        origin.serve("/media/a.png", png())
        origin.serve("/api/assets/0192f3a0-4b5c-7d8e-9f00-112233445566", png())
        proxies = {"IMGSVC_TWITTER_BASE_URL": origin.url(""), "ASSETS_BASE_URL": origin.url("")}
        env = proxies | {
            "ASSETS_BEARER_TOKEN": "t0ken",
            "IMGSVC_ADMIN_TOKEN": "s3cret",
            "IMGSVC_LOGO_GOOGLE_URL": "",
            "IMGSVC_LOGO_DUCKDUCKGO_URL": "",
        }
        async with serving(tmp_path, origin_port=origin.port, demo=True, **env) as server:
            server.url = origin.url("/a.png")
            yield server


def routes(server) -> dict[tuple[str, str], web.AbstractRoute]:
    return {(route.method, route.resource.canonical): route for route in server.runner.app.router.routes()}


async def ask(server, method: str, target: str):
    """Send one request with the admin's token, and what such a request sends, on a connection of its own."""
    body = SENT.get((method, target), "").replace("%s", server.url)
    lines = [f"{method} {target.format(url=server.url)} HTTP/1.1", "Host: a", TOKEN, "Content-Type: application/json"]
    async with await server.connect() as wire:
        await wire.send("\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode())
        return await wire.reply(head_only=method == "HEAD")


async def test_every_route_is_asked(server):
    """The table here and the application know the same routes, and each GET has its HEAD."""
    known = set(routes(server))
    assert {pair for pair in known if pair[0] != "HEAD"} == set(ASKED)
    assert {path for method, path in known if method == "HEAD"} == {path for method, path in ASKED if method == "GET"}


async def test_every_route_answers(server):
    """Each answers as promised, with the headers that every answer has."""
    for (method, path), (target, status) in ASKED.items():
        reply = await ask(server, method, target)
        assert (path, reply.status) == (path, status)
        assert set(reply.headers) >= EVERYWHERE, path
        assert reply.headers["server"] == "imgsvc"


async def test_head_is_get_without_a_body(server):
    """HEAD has the status and headers of GET and sends nothing behind them."""
    changing = {"date", "x-request-id", "server-timing", "age", "x-cache", "x-source", "cache-status"}
    health = ("/api/health", "/api/health/metrics", "/api/health/requests", "/metrics")
    counted = {path: {"content-length"} for path in health}
    counted["/api/og-data"] = {"etag"}  # its JSON says which tier it came from
    for (method, path), (target, _) in ASKED.items():
        if method == "GET":
            got, headed = await ask(server, "GET", target), await ask(server, "HEAD", target)
            unstable = changing | counted.get(path, set()) | {"x-nextjs-cache"}
            assert (headed.status, headed.body) == (got.status, b"")
            assert {k: v for k, v in headed.headers.items() if k not in unstable} == {
                k: v for k, v in got.headers.items() if k not in unstable
            }, path


async def test_other_methods_are_refused_with_what_is_allowed(server):
    """Any other method is 405 with ``Allow`` and a document."""
    for path in {path for _, path in ASKED}:
        allowed = {method for method, known in routes(server) if known == path}
        for method in set(OTHER_METHODS) - allowed:
            reply = await ask(server, method, re.sub(r"{.*}", "logo.svg", path))
            assert (path, method, reply.status) == (path, method, 405)
            assert set(reply.headers["allow"].split(",")) == allowed
            assert json.loads(reply.body)["code"] == "method-not-allowed"


@pytest.mark.parametrize("path", ["/api", "/api/cache/images/", "/demo", "/demo/none.jpg", "/demo/a/b", "//"])
async def test_nowhere(server, path):
    """What is no route is 404 with a document; nothing redirects to what might have been meant."""
    reply = await ask(server, "GET", path)

    assert (reply.status, json.loads(reply.body)["code"]) == (404, "not-found")
    assert reply.headers["cache-control"] == "no-store"


async def test_without_the_demo_there_is_none(tmp_path):
    """The sample pictures are routes only where they were asked for."""
    async with serving(tmp_path) as server:
        assert not [path for _, path in routes(server) if path.startswith("/demo")]
