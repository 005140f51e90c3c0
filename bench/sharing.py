"""Share pictures and page data a second, against picture hits of the same bytes; and what a new page costs."""

import tempfile
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from bench.beside import first_answers_ms, hit_ratios, unlimited_service
from tests.support import pictures
from tests.support.logos import HTML, PNG, page
from tests.support.origin import ScriptedOrigin
from tests.support.service import IMAGES

NEW = 40
SHARE = "/api/og-image"
SAME = {"w": 300, "h": 200, "f": "png"}


async def measure() -> list[str]:
    """Give the lines to print."""
    page_query = urlencode({"url": "http://acme.test/p", "f": "png"})
    targets = [
        f"{IMAGES}?{urlencode({'url': 'http://acme.test/a.png', **SAME})}",
        f"{SHARE}?{page_query}",
        f"{SHARE}?url=http://acme.test/none",
        f"/api/og-data?{page_query}",
    ]
    with tempfile.TemporaryDirectory() as name:
        async with ScriptedOrigin() as origin:
            origin.serve("/p", page('<meta property="og:image" content="/a.png">'), headers=HTML)
            origin.serve("/a.png", pictures.png(pictures.quarters(300, 200)), headers=PNG)
            async with unlimited_service(Path(name), origin) as base_url, aiohttp.ClientSession() as session:
                picture, card, data = await hit_ratios(session, base_url, targets)
                route = base_url + SHARE
                page_ms = await first_answers_ms(session, [f"{route}?url=http://site{n}.test/p" for n in range(NEW)])
                card_ms = await first_answers_ms(session, [f"{route}?title=Card+number+{n}" for n in range(NEW)])
    return [
        f"share picture hit, against a picture hit of the same size: {picture:.2f}; card {card:.2f}; data {data:.2f}",
        f"  a new page, read and its picture judged: {page_ms:.0f} ms; a new card: {card_ms:.0f} ms",
    ]
