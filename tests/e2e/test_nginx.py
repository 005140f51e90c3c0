"""The service behind the shipped nginx, as its users see it."""

import aiohttp

from tests.support.nginx import shipped_nginx
from tests.support.origin import ScriptedOrigin
from tests.support.process import service_process
from tests.support.service import IMAGES


async def test_behind_nginx(tmp_path):
    """Pictures, conditions, ranges and health come through the shipped files as they are; the rest is the site's."""
    async with (
        service_process(tmp_path, "--demo") as service,
        ScriptedOrigin() as site,
        shipped_nginx(tmp_path, [service.port], site=site.port) as base,
        aiohttp.ClientSession() as session,
    ):
        site.serve("/demo/", b"the site's")
        parameters = {"url": f"{service.base_url}/demo/landscape.jpg", "w": "200"}
        async with session.get(base + IMAGES, params=parameters) as response:
            body, etag = await response.read(), response.headers["ETag"]
            assert (response.status, response.headers["X-Cache"]) == (200, "MISS")
        async with session.get(base + IMAGES, params=parameters) as response:
            assert (response.status, await response.read(), response.headers["X-Cache"]) == (200, body, "HIT")
            assert response.headers.getall("Cache-Status")[-1] == "nginx; hit"
        async with session.get(base + IMAGES, params=parameters, headers={"If-None-Match": etag}) as response:
            assert response.status == 304
        async with session.get(base + IMAGES, params=parameters, headers={"Range": "bytes=2-5"}) as response:
            assert (response.status, await response.read()) == (206, body[2:6])
        async with session.get(f"{base}/api/health") as response:
            assert (response.status, response.headers["X-System-Status"]) == (200, "HEALTHY")
        async with session.get(f"{base}/demo/") as response:
            assert await response.read() == b"the site's"
        long_url = {"url": "http://no.example/" + "%C3%A9" * 500}
        async with session.get(base + IMAGES, params=long_url) as response:
            assert response.status == 403
