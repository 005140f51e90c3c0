"""The asset server's token: who is told it, and by which names alone an asset is asked for with it."""

import json

import pytest

from tests.support.assets import ADMIN, ID, PATH, TOKEN, asset_service, code_of, guarded, setting, told
from tests.support.http_server import Canary
from tests.support.service import IMAGES, running_service


@pytest.fixture
async def service(origin, tmp_path, photo, caplog):
    """A service in front of the asset server, by which the token is not spread."""
    async with asset_service(origin, tmp_path, photo, caplog) as service:
        yield service


async def test_what_the_server_is_told(service, origin):
    """Nothing of what a client sends reaches the server, but the id."""
    evil = {"Authorization": "Bearer client", "Cookie": "a=b", "X-Forwarded-Host": "evil.test", "Range": "bytes=0-1"}
    await service.raw("GET", f"{PATH}?f=original&x=%0d%0aX-Evil:1&Authorization=1", evil)

    assert [request.target for request in origin.requests] == [PATH]
    assert set(origin.requests[0].headers) == {
        "Host", "Accept", "Accept-Encoding", "User-Agent", "Via", "Authorization"
    }  # fmt: skip
    assert told(origin) == {f"assets.test{PATH}": 1}


async def test_validated_with_the_token(service, origin, photo):
    """A question whether a kept asset still holds is asked with the token too."""
    etag = '"1"'
    guarded(origin, photo, ETag=etag)
    await service.raw("GET", f"{PATH}?w=20")
    await service.settled()
    async with service.session.post(
        f"{service.base_url}/api/purge", json={"urls": [origin.url(PATH, host="assets.test")]}, headers=ADMIN
    ):
        pass
    stale = await service.raw("GET", f"{PATH}?w=20")
    await origin.until_hits(PATH, 2)

    assert stale.headers["X-Cache"] == "STALE"
    assert origin.requests[-1].headers["If-None-Match"] == etag
    assert told(origin) == {f"assets.test{PATH}": 2}


async def test_redirects_within_the_origin(service, origin, photo):
    """A path further on the same server is told the token."""
    origin.redirect(PATH, "/files/a.jpg")
    origin.serve("/files/a.jpg", photo)

    assert (await service.raw("GET", PATH)).status == 200
    assert told(origin) == {f"assets.test{PATH}": 1, "assets.test/files/a.jpg": 1}


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("http://other.test:{port}/a.jpg", (403, "source-not-allowed")),
        ("//other.test:{port}/a.jpg", (403, "source-not-allowed")),
        ("http://assets.test:{port}@other.test:{port}/a.jpg", (403, "source-not-allowed")),
        ("file:///etc/passwd", (403, "source-not-allowed")),
        ("http://u:p@assets.test:{port}/a.jpg", (403, "source-not-allowed")),
        ("/\\other.test:{port}/a.jpg", (502, "too-many-redirects")),
    ],
)
async def test_redirects_to_elsewhere(service, origin, photo, location, expected):
    """A host that is on no list is not asked at all, however it is written."""
    origin.redirect(PATH, location.format(port=origin.port))
    origin.serve("/a.jpg", photo)

    assert await code_of(service) == expected
    assert [request.path for request in origin.requests] == [PATH]


@pytest.mark.parametrize("host", ["cdn.test", "x.assets.test"])
async def test_another_host_is_never_told(origin, tmp_path, photo, host):
    """A redirect to a host that is allowed is followed without the token, and back without it too."""
    origin.redirect(PATH, origin.url("/away", host=host))
    origin.redirect("/away", origin.url("/back.jpg", host="assets.test"))
    origin.serve("/back.jpg", photo)
    async with running_service(tmp_path, origin.port, **setting(origin, IMGSVC_ALLOWED_HOSTS="*.test")) as service:
        answer = await service.raw("GET", PATH)

    assert answer.status == 200
    assert told(origin) == {f"assets.test{PATH}": 1}
    assert origin.requests[-1].path == "/back.jpg"


async def test_another_port_is_another_origin(origin, tmp_path, photo):
    """The same host at another port is not told."""
    origin.redirect(PATH, "http://assets.test:8080/a.jpg")
    origin.serve("/a.jpg", photo)
    async with running_service(tmp_path, origin.port, **setting(origin)) as service:
        assert (await service.raw("GET", PATH)).status == 200

    assert origin.requests[-1].headers["Host"] == "assets.test:8080"
    assert told(origin) == {f"assets.test{PATH}": 1}


