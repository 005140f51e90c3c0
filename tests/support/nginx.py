"""The shipped nginx configuration, run by a real nginx on loopback."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from yarl import URL

from tests.support.origin import ScriptedOrigin
from tests.support.process import ROOT
from tests.support.service import Answer
from tests.support.tools import free_ports, require_tool, running

DEPLOY = ROOT / "deploy"
CACHE_FOLDER = "/var/cache/nginx-imgsvc"
KEPT = "proxy_cache_valid 200 302 60s;"
START_SECONDS = 20

_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def shipped_conf(
    folder: Path, listen: int, replicas: Sequence[int], *, site: int = 9, kept_seconds: int | None = None
) -> Path:
    """
    Write the shipped files into *folder*, with other ports and their files there; nothing else is changed.

    Args:
        folder: gets ``nginx.conf`` and ``upstream.conf``.
        listen: port of nginx.
        replicas: ports of the services behind it.
        site: port of the site; by default nobody is there.
        kept_seconds: for how long answers are kept, where a minute is too long for a test.

    Returns:
        The file to start nginx with.
    """
    conf = (DEPLOY / "nginx.conf").read_text()
    conf = _replaced(conf, "listen 8088;", f"listen 127.0.0.1:{listen};")
    conf = _replaced(conf, CACHE_FOLDER, f"{folder}/cache")
    if kept_seconds is not None:
        conf = _replaced(conf, KEPT, KEPT.replace("60", str(kept_seconds)))
    conf = _replaced(conf, "http {", f"http {{\n{temporary_paths(folder)}")
    upstream = (DEPLOY / "upstream.conf").read_text()
    servers = "".join(f"server 127.0.0.1:{port} max_fails=0;\n" for port in replicas)
    upstream = _replaced(upstream, "server 127.0.0.1:8080 max_fails=0;\n", servers)
    upstream = _replaced(upstream, "server 127.0.0.1:3000;", f"server 127.0.0.1:{site};")
    (folder / "upstream.conf").write_text(upstream)
    path = folder / "nginx.conf"
    path.write_text(in_folder(folder) + conf)
    return path


def in_folder(folder: Path) -> str:
    """Give the first lines of a configuration that keeps to *folder*, and to the process that is started."""
    # Started by root, its workers are nobody, for whom a test's folder is closed.
    user = "user root;\n" if os.getuid() == 0 else ""
    return f"{user}pid {folder}/pid;\ndaemon off;\nerror_log stderr;\n"


def temporary_paths(folder: Path) -> str:
    """Give the lines of its ``http`` block that do so."""
    return "".join(f"{name}_temp_path {folder}/{name};\n" for name in _TEMPORARY)


@asynccontextmanager
async def shipped_nginx(
    folder: Path, replicas: Sequence[int], *, site: int = 9, kept_seconds: int | None = None
) -> AsyncIterator[str]:
    """
    Run the shipped configuration, see :func:`shipped_conf`, until the block ends; what nginx says is in ``log``.

    Yields:
        The URL it answers at, without a slash at its end.
    """
    nginx = require_tool("nginx", "/usr/sbin/nginx")
    (listen,) = free_ports(1)
    conf = shipped_conf(folder, listen, replicas, site=site, kept_seconds=kept_seconds)
    checked = subprocess.run([nginx, "-t", "-c", conf], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr.decode()
    with running([nginx, "-c", conf], folder):
        base_url = f"http://127.0.0.1:{listen}"
        async with aiohttp.ClientSession() as session:
            await answered(session, f"{base_url}/api/health/live")
        yield base_url


@dataclass(frozen=True)
class Front:
    """nginx before servers that do what a test tells them to."""

    base_url: str
    session: aiohttp.ClientSession
    replicas: list[ScriptedOrigin]
    site: ScriptedOrigin

    @property
    def replica(self) -> ScriptedOrigin:
        """The only, or the first, server behind it."""
        return self.replicas[0]

    async def ask(self, target: str, method: str = "GET", **headers: str) -> Answer:
        """Ask for path and query as they are; an underscore in a header's name is a hyphen."""
        asked = {name.replace("_", "-"): value for name, value in headers.items()}
        url = URL(self.base_url + target, encoded=True)
        async with self.session.request(method, url, headers=asked, allow_redirects=False) as response:
            return Answer(response.status, response.headers, await response.read())

    def hits(self, path: str) -> int:
        """Count what has come for a path to all replicas together."""
        return sum(replica.hits(path) for replica in self.replicas)


@asynccontextmanager
async def scripted_front(folder: Path, count: int = 1, *, kept_seconds: int | None = None) -> AsyncIterator[Front]:
    """Run the shipped configuration before *count* scripted replicas and a scripted site."""
    async with AsyncExitStack() as stack:
        site, *replicas = [await stack.enter_async_context(ScriptedOrigin()) for _ in range(count + 1)]
        ports = [replica.port for replica in replicas]
        base_url = await stack.enter_async_context(
            shipped_nginx(folder, ports, site=site.port, kept_seconds=kept_seconds)
        )
        session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        yield Front(base_url, session, replicas, site)


async def answered(session: aiohttp.ClientSession, url: str) -> None:
    """Wait until something answers at *url*, be it with an error."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            try:
                async with session.get(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.02)


def _replaced(text: str, old: str, new: str) -> str:
    """Replace what must be there exactly once."""
    assert text.count(old) == 1, old
    return text.replace(old, new)
