"""Two replicas on one bucket and one Redis: one fetch for both, one purge seen by both."""

import asyncio
import itertools
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import time_machine

from imgsvc.services.marks import POLL_SECONDS
from tests.support.large import until
from tests.support.origin import ScriptedOrigin
from tests.support.pictures import jpeg, noise, png
from tests.support.redis import RedisServer, redis  # noqa: F401 - a fixture
from tests.support.seaweed import Seaweed, seaweed  # noqa: F401 - a fixture
from tests.support.service import RunningService, running_service

ADMIN = {"Authorization": "Bearer t"}
SEEN_SECONDS = 40
"""Less than a replica that hears of purges waits before it looks for them itself (LIVE_POLLS × POLL_SECONDS)."""

_numbers = itertools.count()


@pytest.fixture(autouse=True)
def _patience_with_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks a second time because the other replica, which has the same processor, took its time."""
    for name in ("WAIT_SECONDS", "ARRIVE_SECONDS", "WRITE_SECONDS"):
        monkeypatch.setattr(f"imgsvc.services.claims.{name}", 60)


@pytest.fixture
async def shared(seaweed: Seaweed, redis: RedisServer) -> dict[str, str]:  # noqa: F811 - the fixtures
    """Settings of two replicas."""
    bucket = f"replicas-{next(_numbers)}"
    await seaweed.make_bucket(bucket)
    database = redis.url.rpartition("/")[0] + f"/{next(_numbers) % 15 + 1}"
    return seaweed.values(bucket) | {"IMGSVC_REDIS_URL": database, "IMGSVC_ADMIN_TOKEN": "t"}


@asynccontextmanager
async def replicas(tmp_path: Path, origin: ScriptedOrigin, shared: dict[str, str], **env: str):
    """Run two."""
    async with (
        running_service(tmp_path / "one", origin.port, **shared, **env) as one,
        running_service(tmp_path / "other", origin.port, **shared, **env) as other,
    ):
        yield one, other


async def seen(service: RunningService, url: str, body: bytes, **parameters) -> None:
    """Wait until *service* answers anything but *body*."""
    async with asyncio.timeout(SEEN_SECONDS):
        while (await service.image(url, **parameters)).body == body:
            await asyncio.sleep(0.02)


async def until_denied(*services: RunningService) -> None:
    """Wait until one of them waits for the other's fetch."""
    leases = [service.opened.owners["leases"] for service in services]
    await until(lambda: sum(each.statistics().denied for each in leases) == 1)


async def test_both_at_once_fetch_once(origin, photo, shared, tmp_path):
    """The same picture, the same size and others, asked of both while neither has it: one fetch."""
    gate = origin.gate("/a.jpg", photo)
    url = origin.url("/a.jpg")
    async with replicas(tmp_path, origin, shared) as (one, other):
        asking = [
            asyncio.create_task(service.image(url, w=width, f="png"))
            for service in (one, other)
            for width in (10, 20, 10)
        ]
        await origin.until_hits("/a.jpg")
        await until_denied(one, other)
        gate.set()
        answers = await asyncio.gather(*asking)
        leases = [service.opened.owners["leases"].statistics() for service in (one, other)]

    assert [answer.status for answer in answers] == [200] * 6
    assert origin.hits("/a.jpg") == 1
    assert len({answer.body for answer in answers}) == 2
    assert sum(lease.denied for lease in leases) == 1


async def test_a_look_that_was_overtaken(origin, photo, shared, tmp_path, monkeypatch):
    """Who found nothing, and may fetch because the other has just done so, looks again and does not."""
    origin.serve("/a.jpg", photo)
    url = origin.url("/a.jpg")
    async with replicas(tmp_path, origin, shared) as (one, other):
        leases = other.opened.owners["leases"]
        claim = leases.claim

        async def claim_late(name: str, seconds: float):
            await one.image(url, w=10)
            while (lease := await claim(name, seconds)) is None:  # until the other has stored it
                await asyncio.sleep(0.01)
            return lease

        monkeypatch.setattr(leases, "claim", claim_late)
        answer = await other.image(url, w=20)
        hits = origin.hits("/a.jpg")

    assert (answer.status, answer.headers["X-Source"], hits) == (200, "store", 1)


async def test_a_failure_is_shared_while_it_is_waited_for(origin, shared, tmp_path):
    """Who waits for another replica's fetch gets its failure, and does not ask again."""
    gate = asyncio.Event()

    async def behave(exchange) -> None:
        await gate.wait()
        await exchange.answer(b"", status=500)

    origin.script("/a.jpg", behave)
    async with replicas(tmp_path, origin, shared) as (one, other):
        asking = [asyncio.create_task(service.image(origin.url("/a.jpg"), w=10)) for service in (one, other)]
        await origin.until_hits("/a.jpg")
        await until_denied(one, other)
        gate.set()
        answers = await asyncio.gather(*asking)

    assert {answer.json()["code"] for answer in answers} == {"source-failed"}
    assert origin.hits("/a.jpg") == 1


