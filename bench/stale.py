"""Stale answers a second, against hits of the same bytes from the same process; A B C A B C, medians of the ratios."""

import asyncio
import statistics
import tempfile
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from bench.figures import Line, at_least
from bench.hits import CONNECTIONS, HEADERS, SECONDS
from bench.load import request_bytes
from bench.pump import pump
from imgsvc.demo import PICTURES
from tests.support.http_server import Exchange
from tests.support.origin import ScriptedOrigin
from tests.support.process import service_process
from tests.support.service import IMAGES

ROUNDS = 15
ANSWER_SECONDS = 0.2


def _script(origin: ScriptedOrigin, picture: bytes) -> None:
    """Serve one picture that stays fresh, one whose source says each time that it holds, and one whose source fails."""

    async def holds(exchange: Exchange) -> None:
        if "If-None-Match" in exchange.request.headers:
            await asyncio.sleep(ANSWER_SECONDS)
            await exchange.answer(b"", status=304, headers={"ETag": '"1"'})
        else:
            await exchange.answer(picture, headers={"Content-Type": "image/jpeg", "ETag": '"1"'})

    origin.serve("/fresh.jpg", picture, headers={"Cache-Control": "max-age=86400"})
    origin.script("/holds.jpg", holds)
    origin.serve("/fails.jpg", picture)


async def _state(session: aiohttp.ClientSession, url: str) -> str:
    async with session.get(url, headers=HEADERS) as response:
        await response.read()
        return response.headers["X-Cache"]


async def measure() -> list[Line]:
    """Give the lines to print."""
    names = ("fresh", "holds", "fails")
    with tempfile.TemporaryDirectory() as name:
        async with ScriptedOrigin() as origin:
            _script(origin, (PICTURES / "landscape.jpg").read_bytes())
            env = {
                "IMGSVC_ALLOWED_HOSTS": "*.test",
                "IMGSVC_CONNECT_TO": origin.connect_to("*.test"),
                "IMGSVC_MIN_TTL": "0",
            }
            async with service_process(Path(name), **env) as service, aiohttp.ClientSession() as session:
                targets = [f"{IMAGES}?{urlencode({'url': origin.url(f'/{n}.jpg'), 'w': 640})}" for n in names]
                for target in targets:
                    await _state(session, service.base_url + target)
                origin.serve("/fails.jpg", b"", status=503)
                states = [await _state(session, service.base_url + target) for target in targets]
                port = int(service.base_url.rpartition(":")[2])
                requests = [request_bytes("127.0.0.1", target, HEADERS) for target in targets]
                rounds = [
                    [(await pump(port, request, CONNECTIONS, seconds=SECONDS)).rate for request in requests]
                    for _ in range(ROUNDS)
                ]
                asked = [origin.hits(f"/{n}.jpg") for n in names]
    assert states == ["HIT", "STALE", "STALE"], states
    hit, holds, fails = (statistics.median(r[n] for r in rounds) for n in range(3))
    to_hit = [statistics.median(r[n] / r[0] for r in rounds) for n in (1, 2)]
    return [
        f"stale answers: {holds:.0f}/s while the source is asked, {fails:.0f}/s while it fails; hits {hit:.0f}/s",
        f"  sources asked {asked[1:]} times",
        at_least("stale answers by hits, while the source is asked", to_hit[0], 0.9),
        at_least("stale answers by hits, while the source fails", to_hit[1], 0.9),
    ]
