"""Pictures of Twitter's server: which paths and parameters reach it, and for how long an answer may be kept."""

import asyncio

import pytest

from tests.support.large import halves, nothing_left
from tests.support.large import photo as large_photo
from tests.support.service import running_service
from tests.support.wire import connected
from tests.unit.web.test_proxies import OTHERS, TRAVERSALS

ROUTE = "/api/twitter-image"
WEEK = "stale-while-revalidate=604800, stale-if-error=604800"
ADMIN = {"Authorization": "Bearer s3cret"}


@pytest.fixture
def timeout() -> dict[str, str]:
    """What runs out, if anything."""
    return {}


@pytest.fixture
async def service(origin, tmp_path, photo, timeout):
    """A service whose Twitter is the scripted origin, on no list; at the end nothing is held."""
    origin.serve("/media/X", photo, headers={"Cache-Control": "max-age=604800, must-revalidate"})
    env = {
        "IMGSVC_TWITTER_BASE_URL": origin.url("", host="twimg.test"),
        "IMGSVC_ALLOWED_HOSTS": "",
        "IMGSVC_ADMIN_TOKEN": "s3cret",
        "IMAGE_STREAM_THRESHOLD_BYTES": "100000",
    }
    async with running_service(tmp_path, origin.port, **env, **timeout) as service:
        yield service
        await nothing_left(service, tmp_path)


async def test_a_picture(service, origin, photo):
    """The query reaches the server as it was sent; the answer is fresh for a day, and may be given for a week more."""
    answer = await service.raw("GET", f"{ROUTE}/media/X?format=jpg&name=large&f=original")
    again = await service.raw("GET", f"{ROUTE}/media/X?format=jpg&name=large&f=original")
    head = await service.raw("HEAD", f"{ROUTE}/media/X?format=jpg&name=large&f=original")

    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, photo, "image/jpeg")
    assert answer.headers["Cache-Control"] == f"public, max-age=86400, {WEEK}"
    assert (again.headers["X-Cache"], again.headers["Cache-Control"]) == ("HIT", f"public, max-age=86400, {WEEK}")
    assert (head.status, head.body, head.headers["ETag"]) == (200, b"", answer.headers["ETag"])
    assert [request.target for request in origin.requests] == ["/media/X?format=jpg&name=large"]
    assert "Authorization" not in origin.requests[0].headers


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("profile_images/12/a_normal.png", "/profile_images/12/a_normal.png"),
        ("ext_tw_video_thumb/1/pu/img/x.JPG?w=10", "/ext_tw_video_thumb/1/pu/img/x.JPG"),
        ("media/%58.jpg", "/media/X.jpg"),
        ("media/a%20b.jpg?name=%2F%7e+x&w=20", "/media/a%20b.jpg?name=%2F%7e+x"),
        ("media/X.jpg?w=10&h=20&fit=cover&f=png&q=9", "/media/X.jpg"),
    ],
)
async def test_what_the_server_is_asked(service, origin, photo, path, target):
    """A path in its one spelling, and of the query all that is not ours, byte for byte."""
    origin.serve(target.partition("?")[0], photo)

    assert (await service.raw("GET", f"{ROUTE}/{path}")).status == 200
    assert [request.target for request in origin.requests] == [target]


async def test_made_smaller(service, origin):
    """Our own parameters make a variant; `format` is the server's, and never ours."""
    answer = await service.raw("GET", f"{ROUTE}/media/X?format=jpg&w=40&f=png")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
    assert "X-Ignored-Params" not in answer.headers


@pytest.mark.parametrize("path", [path for path in TRAVERSALS + OTHERS if len(path) < 1000])
async def test_every_other_path_is_refused(service, origin, path):
    """On the wire as in the parser: 400 with the one code, and nobody is asked."""
    answer = await service.raw("GET", f"{ROUTE}/{path}")

    assert (answer.status, answer.json()["code"], answer.json()["param"]) == (400, "bad-path", "path")
    assert answer.headers["Cache-Control"] == "no-store"
    assert origin.requests == []


RAW_PATHS = [
    b"media/\xc0\xae\xc0\xae/x.jpg", b"media/\xff.jpg", b"media/x\x00.jpg", b"media/x\t.jpg", b"media/..\\x.jpg",
    b"media\\..\\x.jpg", b"media/../x.jpg", b"media/x.jpg/../../secret", b"/media/x.jpg",
    b"../twitter-image/media/x.jpg", "media/\uff0e\uff0e/x.jpg".encode(), b"media/x.jpg;/..", b"media/x.jpg\r\n x",
]  # fmt: skip


