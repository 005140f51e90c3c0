"""The shipped Caddyfile, in a real Caddy, before real replicas and servers that remember what they were asked."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.support.caddy import CADDYFILE, shipped_caddy
from tests.support.origin import ScriptedOrigin
from tests.support.pictures import png
from tests.support.process import ServiceProcess, service_process
from tests.support.service import IMAGES, Answer, environment
from tests.support.tools import require_tool

SHED_SECONDS = 60
"""No longer may it take until a replica that says 503 is asked no more; the file has it looked at every two seconds."""


class Front:
    """Caddy, as a client sees it."""

    def __init__(self, base_url: str, session: aiohttp.ClientSession) -> None:
        self._base_url = base_url
        self._session = session

    async def ask(self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None, **query: str):
        """Ask for *path*."""
        url = self._base_url + path
        async with self._session.request(method, url, params=query, headers=headers) as response:
            return Answer(response.status, response.headers, await response.read())


@asynccontextmanager
async def before(folder: Path, replicas: list[int], site: int) -> AsyncIterator[Front]:
    (folder / "caddy").mkdir()
    async with shipped_caddy(folder / "caddy", replicas, site) as base_url, aiohttp.ClientSession() as session:
        yield Front(base_url, session)


@asynccontextmanager
async def before_services(
    folder: Path, origin: ScriptedOrigin, count: int, **env: str
) -> AsyncIterator[tuple[Front, list[ServiceProcess]]]:
    """Run *count* services, each with a store of its own, and Caddy before them."""
    async with AsyncExitStack() as stack:
        services = []
        for number in range(count):
            own = folder / str(number)
            own.mkdir()
            services.append(
                await stack.enter_async_context(service_process(own, **environment(own, origin.port, **env)))
            )
        ports = [int(service.base_url.rpartition(":")[2]) for service in services]
        yield await stack.enter_async_context(before(folder, ports, origin.port)), services


def test_caddy_understands_the_file():
    """It is valid, with TLS as shipped, and written as Caddy itself would write it."""
    caddy = require_tool("caddy")
    checked = subprocess.run(
        [caddy, "validate", "--adapter", "caddyfile", "--config", CADDYFILE], capture_output=True, check=False
    )
    formatted = subprocess.run([caddy, "fmt", CADDYFILE], capture_output=True, check=False, text=True)

    assert checked.returncode == 0, checked.stderr.decode()
    assert formatted.stdout == CADDYFILE.read_text()


async def test_pictures_come_as_they_are(tmp_path):
    """A picture, its conditions and its ranges pass through, with what the service says of them."""
    async with ScriptedOrigin() as origin:
        origin.serve("/a.png", png())
        async with before_services(tmp_path, origin, 1) as (front, _):
            query = {"url": origin.url("/a.png"), "w": "16", "f": "webp"}
            made = await front.ask(IMAGES, **query)
            held = await front.ask(IMAGES, headers={"If-None-Match": made.headers["ETag"]}, **query)
            part = await front.ask(IMAGES, headers={"Range": "bytes=0-3"}, **query)
            headed = await front.ask(IMAGES, method="HEAD", **query)
            refused = await front.ask(IMAGES, url="http://no.example/" + "%C3%A9" * 500)

    assert (made.status, made.headers["X-Cache"], made.headers["Content-Type"]) == (200, "MISS", "image/webp")
    assert made.headers.getall("Server") == ["Caddy"]
    assert (held.status, held.body) == (304, b"")
    assert (part.status, part.body) == (206, b"RIFF")
    assert (headed.status, headed.headers["Content-Length"]) == (200, str(len(made.body)))
    assert refused.status == 403


async def test_what_is_passed_on(tmp_path):
    """The service learns who asked from Caddy, not from the client, and gets no cookies; the request keeps its name."""
    async with ScriptedOrigin() as replica, ScriptedOrigin() as site:
        replica.serve("/api/health", b"{}")
        replica.serve("/api/logo", png())
        async with before(tmp_path, [replica.port], site.port) as front:
            forged = {"X-Forwarded-For": "192.0.2.1", "Cookie": "a=b", "X-Request-Id": "mine-1"}
            await front.ask("/api/logo", headers=forged)
            await front.ask("/api/logo", headers={"X-Request-Id": "not good"})
    mine, other = (request.headers for request in replica.requests if request.path == "/api/logo")

    assert mine["X-Forwarded-For"] == "127.0.0.1"
    assert "Cookie" not in mine
    assert mine["X-Request-Id"] == "mine-1"
    assert len(other["X-Request-Id"]) == 36


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/health/metrics", "/api/purge", "/docs", "/logo", "/api/logos"])
async def test_all_else_is_the_sites(tmp_path, path):
    """What is no picture, and what is for operators, does not reach the service."""
    async with ScriptedOrigin() as replica, ScriptedOrigin() as site:
        site.serve(path, b"the site's", headers={"Content-Type": "text/plain"})
        async with before(tmp_path, [replica.port], site.port) as front:
            answer = await front.ask(path)

    assert (answer.status, answer.body) == (200, b"the site's")
    assert replica.hits(path) == 0


async def test_a_picture_has_one_replica(tmp_path):
    """The same URL goes to the same replica, so that one fetch and one memory are enough; others go elsewhere."""
    async with ScriptedOrigin() as origin:
        paths = [f"/{number}.png" for number in range(12)]
        for path in paths:
            origin.serve(path, png())
        async with before_services(tmp_path, origin, 2) as (front, services):
            for path in paths * 3:
                assert (await front.ask(IMAGES, url=origin.url(path), w="8")).status == 200
            assert [origin.hits(path) for path in paths] == [1] * len(paths)
            stores = [len(list((tmp_path / str(n)).rglob("original=o"))) for n in range(len(services))]

    assert all(stores)


async def test_a_dead_replica_is_passed_over(tmp_path):
    """When a replica is killed, its pictures are answered by the other, the first request after it included."""
    async with ScriptedOrigin() as origin:
        origin.serve("/a.png", png())
        async with before_services(tmp_path, origin, 2) as (front, services):
            for width in range(1, 9):
                assert (await front.ask(IMAGES, url=origin.url("/a.png"), w=str(width))).status == 200
            await services[0].end(signal.SIGKILL)
            for width in range(1, 17):
                assert (await front.ask(IMAGES, url=origin.url("/a.png"), w=str(width))).status == 200


async def test_a_replica_that_ends_is_asked_no_more(tmp_path):
    """A replica that drains says so, and soon all requests go to the other one."""
    drain = {"IMGSVC_DRAIN_DELAY": str(SHED_SECONDS + 30)}
    async with ScriptedOrigin() as origin, before_services(tmp_path, origin, 2, **drain) as (front, services):
        services[0].process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(SHED_SECONDS):
            while await direct_health(services[0]) != 503:
                await asyncio.sleep(0.01)
            while await statuses(front) != {200}:
                await asyncio.sleep(0.05)
        assert services[0].process.returncode is None


async def direct_health(service: ServiceProcess) -> int:
    """What a replica itself says."""
    async with aiohttp.ClientSession() as session, session.get(service.base_url + "/api/health") as response:
        return response.status


async def statuses(front: Front) -> set[int]:
    """What Caddy passes on of the same, by so many URLs that each replica has some."""
    return {(await front.ask("/api/health", of=str(number))).status for number in range(32)}
