"""Who may ask: allow list, signatures, admin token, the service itself."""

import time
from urllib.parse import urlencode

import pytest

from imgsvc.origin.signature import Signer
from tests.support.service import IMAGES, running_service


def signed(keys: list[str], **parameters: str) -> str:
    pairs = list(parameters.items())
    return f"{IMAGES}?{urlencode([*pairs, ('sig', Signer(keys).sign(IMAGES, pairs))])}"


@pytest.fixture
async def closed(origin, tmp_path, photo):
    """A service without an allow list, with two keys, and a picture."""
    origin.serve("/a.jpg", photo)
    async with running_service(
        tmp_path, origin.port, IMGSVC_ALLOWED_HOSTS="", IMGSVC_SIGNING_KEYS="new-key,old-key"
    ) as service:
        yield service


async def test_only_signed_requests_are_served(closed, origin):
    """Without an allow list a signature is needed, and enough."""
    url = origin.url("/a.jpg")

    assert (await closed.image(url, w=10)).status == 403
    assert (await closed.raw("GET", signed(["new-key"], url=url, w="10"))).status == 200
    assert (await closed.raw("GET", signed(["old-key"], url=url, w="20"))).status == 200


async def test_order_does_not_matter_but_content_does(closed, origin):
    """The same parameters in another order are the same request; one changed value is not."""
    url = origin.url("/a.jpg")
    target = signed(["new-key"], url=url, w="10")
    query = target.partition("?")[2].split("&")

    assert (await closed.raw("GET", f"{IMAGES}?{'&'.join(reversed(query))}")).status == 200
    forged = await closed.raw("GET", target.replace("w=10", "w=11"))
    assert (forged.status, forged.json()["code"]) == (403, "bad-signature")
    assert (await closed.raw("GET", target + "&w=10")).status == 403


async def test_a_wrong_signature_is_refused_even_for_allowed_hosts(service, origin, photo):
    """A signature that does not hold is never ignored."""
    origin.serve("/a.jpg", photo)

    answer = await service.image(origin.url("/a.jpg"), sig="wrong")

    assert (answer.status, answer.json()["code"]) == (403, "bad-signature")


async def test_signatures_expire(closed, origin):
    """What is past its time is 410, from memory too; what is not may be kept until then and no longer."""
    url = origin.url("/a.jpg")
    now = int(time.time())

    good = await closed.raw("GET", signed(["new-key"], url=url, w="10", exp=str(now + 100)))
    past = await closed.raw("GET", signed(["new-key"], url=url, w="10", exp=str(now - 1)))
    odd = await closed.raw("GET", signed(["new-key"], url=url, w="10", exp="soon"))

    assert 90 <= good.max_age <= 100
    assert (past.status, past.json()["code"]) == (410, "signature-expired")
    assert (odd.status, odd.json()["param"]) == (400, "exp")


async def test_a_signature_is_no_part_of_the_key(closed, origin):
    """Requests that differ only in signature and expiry share one answer."""
    url = origin.url("/a.jpg")
    await closed.raw("GET", signed(["new-key"], url=url, w="10", exp=str(int(time.time()) + 100)))

    again = await closed.raw("GET", signed(["old-key"], url=url, w="10"))

    assert again.headers["X-Cache"] == "HIT"


async def test_a_hit_does_not_open_the_door(closed, origin):
    """What one signed request put into memory is not served to an unsigned one."""
    url = origin.url("/a.jpg")
    await closed.raw("GET", signed(["new-key"], url=url, w="10"))

    assert (await closed.image(url, w=10)).status == 403


async def test_redirects_stay_within_what_is_allowed(closed, origin, photo):
    """A signed source may redirect within its host, not to another that nobody allowed."""
    origin.redirect("/within", "/a.jpg")
    origin.redirect("/away", origin.url("/a.jpg", host="other.test"))

    within = await closed.raw("GET", signed(["new-key"], url=origin.url("/within"), w="10"))
    away = await closed.raw("GET", signed(["new-key"], url=origin.url("/away"), w="10"))

    assert within.status == 200
    assert (away.status, away.json()["code"]) == (403, "source-not-allowed")


