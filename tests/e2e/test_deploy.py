"""What ``deploy/`` ships works: a real nginx with the shipped file, and a Dockerfile whose sources exist."""

import re
from fnmatch import fnmatch

import aiohttp

from tests.support.nginx import shipped_nginx
from tests.support.origin import ScriptedOrigin
from tests.support.process import ROOT, service_process
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


def test_the_dockerfile_copies_what_exists():
    """Each source of a COPY is in the tree, and the ignore file lets it through."""
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]

    sources = [
        name for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE) for name in line.split()[:-1]
    ]
    assert sources
    for name in (s.removeprefix("./") for s in sources):
        assert (ROOT / name).exists(), name
        assert any(fnmatch(name, pattern) for pattern in allowed), name


def test_the_dockerfile_does_not_run_as_root():
    """The image's user is not root, and its health check asks the health route."""
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()

    assert re.search(r"^USER (?!root|0)", dockerfile, re.MULTILINE)
    assert "/api/health" in dockerfile
