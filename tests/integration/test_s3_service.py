"""The whole service with its pictures in a bucket."""

import asyncio
import itertools

import pytest

from tests.integration.conftest import size_of
from tests.support.origin import ScriptedOrigin
from tests.support.seaweed import ACCESS_KEY, SECRET_KEY, Seaweed, seaweed  # noqa: F401 - a fixture
from tests.support.service import running_service
from tests.support.tools import free_ports

ADMIN = {"Authorization": "Bearer t"}
_numbers = itertools.count()


@pytest.fixture
async def s3(seaweed: Seaweed):  # noqa: F811 - the fixture
    """Settings that lead to a bucket of the test's own; at the end nothing is half uploaded."""
    bucket = f"service-{next(_numbers)}"
    await seaweed.make_bucket(bucket)
    yield {
        "S3_BUCKET": bucket,
        "S3_ENDPOINT_URL": seaweed.endpoint_url,
        "S3_REGION": "us-east-1",
        "S3_ACCESS_KEY_ID": ACCESS_KEY,
        "S3_SECRET_ACCESS_KEY": SECRET_KEY,
        "S3_ADDRESSING_STYLE": "path",
        "IMGSVC_ADMIN_TOKEN": "t",
    }
    async with seaweed.client() as client:
        assert "Uploads" not in await client.list_multipart_uploads(Bucket=bucket)


async def keys(service) -> list[str]:
    return sorted([key async for key in service.opened.owners["store"].list("images/")])


async def test_a_pictures_life_in_a_bucket(origin: ScriptedOrigin, photo, s3, tmp_path):
    """Resized, stored, found by the next process without a fetch, and purged to the last object."""
    origin.serve("/a.jpg", photo)
    url = origin.url("/a.jpg")
    async with running_service(tmp_path, origin.port, **s3) as service:
        made = await service.image(url, f="webp", w=100)
        await service.settled()
        stored = await keys(service)
    async with running_service(tmp_path, origin.port, **s3) as service:
        found = await service.image(url, f="webp", w=100)
        other = await service.image(url, f="webp", w=50)
        unchanged = await service.image(url, {"If-None-Match": found.headers["ETag"]}, f="webp", w=100)
        await service.settled()
        purged = await service.request("DELETE", "/api/cache/images", ADMIN, url=url)
        left = await keys(service)
        anew = await service.image(url, f="webp", w=100)
        health = await service.request("GET", "/api/health")

    assert size_of(made.body) == (100, 75)
    assert len(stored) == 3
    assert (found.headers["X-Cache"], found.headers["X-Source"]) == ("HIT", "store")
    assert (found.body, found.headers["ETag"]) == (made.body, made.headers["ETag"])
    assert (other.headers["X-Source"], unchanged.status) == ("store", 304)
    assert (purged.json(), left) == ({"removed": 4}, [])
    assert anew.headers["X-Source"] == "origin"
    assert origin.hits("/a.jpg") == 2
    assert health.json()["status"] == "healthy"
    assert not (tmp_path / "store").exists()


async def test_two_replicas_converge(origin: ScriptedOrigin, photo, s3, tmp_path):
    """Two replicas that make the same variant at once end up answering one and the same entity tag."""
    gate = origin.gate("/a.jpg", photo)
    url = origin.url("/a.jpg")
    async with (
        running_service(tmp_path, origin.port, **s3) as one,
        running_service(tmp_path, origin.port, **s3) as other,
    ):
        asking = [asyncio.create_task(service.image(url, f="webp", w=100)) for service in (one, other)]
        await origin.until_hits("/a.jpg", 2)
        gate.set()
        answers = await asyncio.gather(*asking)
        for service in (one, other):
            await service.settled()
        later = [await service.image(url, f="webp", w=100) for service in (one, other)]
        lost = sum(service.opened.owners["persister"].statistics().lost for service in (one, other))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.headers["ETag"] for answer in later}) == 1
    assert {answer.headers["X-Cache"] for answer in later} == {"HIT"}
    assert lost <= 3  # variant, original and record of one of them


async def test_the_cdn_serves_the_bucket(origin: ScriptedOrigin, photo, s3, seaweed, tmp_path):  # noqa: F811 - the fixture
    """The address a redirect names is the object's key, and the object has type and lifetime of its own."""
    origin.serve("/a.jpg", photo)
    env = s3 | {"IMGSVC_DELIVERY": "redirect", "IMGSVC_CDN_BASE_URL": "https://cdn.test"}
    async with running_service(tmp_path, origin.port, **env) as service:
        first = await service.image(origin.url("/a.jpg"), f="webp", w=100)
        await service.settled()
        second = await service.image(origin.url("/a.jpg"), f="webp", w=100)
    key = second.headers["Location"].removeprefix("https://cdn.test/").partition("?")[0]
    async with seaweed.client() as client:
        found = await client.get_object(Bucket=s3["S3_BUCKET"], Key=key)
        async with found["Body"] as body:
            data = await body.read()

    assert (first.status, second.status) == (200, 302)
    assert (data, found["ContentType"]) == (first.body, "image/webp")


async def test_a_bucket_that_cannot_be_reached(origin: ScriptedOrigin, photo, s3, tmp_path):
    """Without the store pictures are made and remembered; health says that it is degraded."""
    origin.serve("/a.jpg", photo)
    env = s3 | {"S3_ENDPOINT_URL": f"http://127.0.0.1:{free_ports(1)[0]}"}
    async with running_service(tmp_path, origin.port, **env) as service:
        first = await service.image(origin.url("/a.jpg"), w=10)
        second = await service.image(origin.url("/a.jpg"), w=10)
        health = await service.request("GET", "/api/health")
        purge = await service.request("DELETE", "/api/cache/images", ADMIN, url=origin.url("/a.jpg"))

    assert (first.status, second.headers["X-Source"]) == (200, "memory")
    assert health.status == 200
    assert "store-failing" in health.json()["reasons"]
    assert (purge.status, purge.json()["code"]) == (500, "internal-error")
    assert "127.0.0.1" not in purge.body.decode()
