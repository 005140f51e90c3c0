"""Which answers the shipped nginx asks another replica for; scripted servers play replicas."""

import asyncio

import aiohttp
import pytest

from tests.support.nginx import scripted_front, shipped_nginx
from tests.support.origin import ScriptedOrigin
from tests.support.tools import free_ports

PATH = "/api/cache/images"
PUBLIC = {"Cache-Control": "public, max-age=14400, stale-while-revalidate=86400"}
SHORT_OF_MEMORY = {"Retry-After": "2", "X-System-Status": "MEMORY_CRITICAL", "Cache-Control": "no-store"}
TARGETS = [f"{PATH}?w={number}" for number in range(12)]


async def test_each_url_has_its_replica(tmp_path):
    """The same URL always goes to the same replica, and each replica gets some."""
    async with scripted_front(tmp_path, 2) as front:
        for replica in front.replicas:
            replica.serve(PATH, b"picture")
        for _ in range(2):
            for target in TARGETS:
                await front.ask(target)

        asked = [[r.target for r in replica.requests if r.path == PATH] for replica in front.replicas]
        assert all(asked)
        assert not set(asked[0]) & set(asked[1])
        assert sorted(asked[0] + asked[1]) == sorted(TARGETS * 2)


@pytest.mark.parametrize("fault", ["reset_before_head", "short of memory"])
async def test_another_replica_is_asked(tmp_path, fault):
    """Where one replica breaks off or has no memory, its clients get the other one's answer."""
    async with scripted_front(tmp_path, 2) as front:
        bad, good = front.replicas
        good.serve(PATH, b"picture")
        if fault == "short of memory":
            bad.serve(PATH, b"", status=503, headers=SHORT_OF_MEMORY)
        else:
            getattr(bad, fault)(PATH)
        answers = await asyncio.gather(*(front.ask(target) for target in TARGETS * 4))

        assert {(answer.status, answer.body) for answer in answers} == {(200, b"picture")}
        assert good.hits(PATH) == len(answers)
        assert bad.hits(PATH) > 0


async def test_a_replica_that_is_gone_and_comes_back(tmp_path):
    """A replica that nobody listens for is passed over, and asked again as soon as it is there."""
    (port,) = free_ports(1)
    async with (
        ScriptedOrigin() as there,
        shipped_nginx(tmp_path, [there.port, port]) as base_url,
        aiohttp.ClientSession() as session,
    ):

        async def ask(target: str) -> tuple[int, bytes]:
            async with session.get(f"{base_url}{target}") as response:
                return response.status, await response.read()

        there.serve(PATH, b"picture")
        answers = [await ask(target) for target in TARGETS]
        async with ScriptedOrigin(port=port) as back:
            back.serve(PATH, b"picture")
            answers += [await ask(target) for target in TARGETS]

        assert set(answers) == {(200, b"picture")}
        assert back.hits(PATH) > 0
        assert there.hits(PATH) + back.hits(PATH) == len(answers)


async def test_none_has_memory(tmp_path):
    """When both are short of memory their own answer comes through, and each is asked once."""
    async with scripted_front(tmp_path, 2) as front:
        for replica in front.replicas:
            replica.serve(PATH, b'{"code": "memory"}', status=503, headers=SHORT_OF_MEMORY)
        answers = await asyncio.gather(*(front.ask(target) for target in TARGETS * 2))

        assert {(a.status, a.body, a.headers["Retry-After"]) for a in answers} == {(503, b'{"code": "memory"}', "2")}
        assert [replica.hits(PATH) for replica in front.replicas] == [len(answers)] * 2


async def test_what_the_source_did_is_no_reason_to_ask_another(tmp_path):
    """An error of the source or the client is answered as it is: a second replica would ask the source again."""
    async with scripted_front(tmp_path, 2) as front:
        for status in (400, 404, 429, 500, 502, 504):
            path = f"/api/assets/{status}"
            for replica in front.replicas:
                replica.serve(path, b"problem", status=status, headers={"Cache-Control": "no-store"})
            answers = [await front.ask(f"{path}?{number}") for number in range(4)]

            assert {(answer.status, answer.body) for answer in answers} == {(status, b"problem")}
            assert front.hits(path) == len(answers)


async def test_what_may_not_be_done_twice_is_not(tmp_path):
    """A POST that broke off is not sent to another replica."""
    async with scripted_front(tmp_path, 2) as front:
        for replica in front.replicas:
            replica.reset_before_head(PATH)
        answers = [await front.ask(target, "POST") for target in TARGETS]

        assert {answer.status for answer in answers} == {502}
        assert front.hits(PATH) == len(answers)


async def test_what_is_kept_outlives_all_replicas(tmp_path):
    """When no replica can be reached, nginx gives out what it has, even past its time, and says that it is stale."""
    async with scripted_front(tmp_path, kept_seconds=1) as front:
        front.replica.serve(PATH, b"picture", headers=PUBLIC)
        assert (await front.ask(TARGETS[0])).status == 200
        front.replica.reset_before_head(PATH)
        async with asyncio.timeout(60):
            while (answer := await front.ask(TARGETS[0])).headers["Cache-Status"] == "nginx; hit":
                await asyncio.sleep(0.05)

        assert (answer.status, answer.body) == (200, b"picture")
        assert answer.headers["Cache-Status"] == "nginx; hit; detail=stale"
        assert (await front.ask(TARGETS[1])).status == 502


async def test_health_is_that_of_any(tmp_path):
    """A balancer in front is told that all is well as long as one replica is."""
    async with scripted_front(tmp_path, 2) as front:
        bad, good = front.replicas
        bad.serve("/api/health", b"{}", status=503)
        good.serve("/api/health", b"{}")

        assert [(await front.ask(f"/api/health?{n}")).status for n in range(12)] == [200] * 12
        assert bad.hits("/api/health") > 0