@pytest.mark.parametrize("path", RAW_PATHS)
async def test_every_other_path_on_the_wire(service, origin, path):
    """So are bytes that no client's library would send."""
    async with await connected(service.port) as wire:
        await wire.send(b"GET /api/twitter-image/" + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await wire.reply()).status == 400
    assert origin.requests == []


async def test_nothing_gets_out_of_the_query(service, origin):
    """What is escaped in a query stays escaped: no header is made of it, here or at the server."""
    query = b"format=jpg&name=%0d%0aX-Evil:1&a=../..&b=%2e%2e%2f"
    async with await connected(service.port) as wire:
        await wire.send(b"GET /api/twitter-image/media/X?" + query + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        reply = await wire.reply()

    assert (reply.status, [request.target for request in origin.requests]) == (200, [f"/media/X?{query.decode()}"])
    assert "x-evil" not in reply.headers
    assert "X-Evil" not in origin.requests[0].headers


@pytest.mark.parametrize("target", ["/api/twitter-image%2Fmedia/X.jpg", "/api%2Ftwitter-image/media/X.jpg", ROUTE])
async def test_other_spellings_of_the_route(service, origin, target):
    """A route with an escaped slash is none."""
    assert (await service.raw("GET", target)).json()["code"] == "not-found"
    assert origin.requests == []


async def test_a_large_one_streams(service, origin):
    """Above the threshold it reaches the client while it arrives."""
    gate = halves(origin, "/media/L.jpg", large_photo())
    async with asyncio.timeout(60):
        async with service.session.get(f"{service.base_url}{ROUTE}/media/L.jpg?f=original") as answer:
            first = await answer.content.readexactly(len(large_photo()) // 2)
            gate.open()
            rest = await answer.content.read()

    assert first + rest == large_photo()
    assert answer.headers["Cache-Control"] == f"public, max-age=86400, {WEEK}"


async def test_private_stays_private(service, origin, photo):
    """A server that forbids to keep a picture is obeyed."""
    origin.serve("/media/P.jpg", photo, headers={"Cache-Control": "private"})

    assert (await service.raw("GET", f"{ROUTE}/media/P.jpg")).headers["Cache-Control"] == "private, no-store"


async def test_a_version_of_the_clients_own(service):
    """With `v` an answer is immutable here too."""
    answer = await service.raw("GET", f"{ROUTE}/media/X?format=jpg&v=1")

    assert answer.headers["Cache-Control"] == f"public, max-age=31536000, {WEEK}, immutable"


@pytest.mark.parametrize("timeout", [{"IMGSVC_READ_TIMEOUT": "1"}])
async def test_faults(service, origin, photo):
    """What the server does wrong has the codes of any source."""
    origin.serve("/media/gone.jpg", b"", status=404)
    origin.serve("/media/html.jpg", b"<!doctype html>")
    origin.serve("/media/failed.jpg", b"", status=500)
    origin.stall_before_head("/media/slow.jpg")
    origin.redirect("/media/away.jpg", origin.url("/x.jpg", host="other.test"))
    origin.serve("/x.jpg", photo)
    documents = {
        name: (await service.raw("GET", f"{ROUTE}/media/{name}.jpg")).json()
        for name in ("gone", "html", "failed", "away", "slow")
    }

    assert {document.get("param", "path") for document in documents.values()} == {"path"}
    assert {name: document["code"] for name, document in documents.items()} == {
        "gone": "source-not-found", "html": "not-an-image", "failed": "source-failed", "away": "source-not-allowed",
        "slow": "source-timeout",
    }  # fmt: skip
    assert origin.hits("/x.jpg") == 0


@pytest.mark.parametrize("member", ["urls", "prefixes", "domains", "tags"])
async def test_purges(service, origin, member):
    """By URL, prefix, domain and tag, as any source."""
    url = origin.url("/media/X?format=jpg", host="twimg.test")
    await service.raw("GET", f"{ROUTE}/media/X?format=jpg&w=20")
    await service.settled()
    named = {"urls": url, "prefixes": url.partition("X")[0], "domains": "twimg.test", "tags": "twimg.test"}
    async with service.session.post(
        f"{service.base_url}/api/purge", json={member: [named[member]], "hard": True}, headers=ADMIN
    ) as purged:
        assert purged.status == 200
    after = await service.raw("GET", f"{ROUTE}/media/X?format=jpg&w=20")

    assert (after.headers["X-Cache"], origin.hits("/media/X")) == ("MISS", 2)


async def test_its_own_route_only(service, origin):
    """That it has a route does not put the server on the list."""
    answer = await service.image(origin.url("/media/X", host="twimg.test"))

    assert (answer.status, answer.json()["code"]) == (403, "source-not-allowed")