async def test_one_asks_again_for_both(origin, photo, shared, tmp_path):
    """A stale picture is revalidated once; the other replica learns of it from the store."""
    origin.conditional("/a.jpg", photo, etag='"1"', headers={"Cache-Control": "max-age=100"})
    url = origin.url("/a.jpg")
    with time_machine.travel(time.time()) as clock:
        async with replicas(tmp_path, origin, shared, IMGSVC_MIN_TTL="1") as (one, other):
            for service in (one, other):
                await service.image(url, w=10, f="png")
                await service.settled()
            origin.conditional("/a.jpg", photo, etag='"1"', headers_304={"Cache-Control": "max-age=1000"})
            clock.shift(101)
            stale = [await service.image(url, w=10, f="png") for service in (one, other)]
            for service in (one, other):
                await service.settled()
            fresh = [await service.image(url, w=10, f="png") for service in (one, other)]

    assert [answer.headers["X-Cache"] for answer in stale] == ["STALE", "STALE"]
    assert [answer.headers["X-Cache"] for answer in fresh] == ["HIT", "HIT"]
    assert origin.hits("/a.jpg") == 2


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("kind", ["urls", "prefixes", "domains", "tags"])
async def test_a_purge_is_seen_by_both(origin, photo, shared, tmp_path, kind, hard):
    """What one replica purges the other no longer has five seconds later, whatever it is named by."""
    origin.serve("/p/a.jpg", photo)
    url = "http://img.shop.test/p/a.jpg"
    async with replicas(tmp_path, origin, shared) as (one, other):
        before = [await service.image(url, w=10, f="png") for service in (one, other)]
        for service in (one, other):
            await service.settled()
        origin.serve("/p/a.jpg", jpeg(noise(300, 200, seed=5)))
        named = {"urls": url, "prefixes": "http://img.shop.test/p/", "domains": "*.shop.test", "tags": "img.shop.test"}
        async with one.session.post(
            one.base_url + "/api/purge", json={kind: [named[kind]], "hard": hard}, headers=ADMIN
        ) as answer:
            purged = await answer.json()
        for service in (one, other):
            await seen(service, url, before[0].body, w=10, f="png")
            await service.settled()

    assert before[0].body == before[1].body
    assert purged == {"purged": 1, "mode": "hard" if hard else "soft"}
    # One fetch at the start, and one for both replicas after the purge; two where both asked before the other's came.
    assert origin.hits("/p/a.jpg") in (2, 3)


async def test_a_deletion_is_seen_by_both(origin, photo, shared, tmp_path):
    """DELETE at one replica removes the picture from the other's memory too."""
    origin.serve("/a.jpg", photo)
    url = origin.url("/a.jpg")
    async with replicas(tmp_path, origin, shared) as (one, other):
        before = [await service.image(url, w=10, f="png") for service in (one, other)]
        for service in (one, other):
            await service.settled()
        origin.serve("/a.jpg", jpeg(noise(300, 200, seed=5)))
        removed = (await one.request("DELETE", "/api/cache/images", ADMIN, url=url)).json()["removed"]
        await seen(other, url, before[1].body, w=10, f="png")

    assert removed == 3


async def test_without_redis_purges_are_read_from_the_store(origin, photo, shared, tmp_path):
    """Replicas that share nothing but the bucket look into it often enough."""
    assert POLL_SECONDS <= 5
    origin.serve("/a.jpg", photo)
    url = origin.url("/a.jpg")
    alone = {name: text for name, text in shared.items() if name != "IMGSVC_REDIS_URL"}
    async with replicas(tmp_path, origin, alone) as (one, other):
        before = [await service.image(url, w=10, f="png") for service in (one, other)]
        for service in (one, other):
            await service.settled()
        origin.serve("/a.jpg", jpeg(noise(300, 200, seed=5)))
        await one.request("DELETE", "/api/cache/images", ADMIN, url=url)
        await seen(other, url, before[1].body, w=10, f="png")


async def test_large_sources_are_fetched_once_too(origin, shared, tmp_path):
    """Who comes while another replica has a large picture arriving waits for it, as long as that takes not too long."""
    body = png(noise(300, 200, seed=3))
    gate = origin.gate("/a.png", body)
    url = origin.url("/a.png")
    async with replicas(tmp_path, origin, shared, IMAGE_STREAM_THRESHOLD_BYTES="100000") as (one, other):
        asking = [asyncio.create_task(service.image(url, f="original")) for service in (one, other)]
        await origin.until_hits("/a.png")
        await until_denied(one, other)
        gate.set()
        answers = await asyncio.gather(*asking)

    assert {answer.body for answer in answers} == {body}
    assert origin.hits("/a.png") == 1


async def test_what_may_not_be_shared_is_not_waited_for(origin, photo, shared, tmp_path):
    """Clients of a source that forbids sharing do not queue behind each other, at one replica or at two."""
    gates = [asyncio.Event() for _ in range(3)]

    async def behave(exchange) -> None:
        if (count := origin.hits("/a.jpg")) > 2:
            await gates[(count > 4) + (count > 6)].wait()
        await exchange.answer(photo, headers={"Content-Type": "image/jpeg", "Cache-Control": "no-store"})

    origin.script("/a.jpg", behave)
    url = origin.url("/a.jpg")
    async with replicas(tmp_path, origin, shared) as both:
        for service in both:
            await service.image(url, w=10)
        asking = [asyncio.create_task(service.image(url, w=10)) for service in both for _ in range(6)]
        flights = [service.opened.owners["flights"] for service in both]
        await until(lambda: all(each.statistics().waiters > 6 for each in flights))  # clients, and the one at work
        gates[0].set()
        await origin.until_hits("/a.jpg", 6)
        await until(lambda: all(each.statistics().waiters >= 5 for each in flights))  # they joined once more
        gates[1].set()
        await origin.until_hits("/a.jpg", 14)  # the other eight ask at once: none of them is answered yet
        gates[2].set()
        answers = await asyncio.gather(*asking)

    assert {answer.headers["Cache-Control"] for answer in answers} == {"private, no-store"}
    assert origin.hits("/a.jpg") == 14
