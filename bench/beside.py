"""Routes beside one that answers the same bytes: hits of each by hits of the first, and what first answers cost."""

import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bench.hits import CONNECTIONS, HEADERS, SECONDS
from bench.load import request_bytes
from bench.pump import pump
from tests.support.origin import ScriptedOrigin
from tests.support.process import service_process

ROUNDS = 15


@asynccontextmanager
async def unlimited_service(folder: Path, origin: ScriptedOrigin) -> AsyncIterator[str]:
    """Run a service to which ``*.test`` is *origin*, listed and without a limit; gives its base URL."""
    env = {
        "IMGSVC_ALLOWED_HOSTS": "*.test",
        "IMGSVC_CONNECT_TO": origin.connect_to("*.test"),
        "IMGSVC_RATE_LIMIT": "0",
    }
    async with service_process(folder, **env) as service:
        yield service.base_url


async def _status(session: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with session.get(url, headers=HEADERS) as response:
        await response.read()
        return response.status, response.headers.get("X-Cache", "")


async def first_answers_ms(session: aiohttp.ClientSession, urls: list[str]) -> float:
    """Time answers that nobody has asked for before, one after the other; gives the median."""
    seconds = []
    for url in urls:
        began = time.perf_counter()
        assert (await _status(session, url))[0] == 200
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds) * 1000


async def hit_ratios(session: aiohttp.ClientSession, base_url: str, targets: list[str]) -> list[float]:
    """Give the hits a second of all *targets* but the first, each by those of the first: medians of the rounds'."""
    states = [[await _status(session, base_url + target) for _ in range(2)] for target in targets]
    assert [both[1] for both in states] == [(200, "HIT")] * len(targets)
    port = int(base_url.rpartition(":")[2])
    requests = [request_bytes("127.0.0.1", target, HEADERS) for target in targets]
    rounds = [
        [(await pump(port, request, CONNECTIONS, seconds=SECONDS)).rate for request in requests] for _ in range(ROUNDS)
    ]
    return [statistics.median(r[n] / r[0] for r in rounds) for n in range(1, len(targets))]
