"""Two replicas behind the shipped nginx, on one bucket and one Redis: one ends under load and comes back."""

import asyncio
import random
import signal
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

import aiohttp
import pytest

from tests.support.nginx import shipped_nginx
from tests.support.origin import JPEG, Exchange, ScriptedOrigin
from tests.support.pictures import decoded, filled, is_near, jpeg
from tests.support.process import ServiceProcess, service_process
from tests.support.redis import RedisServer, redis  # noqa: F401 - a fixture
from tests.support.seaweed import Seaweed, seaweed  # noqa: F401 - a fixture
from tests.support.service import IMAGES
from tests.support.tools import free_ports

CLIENTS = 4
WIDTHS = range(16, 200)
GROUP = 6


@dataclass(frozen=True)
class Group:
    """Paths of some pictures, sent when the gate is open."""

    paths: list[str]
    gate: asyncio.Event


class Pictures:
    """Sources in groups; each picture has a colour of its own."""

    def __init__(self, origin: ScriptedOrigin) -> None:
        self._origin = origin
        self.colours: dict[str, tuple[int, int, int]] = {}

    def add(self, name: str) -> Group:
        """Add a group of new pictures."""
        group = Group([f"/{name}/{number}.jpg" for number in range(GROUP)], asyncio.Event())
        for path in group.paths:
            self.colours[path] = colour = (20 + 8 * len(self.colours), 90, 220 - 8 * len(self.colours))
            self._origin.script(path, partial(_behave, group.gate, jpeg(filled(colour, 300, 200))))
        return group


async def _behave(gate: asyncio.Event, body: bytes, exchange: Exchange) -> None:
    await gate.wait()
    await exchange.answer(body, headers=JPEG | {"Cache-Control": "max-age=86400"})


class Load:
    """Clients that ask for pictures at all widths without a pause, and note what they get."""

    def __init__(self, base_url: str, session: aiohttp.ClientSession) -> None:
        self._base_url = base_url
        self._session = session
        self.paths: list[str] = []
        self.answers: dict[tuple[str, int], set[bytes]] = defaultdict(set)
        self.failures: list[str] = []
        self.count = 0

    async def ask(self, path: str, width: int) -> None:
        """Ask once; what is not a whole 200 is a failure."""
        query = urlencode({"url": f"http://img.test{path}", "w": width, "f": "png"})
        try:
            async with self._session.get(f"{self._base_url}{IMAGES}?{query}") as answer:
                body = await answer.read()
                if answer.status != 200:
                    self.failures.append(f"{path} {width}: {answer.status} {body[:300]!r}")
                self.answers[path, width].add(body)
        except aiohttp.ClientError as error:
            self.failures.append(f"{path} {width}: {error!r}")
        self.count += 1

    async def go_on(self, seed: int) -> None:
        """Be a client until cancelled."""
        chance = random.Random(seed)
        while True:
            await self.ask(chance.choice(self.paths), chance.choice(WIDTHS))

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Have all clients ask until the block ends."""
        tasks = [asyncio.create_task(self.go_on(seed)) for seed in range(CLIENTS)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def answered(self, paths: list[str]) -> None:
        """Ask for each of these, all at once, and for all of them ever after."""
        await asyncio.gather(*(self.ask(path, width) for path in paths for width in (16, 64)))
        self.paths = self.paths + paths

    def wrong(self, colours: dict[str, tuple[int, int, int]]) -> list[str]:
        """Name the pictures that did not always come as the same bytes, in the right size and colour."""
        return [
            f"{path} {width}"
            for (path, width), bodies in self.answers.items()
            if not _is_right(bodies, width, colours[path])
        ]


def _is_right(bodies: set[bytes], width: int, colour: tuple[int, int, int]) -> bool:
    image = decoded(next(iter(bodies)))
    return len(bodies) == 1 and image.width == width and is_near(image(0, 0), colour)


class Pair:
    """Two replicas on one bucket and one Redis, at ports of their own."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._folder = folder
        self._env = env
        self.ports = free_ports(2)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.services = [await self.start(index) for index in range(2)]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def start(self, index: int) -> ServiceProcess:
        """Start one of them, for the first time or again."""
        folder = self._folder / str(index)
        folder.mkdir(exist_ok=True)
        process = service_process(folder, "--port", str(self.ports[index]), **self._env)
        return await self._stack.enter_async_context(process)


