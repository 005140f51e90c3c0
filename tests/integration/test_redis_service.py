"""Replicas that share what they know of failures over Redis; and what becomes of them without it."""

from imgsvc.services.health import HealthService
from tests.support.origin import ScriptedOrigin
from tests.support.redis import RedisServer, redis, redis_server  # noqa: F401 - a fixture
from tests.support.service import running_service
from tests.support.spine import until
from tests.support.tools import free_ports

ADMIN = {"Authorization": "Bearer t"}


async def test_replicas_share_failures_and_their_end(redis: RedisServer, origin: ScriptedOrigin, photo, tmp_path):  # noqa: F811 - the fixture
    """What one replica found missing or broken the other does not ask for; a purge at either is seen by both."""
    origin.serve("/broken.jpg", photo[: len(photo) // 2])
    shared = {"IMGSVC_REDIS_URL": redis.url, "IMGSVC_ADMIN_TOKEN": "t"}
    urls = [origin.url("/missing.jpg"), origin.url("/broken.jpg")]
    async with (
        running_service(tmp_path, origin.port, **shared) as one,
        running_service(tmp_path, origin.port, **shared) as other,
    ):
        first = [(await one.image(url, w=10)).status for url in urls]
        await one.settled()
        second = [await other.image(url, w=20) for url in urls]
        decoded = other.opened.owners["transforms"].statistics().completed
        hits = [origin.hits("/missing.jpg"), origin.hits("/broken.jpg")]
        for path, url in zip(("/missing.jpg", "/broken.jpg"), urls, strict=True):
            origin.serve(path, photo)
            assert (await one.request("DELETE", "/api/cache/images", ADMIN, url=url)).status == 200
        third = [(await other.image(url, w=20)).status for url in urls]
        health = await other.request("GET", "/api/health")

    assert first == [404, 422]
    assert [answer.status for answer in second] == [404, 422]
    assert all(0 < answer.max_age <= 900 for answer in second)
    assert (hits, decoded) == ([1, 1], 0)
    assert third == [200, 200]
    assert health.json()["status"] == "healthy"


async def test_without_redis_answers_are_right(origin: ScriptedOrigin, photo, tmp_path):
    """A Redis that cannot be reached costs nothing but memory of failures; health says so."""
    origin.serve("/a.jpg", photo)
    url = f"redis://127.0.0.1:{free_ports(1)[0]}/0"
    async with running_service(tmp_path, origin.port, IMGSVC_REDIS_URL=url) as service:
        found = [await service.image(origin.url("/a.jpg"), w=10) for _ in range(2)]
        missing = [await service.image(origin.url("/missing.jpg")) for _ in range(2)]
        health = await service.request("GET", "/api/health")

    assert [answer.status for answer in found + missing] == [200, 200, 404, 404]
    assert found[0].body == found[1].body
    assert health.status == 200
    assert (health.json()["status"], health.json()["reasons"]) == ("degraded", ["redis-unreachable"])
    assert "127.0.0.1" not in health.body.decode()


async def test_a_redis_that_dies_and_comes_back(origin: ScriptedOrigin, photo, tmp_path):
    """Requests go on while Redis is away, and the service is healthy again some time after it is back."""
    origin.serve("/a.jpg", photo)

    with redis_server() as first:
        async with running_service(tmp_path, origin.port, IMGSVC_REDIS_URL=first.url) as service:
            before = await service.image(origin.url("/a.jpg"), w=10)
            first.process.kill()
            first.process.wait()
            without = await service.image(origin.url("/a.jpg"), w=20)
            degraded = (await service.request("GET", "/api/health")).json()
            # What was paused after the failure is asked again at once, for the test's sake.
            service.opened.owners["metadata"]._clock = lambda: float("inf")
            with redis_server(first.port):
                again = await service.image(origin.url("/a.jpg"), w=30)
                healthy = (await service.request("GET", "/api/health")).json()

    assert {before.status, without.status, again.status} == {200}
    assert degraded["reasons"] == ["redis-unreachable"]
    assert healthy["status"] == "healthy"


async def test_health_looks_by_itself(origin: ScriptedOrigin, tmp_path, monkeypatch):
    """While nobody asks for anything a Redis that goes is seen, and one that comes back; neither is a hit or a miss."""
    monkeypatch.setitem(HealthService.__init__.__kwdefaults__, "check_seconds", 0.02)

    with redis_server() as first:
        async with running_service(tmp_path, origin.port, IMGSVC_REDIS_URL=first.url) as service:
            report = service.opened.services.health.report
            before = report().reasons
            first.process.kill()
            first.process.wait()
            await until(lambda: report().reasons == ("redis-unreachable",))
            with redis_server(first.port):
                await until(lambda: report().reasons == ())
            counted = service.opened.owners["metadata"].statistics()

    assert before == ()
    assert (counted.hits, counted.misses) == (0, 0)
