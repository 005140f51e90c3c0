"""Purges announced over Redis."""

from imgsvc.model.purge import Mark
from tests.integration.test_purge import ADMIN, SET, purge
from tests.support.marks import doing, replica
from tests.support.origin import ScriptedOrigin
from tests.support.pictures import png
from tests.support.redis import RedisServer, redis, redis_server  # noqa: F401 - a fixture
from tests.support.service import running_service
from tests.support.spine import until
from tests.support.spine_parts import START, Clock


def marks(service):
    return service.opened.owners["marks"]


def is_live(service) -> bool:
    return service.opened.owners["announcements"].is_live


async def test_replicas_hear_of_purges(redis: RedisServer, origin: ScriptedOrigin, photo, tmp_path):  # noqa: F811 - the fixture
    """A purge at one is in force at the other at once, for memory too, by whichever route."""
    shared = SET | {"IMGSVC_REDIS_URL": redis.url}
    urls = [origin.url(path) for path in ("/a.jpg", "/b.jpg", "/c.jpg")]
    async with (
        running_service(tmp_path, origin.port, **shared) as one,
        running_service(tmp_path, origin.port, **shared) as other,
    ):
        await until(lambda: is_live(one) and is_live(other))
        for url in urls:
            origin.serve(url.removeprefix(origin.url("")), photo)
            await one.image(url, w=10)
            await one.settled()
            assert (await other.image(url, w=10)).status == 200
        await purge(one, prefixes=[urls[0]], hard=True)
        await one.request("DELETE", "/api/cache/images", ADMIN, url=urls[1])
        await purge(one, urls=[urls[2]])
        await until(lambda: marks(other).statistics().marks == 3)
        for url in urls:
            origin.serve(url.removeprefix(origin.url("")), png())
        after = [await other.image(url, w=10) for url in urls]

    assert [answer.headers["X-Cache"] for answer in after] == ["MISS", "MISS", "STALE"]
    assert [answer.headers["X-Source"] for answer in after[:2]] == ["origin", "origin"]


async def test_what_was_said_while_redis_was_away(origin: ScriptedOrigin, photo, tmp_path):
    """A purge that could not be announced is found in the store as soon as Redis is back."""
    origin.serve("/a.jpg", photo)
    with redis_server() as first:
        shared = SET | {"IMGSVC_REDIS_URL": first.url}
        async with (
            running_service(tmp_path, origin.port, **shared) as one,
            running_service(tmp_path, origin.port, **shared) as other,
        ):
            await until(lambda: is_live(one) and is_live(other))
            first.process.kill()
            first.process.wait()
            await until(lambda: not is_live(one) and not is_live(other))
            status, _, _ = await purge(one, domains=["*.test"], hard=True)
            with redis_server(first.port):
                await until(lambda: marks(other).statistics().marks == 1)

    assert status == 200


async def test_what_is_announced_counts_without_the_store(redis: RedisServer, tmp_path):  # noqa: F811 - the fixture
    """Hearing is enough, also of a mark that could not be written; nonsense on the channel does no harm."""
    async with (
        replica(tmp_path / "one", Clock(START), redis.settings) as one,
        replica(tmp_path / "other", Clock(START), redis.settings) as other,
        doing(other.marks.watch()),
    ):
        await until(lambda: other.announcements.is_live)
        await one.announcements.announce("nonsense")
        await one.marks.add([Mark("tag", "red", hard=True, time=START)])
        await until(lambda: other.marks.epoch)

    assert other.marks.statistics().learnt == 1


async def test_what_was_not_announced_is_found_all_the_same(redis: RedisServer, tmp_path):  # noqa: F811 - the fixture
    """A replica that hears all there is to hear still looks into the store now and then."""
    async with (
        replica(tmp_path, Clock(START)) as mute,
        replica(tmp_path, Clock(START), redis.settings) as other,
        doing(other.marks.watch()),
    ):
        await until(lambda: other.announcements.is_live)
        await mute.marks.add([Mark("tag", "red", hard=True, time=START)])
        await until(lambda: other.marks.epoch)
        assert other.announcements.is_live
