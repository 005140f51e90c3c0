"""What ``deploy/`` ships works: a real nginx with the shipped file, and a Dockerfile whose sources exist."""

import asyncio
import re
import subprocess
from fnmatch import fnmatch

import aiohttp

from tests.support.process import ROOT, service_process
from tests.support.service import IMAGES
from tests.support.tools import free_ports, require_tool, running

CONF = (ROOT / "deploy" / "nginx.conf").read_text()


def shipped_conf(listen: int, upstream: int, folder) -> str:
    """The shipped file with other ports and its files in *folder*; nothing else is changed."""
    conf = CONF.replace("listen 8088;", f"listen 127.0.0.1:{listen};")
    conf = conf.replace("server 127.0.0.1:8080 ", f"server 127.0.0.1:{upstream} ")
    paths = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"pid {folder}/pid;\ndaemon off;\nerror_log stderr;\n" + conf.replace("http {", f"http {{\n{paths}", 1)


async def answered(session: aiohttp.ClientSession, url: str) -> None:
    """Wait until something answers at *url*."""
    async with asyncio.timeout(20):
        while True:
            try:
                async with session.get(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)


async def test_behind_nginx(tmp_path):
    """Pictures, conditions, ranges and health come through the shipped nginx.conf as they are."""
    nginx = require_tool("nginx", "/usr/sbin/nginx")
    (listen,) = free_ports(1)
    async with service_process(tmp_path, "--demo") as service, aiohttp.ClientSession() as session:
        conf = tmp_path / "nginx.conf"
        conf.write_text(shipped_conf(listen, int(service.base_url.rpartition(":")[2]), tmp_path))
        checked = subprocess.run([nginx, "-t", "-c", conf], capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr.decode()
        with running([nginx, "-c", conf], tmp_path):
            base = f"http://127.0.0.1:{listen}"
            await answered(session, f"{base}/api/health/live")
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
                assert response.status == 404
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
