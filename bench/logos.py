"""Logo hits a second, against picture hits of the same bytes from the same process; and what one search costs."""

import tempfile
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from bench.beside import first_answers_ms, hit_ratios, unlimited_service
from tests.support.logos import HTML, PNG, mark, page
from tests.support.origin import ScriptedOrigin
from tests.support.service import IMAGES

SEARCHES = 40
SAME = {"w": 128, "h": 128, "f": "png"}
LOGO = "/api/logo"


async def measure() -> list[str]:
    """Give the lines to print."""
    asked = {"website": "acme.test", "format": "png"}
    targets = [
        f"{IMAGES}?{urlencode({'url': 'http://acme.test/icon.png', **SAME})}",
        f"{LOGO}?{urlencode(asked)}",
        f"{LOGO}?{urlencode(asked | {'theme': 'dark'})}",
    ]
    with tempfile.TemporaryDirectory() as name:
        async with ScriptedOrigin() as origin:
            origin.serve("/", page('<link rel="apple-touch-icon" href="/icon.png">'), headers=HTML)
            origin.serve("/icon.png", mark(), headers=PNG)
            async with unlimited_service(Path(name), origin) as base_url, aiohttp.ClientSession() as session:
                plain, dark = await hit_ratios(session, base_url, targets)
                urls = [f"{base_url}{LOGO}?website=site{n}.test" for n in range(SEARCHES)]
                search_ms = await first_answers_ms(session, urls)
    return [
        f"logo hit, against a picture hit of the same size: {plain:.2f}; with a theme {dark:.2f}",
        f"  search of a site with one icon, fetched and judged: {search_ms:.0f} ms",
    ]