async def test_by_its_url(origin, tmp_path, photo):
    """An asset has one name: asked for by its URL it is refused, signed or listed or not, and no token is sent."""
    url = origin.url(PATH, host="assets.test")
    origin.serve("/open.jpg", photo)
    async with running_service(tmp_path, origin.port, **setting(origin, IMGSVC_ALLOWED_HOSTS="*.test")) as service:
        refused = [await code_of(service, f"{route}={url}") for route in (f"{IMAGES}?url", "/api/logo/invert?url")]
        other = await service.image(origin.url("/open.jpg", host="assets.test"))

    assert refused == [(403, "source-not-allowed")] * 2
    assert other.status == 200
    assert told(origin) == {}


async def test_its_own_route_only(service, origin):
    """That a host has assets does not put it on the list of other routes."""
    assert (await service.image(origin.url("/x.jpg", host="assets.test"))).json()["code"] == "source-not-allowed"
    assert (await service.raw("GET", f"{IMAGES}?url=s3://images/assets/{ID}/original")).json()["code"] == "not-found"


async def test_a_private_server_has_to_be_trusted(origin, tmp_path, photo):
    """At a private address the asset server is reached when it is named, at its own port, and not otherwise."""
    guarded(origin, photo)
    named = {"ASSETS_BASE_URL": f"http://127.0.0.1:{origin.port}", "IMGSVC_CONNECT_TO": ""}
    trusted = {"IMGSVC_TRUSTED_ORIGINS": f"127.0.0.1:{origin.port}=127.0.0.0/8"}
    async with running_service(tmp_path / "1", origin.port, **setting(origin, **named)) as service:
        refused = await service.raw("GET", PATH)
    assert origin.requests == []
    async with Canary() as canary:
        async with running_service(tmp_path / "2", origin.port, **setting(origin, **named, **trusted)) as service:
            answer = await service.raw("GET", PATH)
            origin.redirect(PATH.replace("4b5c", "ffff"), f"http://127.0.0.1:{canary.port}/x.png")
            away = await code_of(service, PATH.replace("4b5c", "ffff"))
        assert canary.connections == 0

    assert (refused.status, refused.json()["code"]) == (403, "address-not-public")
    assert "IMGSVC_TRUSTED_ORIGINS" in refused.json()["detail"]
    assert answer.status == 200
    assert away == (403, "port-not-allowed")


@pytest.mark.parametrize("host", ["127.0.0.1", "assets.test"])
async def test_nobody_leads_there(origin, tmp_path, host):
    """That a private server is trusted for assets does not make it a place where clients, or pages, can send us."""
    base = f"http://{host}:{origin.port}"
    origin.serve("/", f'<link rel="icon" href="{base}/x.png">'.encode(), headers={"Content-Type": "text/html"})
    env = setting(
        origin, ASSETS_BASE_URL=base, IMGSVC_TRUSTED_ORIGINS=f"127.0.0.1:{origin.port}=127.0.0.0/8",
        IMGSVC_LOGO_GOOGLE_URL="", IMGSVC_LOGO_DUCKDUCKGO_URL="",
    )  # fmt: skip
    async with running_service(tmp_path, origin.port, **env) as service:
        async with service.session.post(
            f"{service.base_url}/api/validate-logo", data={"url": f"{base}/x.png"}
        ) as answer:
            named = json.loads(await answer.read())["code"]
        data = (await service.request("GET", "/api/og-data", url=f"{base}/")).json()["code"]
        logo = (await service.request("GET", "/api/logo", website=base, fallback="404")).json()["code"]
        led = await service.request("GET", "/api/logo", website=origin.url("", host="site.test"), fallback="404")

    assert (named, data, logo, led.status) == ("source-not-allowed", "source-not-allowed", "logo-not-found", 404)
    assert origin.hits("/") > 0
    assert [request for request in origin.requests if request.headers["Host"].startswith(host)] == []


async def test_the_token_is_shown_nowhere(service, origin):
    """Neither settings nor the parts of the service have it in their texts."""
    services = service.opened.services

    assert TOKEN not in repr(services)
    assert TOKEN not in repr(services.assets.manner(services.assets.source(ID)))