async def test_the_admin_token(origin, photo, tmp_path):
    """Purging needs the token; without one set there is no such route."""
    origin.serve("/a.jpg", photo)
    url = origin.url("/a.jpg")
    async with running_service(tmp_path, origin.port, IMGSVC_ADMIN_TOKEN="s3cret") as service:
        missing = await service.request("DELETE", IMAGES, url=url)
        wrong = await service.request("DELETE", IMAGES, {"Authorization": "Bearer guess"}, url=url)
        right = await service.request("DELETE", IMAGES, {"Authorization": "Bearer s3cret"}, url=url)
    async with running_service(tmp_path, origin.port) as service:
        unset = await service.request("DELETE", IMAGES, {"Authorization": "Bearer s3cret"}, url=url)

    assert (missing.status, wrong.status, right.status) == (401, 401, 200)
    assert missing.headers["WWW-Authenticate"] == "Bearer"
    assert missing.json()["code"] == "unauthorized"
    assert (unset.status, unset.json()["code"]) == (404, "not-found")


async def test_a_purge_removes_everything(origin, photo, tmp_path):
    """After a purge the picture is fetched again, and the store has nothing of it."""
    origin.serve("/a.jpg", photo)
    url = origin.url("/a.jpg")
    admin = {"Authorization": "Bearer t"}
    async with running_service(tmp_path, origin.port, IMGSVC_ADMIN_TOKEN="t") as service:
        for width in (10, 20):
            await service.image(url, w=width)
        await service.settled()

        purged = await service.request("DELETE", IMAGES, admin, url=url)
        left = [key async for key in service.opened.owners["store"].list("images/")]
        after = await service.image(url, w=10)
        missing = await service.image(origin.url("/missing.jpg"))
        await service.request("DELETE", IMAGES, admin, url=origin.url("/missing.jpg"))
        origin.serve("/missing.jpg", photo)
        found = await service.image(origin.url("/missing.jpg"))

    assert purged.json() == {"removed": 4}
    assert left == []
    assert (after.headers["X-Cache"], after.headers["X-Source"]) == ("MISS", "origin")
    assert (missing.status, found.status) == (404, 200)


async def test_stored_objects_as_sources(origin, photo, tmp_path):
    """A stored picture can be named by its key, by who may; what is no picture does not exist."""
    origin.serve("/a.jpg", photo)
    async with running_service(tmp_path, origin.port, IMGSVC_ALLOWED_HOSTS="*.test,store:") as service:
        await service.image(origin.url("/a.jpg"), w=10)
        await service.settled()
        keys = sorted([key async for key in service.opened.owners["store"].list("images/image/")])
        original = next(k for k in keys if k.endswith("/original"))
        record = next(k for k in keys if k.endswith("/source.json"))

        whole = await service.image(f"s3://{original}", f="original")
        small = await service.image(f"store:{original}", f="png", w=20)
        again = await service.image(f"s3://{original}", f="png", w=20)
        json_as_image = await service.image(f"s3://{record}", f="original")
        json_resized = await service.image(f"s3://{record}", w=10)
        outside = await service.image("s3://purge/x.json")
        missing = await service.image("s3://images/logos/none.png")
    async with running_service(tmp_path, origin.port) as service:
        forbidden = await service.image(f"s3://{original}", f="original")

    assert whole.body == photo
    assert (small.status, small.headers["Content-Type"]) == (200, "image/png")
    assert again.headers["X-Cache"] == "HIT"
    assert "Link" not in small.headers
    for answer in (json_as_image, json_resized, outside, missing):
        assert (answer.status, answer.json()["code"]) == (404, "not-found")
    assert (forbidden.status, forbidden.json()["code"]) == (403, "source-not-allowed")


async def test_the_demo_serves_itself_and_nothing_else_of_it(origin, tmp_path):
    """With the demo on its pictures are sources; every other path of the service is not."""
    async with running_service(tmp_path, origin.port, demo=True, IMGSVC_ALLOWED_HOSTS="*") as service:
        page = await service.request("GET", "/demo/")
        picture = await service.image(f"{service.base_url}/demo/landscape.jpg", w=100)
        for path in ("/api/health", "/demo/../api/health", "/demo/%2e%2e/api/health", "/"):
            loop = await service.image(f"{service.base_url}{path}")
            assert (loop.status, loop.json()["code"]) == (403, "source-not-allowed")

    assert page.status == 200
    assert page.body.count(b"<img") >= 6
    assert picture.status == 200


async def test_the_service_never_fetches_itself(origin, tmp_path):
    """Under another name, and through a proxy, a source that is this service is refused."""
    async with running_service(tmp_path, origin.port) as service:
        via = service.opened.guard.via
        looped = await service.image(origin.url("/a.jpg"), {"Via": f"1.1 proxy, {via}"})

    assert (looped.status, looped.json()["code"]) == (403, "source-not-allowed")
