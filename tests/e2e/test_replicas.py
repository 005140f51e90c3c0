"""Two real processes on one bucket and one Redis, asked and purged as by users."""

import asyncio
import time
from contextlib import AsyncExitStack
from urllib.parse import urlencode

import aiohttp

from tests.support.origin import ScriptedOrigin
from tests.support.pictures import filled, jpeg, noise
from tests.support.process import run, service_process
from tests.support.redis import RedisServer, redis  # noqa: F401 - a fixture
from tests.support.seaweed import Seaweed, seaweed  # noqa: F401 - a fixture
from tests.support.service import IMAGES

SEEN_SECONDS = 40
"""Less than a replica that hears of purges waits before it looks for them itself."""

URL = "http://img.shop.test/p/a.jpg"


async def test_one_fetch_and_one_purge_for_both(seaweed: Seaweed, redis: RedisServer, tmp_path):  # noqa: F811 - the fixtures
    """An image asked of both at once is one fetch; a purge by the command line is seen by both within five seconds."""
    bucket = f"processes-{time.monotonic_ns()}"
    await seaweed.make_bucket(bucket)
    async with ScriptedOrigin() as origin, AsyncExitStack() as stack:
        env = seaweed.values(bucket) | {
            "IMGSVC_REDIS_URL": redis.url.rpartition("/")[0] + "/9",
            "IMGSVC_ADMIN_TOKEN": "t",
            "IMGSVC_ALLOWED_HOSTS": "*.test",
            "IMGSVC_CONNECT_TO": origin.connect_to("*.test"),
        }
        services = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            services.append(await stack.enter_async_context(service_process(tmp_path / name, **env)))
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def ask(base_url: str, width: int) -> bytes:
            async with session.get(f"{base_url}{IMAGES}?{urlencode({'url': URL, 'w': width, 'f': 'png'})}") as answer:
                assert answer.status == 200
                return await answer.read()

        gate = origin.gate("/p/a.jpg", jpeg(noise(300, 200)))
        asking = [asyncio.create_task(ask(s.base_url, width)) for s in services for width in (10, 20)]
        await origin.until_hits("/p/a.jpg")
        await asyncio.sleep(0.5)  # for the other to come to the point at which it would fetch too
        gate.set()
        before = await asyncio.gather(*asking)
        fetches = origin.hits("/p/a.jpg")
        await asyncio.sleep(0.5)
        origin.serve("/p/a.jpg", jpeg(filled((200, 30, 30), 300, 200)))
        purging = ("purge", "--domain", "*.shop.test", "--hard", "--server", services[0].base_url)
        code, out, err = await run(tmp_path, *purging, IMGSVC_ADMIN_TOKEN="t")
        async with asyncio.timeout(SEEN_SECONDS):
            for service in services:
                while await ask(service.base_url, 10) in before:
                    await asyncio.sleep(0.02)
        ends = [await service.end() for service in services]

    assert fetches == 1
    assert (code, out, err) == (0, "purged 1 (hard)\n", "")
    assert ends == [0, 0]
