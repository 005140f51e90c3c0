"""Share pictures and page data a second, against picture hits of the same bytes; and what a new page costs."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from bench.hits import CONNECTIONS, HEADERS, SECONDS
from bench.load import rate, request_bytes
from tests.support import pictures
from tests.support.logos import HTML, page
from tests.support.origin import ScriptedOrigin
from tests.support.process import service_process
from tests.support.service import IMAGES

ROUNDS = 15
NEW = 40
SHARE = "/api/og-image"
SAME = {"w": 300, "h": 200, "f": "png"}


async def _status(session: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with session.get(url, headers=HEADERS) as response:
        await response.read()
        return response.status, response.headers.get("X-Cache", "")


async def _milliseconds(session: aiohttp.ClientSession, urls: list[str]) -> float:
    """Time first answers, one after the other; gives the median."""
    seconds = []
    for url in urls:
        began = time.perf_counter()
        assert (await _status(session, url))[0] == 200
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds) * 1000


async def _ratios(session: aiohttp.ClientSession, base_url: str) -> list[float]:
    """Give the hits of a share picture, of a card and of page data, each by those of a picture."""
    page_query = urlencode({"url": "http://acme.test/p", "f": "png"})
    targets = [
        f"{IMAGES}?{urlencode({'url': 'http://acme.test/a.png', **SAME})}",
        f"{SHARE}?{page_query}",
        f"{SHARE}?url=http://acme.test/none",
        f"/api/og-data?{page_query}",
    ]
    states = [[await _status(session, base_url + target) for _ in range(2)] for target in targets]
    assert [both[1] for both in states] == [(200, "HIT")] * len(targets)
    port = int(base_url.rpartition(":")[2])
    requests = [request_bytes("127.0.0.1", target, HEADERS) for target in targets]
    rounds = [
        [await rate(port, request, seconds=SECONDS, connections=CONNECTIONS) for request in requests]
        for _ in range(ROUNDS)
    ]
    return [statistics.median(r[n] / r[0] for r in rounds) for n in range(1, len(targets))]


async def measure() -> list[str]:
    """Give the lines to print."""
    with tempfile.TemporaryDirectory() as name:
        async with ScriptedOrigin() as origin:
            origin.serve("/p", page('<meta property="og:image" content="/a.png">'), headers=HTML)
            origin.serve("/a.png", pictures.png(pictures.quarters(300, 200)), headers={"Content-Type": "image/png"})
            env = {
                "IMGSVC_ALLOWED_HOSTS": "*.test",
                "IMGSVC_CONNECT_TO": origin.connect_to("*.test"),
                "IMGSVC_RATE_LIMIT": "0",
            }
            async with service_process(Path(name), **env) as service, aiohttp.ClientSession() as session:
                picture, card, data = await _ratios(session, service.base_url)
                route = service.base_url + SHARE
                page_ms = await _milliseconds(session, [f"{route}?url=http://site{n}.test/p" for n in range(NEW)])
                card_ms = await _milliseconds(session, [f"{route}?title=Card+number+{n}" for n in range(NEW)])
    return [
        f"share picture hit, against a picture hit of the same size: {picture:.2f}; card {card:.2f}; data {data:.2f}",
        f"  a new page, read and its picture judged: {page_ms:.0f} ms; a new card: {card_ms:.0f} ms",
    ]


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
