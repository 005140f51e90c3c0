"""Assets as share pictures."""

import pytest

from tests.support.assets import ID, PATH, asset_service, setting, told
from tests.support.service import running_service

ROUTE = "/api/og-image"


@pytest.fixture
async def service(origin, tmp_path, photo, caplog):
    """A service in front of the asset server, by which the token is not spread."""
    async with asset_service(origin, tmp_path, photo, caplog) as service:
        yield service


@pytest.mark.parametrize(
    "query", [f"assetId={ID}", f"url={ID.upper()}", f"url={PATH}", "url=%252Fapi%252Fassets%252F" + ID.replace("-", "")]
)
async def test_by_every_name(service, origin, query):
    """An asset is named by its id or its path, fetched with the token, and resized when asked."""
    answer = await service.raw("GET", f"{ROUTE}?{query}&w=100")
    again = await service.raw("HEAD", f"{ROUTE}?{query}&w=100")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert (answer.headers["X-Image-Width"], again.headers["X-Cache"]) == ("100", "HIT")
    assert "X-Fallback" not in answer.headers
    assert told(origin) == {f"assets.test{PATH}": 1}


@pytest.mark.parametrize("network", ["twitter", "facebook", "linkedin", "slack", "whatsapp", "discord"])
async def test_for_a_network(service, network):
    """A network's limits hold for assets too."""
    answer = await service.raw("GET", f"{ROUTE}?assetId={ID}&for={network}")

    assert (answer.status, answer.headers.get("X-Fallback")) == (200, None)


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ("assetId=x", "bad-asset-id", "assetId"), ("assetId=", "bad-asset-id", "assetId"),
        (f"assetId={ID}/..", "bad-asset-id", "assetId"), ("url=/api/assets/x", "bad-asset-id", "url"),
        ("src=/api/assets/../x", "bad-asset-id", "src"), (f"assetId={ID}&url={ID}", "bad-parameter", "assetId"),
    ],
)  # fmt: skip
async def test_bad_names(service, origin, query, code, param):
    """What is no id is 400, and nobody is asked."""
    answer = await service.raw("GET", f"{ROUTE}?{query}")

    assert (answer.status, answer.json()["code"], answer.json()["param"]) == (400, code, param)
    assert origin.requests == []


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [(401, b"", "source-failed"), (404, b"", "source-not-found"), (200, b"<!doctype html>", "not-an-image")],
)
async def test_faults(service, origin, status, body, code):
    """Whatever the server does, there is a picture."""
    origin.serve(PATH, body, status=status)
    answer = await service.raw("GET", f"{ROUTE}?assetId={ID}&title=Hello")

    assert (answer.status, answer.headers["X-Fallback"]) == (200, code)
    assert answer.headers["Content-Type"].startswith("image/")


async def test_not_configured(origin, tmp_path):
    """Without an asset server too."""
    async with running_service(tmp_path, origin.port, **setting(origin, ASSETS_BEARER_TOKEN="")) as service:
        answer = await service.raw("GET", f"{ROUTE}?assetId={ID}&title=Hello")

    assert (answer.status, answer.headers["X-Fallback"]) == (200, "assets-not-configured")