@pytest.mark.parametrize(
    ("number", "code", "fetches"), [(signal.SIGKILL, -signal.SIGKILL, {1, 2}), (signal.SIGTERM, 0, {1})]
)
async def test_a_replica_ends_and_comes_back(seaweed: Seaweed, redis: RedisServer, tmp_path, number, code, fetches):  # noqa: F811 - the fixtures
    """
    No request fails, every answer is right, and each picture is fetched once by both replicas together.

    Only what is on its way at the moment of a kill may be fetched twice: what the killed replica had of it is gone.
    """
    bucket = f"proxy-{time.monotonic_ns()}"
    await seaweed.make_bucket(bucket)
    redis_url = f"{redis.url.rpartition('/')[0]}/{number - 1}"  # of its own: a killed replica leaves leases
    async with AsyncExitStack() as stack:
        origin = await stack.enter_async_context(ScriptedOrigin())
        env = {"IMGSVC_ALLOWED_HOSTS": "*.test", "IMGSVC_CONNECT_TO": origin.connect_to("*.test")}
        env |= seaweed.values(bucket) | {"IMGSVC_REDIS_URL": redis_url}
        pair = await stack.enter_async_context(Pair(tmp_path, env))
        base_url = await stack.enter_async_context(shipped_nginx(tmp_path, pair.ports, kept_seconds=1))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        load, pictures = Load(base_url, session), Pictures(origin)
        first, before, during, after = (pictures.add(group) for group in ("first", "before", "during", "after"))
        for group in (first, before, after):
            group.gate.set()

        # The first of all waits for connections to Redis; where that takes too long, the service goes on without it.
        await load.answered(first.paths)
        await load.answered(before.paths)
        await until_stored(seaweed, bucket, len(load.paths))
        async with load.going_on():
            asking = asyncio.create_task(load.answered(during.paths))
            for path in during.paths:
                await origin.until_hits(path)
            ending = asyncio.create_task(pair.services[0].end(number))
            await until_refused(pair.ports[0])
            during.gate.set()
            assert await ending == code
            await asking
            back = await pair.start(0)
            await load.answered(after.paths)
        fetched = [{origin.hits(path) for path in group.paths} for group in (before, during, after)]
        answered = await answers_of(session, back)

    assert load.failures == []
    assert load.wrong(pictures.colours) == []
    assert (fetched[0], fetched[2]) == ({1}, {1})
    assert fetched[1] <= fetches
    assert answered > 0, "the one that came back had nothing to do"


async def until_refused(port: int) -> None:
    """Wait until nobody takes connections at *port* any more."""
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                return
            writer.close()
            await asyncio.sleep(0.01)


async def until_stored(server: Seaweed, bucket: str, count: int) -> None:
    """Wait until the bucket has the records of so many sources, which are written last."""
    async with server.client() as client, asyncio.timeout(60):
        while True:
            listed = await client.list_objects_v2(Bucket=bucket, Prefix="images/image/")
            keys = [item["Key"] for item in listed.get("Contents", ())]
            if all(sum(key.endswith(end) for key in keys) >= count for end in ("/original", "/source.json")):
                return
            await asyncio.sleep(0.05)


async def answers_of(session: aiohttp.ClientSession, service: ServiceProcess) -> int:
    """How many pictures a replica has looked for since it began."""
    async with session.get(f"{service.base_url}/api/health/metrics") as answer:
        memory = (await answer.json())["caches"]["memory"]
    return memory["hits"] + memory["misses"]
