"""Logo hits a second, against picture hits of the same bytes from the same process; and what one search costs."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from bench.hits import CONNECTIONS, HEADERS, SECONDS
from bench.load import rate, request_bytes
from tests.support.logos import HTML, PNG, mark, page
from tests.support.origin import ScriptedOrigin
from tests.support.process import service_process
from tests.support.service import IMAGES

ROUNDS = 15
SEARCHES = 40
SAME = {"w": 128, "h": 128, "f": "png"}


async def _status(session: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with session.get(url, headers=HEADERS) as response:
        await response.read()
        return response.status, response.headers.get("X-Cache", "")


async def _searches(session: aiohttp.ClientSession, base_url: str) -> list[float]:
    """Time searches of domains that nobody has asked for, one after the other."""
    seconds = []
    for n in range(SEARCHES):
        began = time.perf_counter()
        assert (await _status(session, f"{base_url}/api/logo?website=site{n}.test"))[0] == 200
        seconds.append(time.perf_counter() - began)
    return seconds


async def measure() -> list[str]:
    """Give the lines to print."""
    with tempfile.TemporaryDirectory() as name:
        async with ScriptedOrigin() as origin:
            origin.serve("/", page('<link rel="apple-touch-icon" href="/icon.png">'), headers=HTML)
            origin.serve("/icon.png", mark(), headers=PNG)
            env = {
                "IMGSVC_ALLOWED_HOSTS": "*.test",
                "IMGSVC_CONNECT_TO": origin.connect_to("*.test"),
                "IMGSVC_RATE_LIMIT": "0",
            }
            async with service_process(Path(name), **env) as service, aiohttp.ClientSession() as session:
                asked = {"website": "acme.test", "format": "png"}
                targets = [
                    f"{IMAGES}?{urlencode({'url': 'http://acme.test/icon.png', **SAME})}",
                    f"/api/logo?{urlencode(asked)}",
                    f"/api/logo?{urlencode(asked | {'theme': 'dark'})}",
                ]
                states = [[await _status(session, service.base_url + target) for _ in range(2)] for target in targets]
                assert [both[1] for both in states] == [(200, "HIT")] * len(targets)
                port = int(service.base_url.rpartition(":")[2])
                requests = [request_bytes("127.0.0.1", target, HEADERS) for target in targets]
                rounds = [
                    [await rate(port, request, seconds=SECONDS, connections=CONNECTIONS) for request in requests]
                    for _ in range(ROUNDS)
                ]
                seconds = await _searches(session, service.base_url)
    plain, dark = (statistics.median(r[n] / r[0] for r in rounds) for n in (1, 2))
    return [
        f"logo hit, against a picture hit of the same size: {plain:.2f}; with a theme {dark:.2f}",
        f"  search of a site with one icon, fetched and judged: {statistics.median(seconds) * 1000:.0f} ms",
    ]


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
