"""The example site of ``deploy/nextjs``: built once, and run with nginx and the service beside it."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from playwright.async_api import Browser, Page, Response

from tests.support.nginx import DEPLOY, answered, shipped_nginx
from tests.support.origin import ScriptedOrigin
from tests.support.process import ServiceProcess, service_process
from tests.support.service import environment
from tests.support.tools import free_ports, require_tool, running

SITE_HOST = "site.example"
"""What the service calls the site; ``*.test`` is the scripted origin, and allowed."""
SIGNED_HOST = "private.example"
"""The scripted origin once more, under a name that is not allowed."""
ADMIN_TOKEN = "token"
SIGNING_KEY = "key"

_NOT_COPIED = shutil.ignore_patterns("node_modules", ".next", "build")


@dataclass(frozen=True)
class BuiltSite:
    """The site as ``npm run build`` leaves it."""

    root: Path
    """What ``deploy/nextjs`` was copied to."""
    service_port: int
    """Where it forwards to, which is part of the build; nobody listens there yet."""

    @property
    def server(self) -> Path:
        return self.root / "example" / ".next" / "standalone" / "example" / "server.js"


def build_site(folder: Path) -> BuiltSite:
    """Copy, install and build the site in *folder*; without one of its programs the test is skipped."""
    npm, _ = require_tool("npm"), require_tool("node")
    site = BuiltSite(folder / "nextjs", free_ports(1)[0])
    shutil.copytree(DEPLOY / "nextjs", site.root, ignore=_NOT_COPIED)
    _add_what_the_readme_shows(site.root)
    npm_run(site, npm, "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund")
    npm_run(site, npm, "run", "build")
    return site


def _add_what_the_readme_shows(root: Path) -> None:
    """Make each piece of code in the README a file of the site: the build checks its types with all others."""
    pieces = re.findall(r"^```(tsx?)\n(.*?)^```$", (root / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert pieces
    for number, (suffix, code) in enumerate(pieces):
        (root / "example" / f"readme-{number}.{suffix}").write_text(code, "utf-8")


def npm_run(site: BuiltSite, *command: str | Path) -> str:
    """Run one command in the site's folder; give what it says, and fail with it where it fails."""
    env = os.environ | {
        "NEXT_TELEMETRY_DISABLED": "1",
        "SIDECAR_URL": f"http://127.0.0.1:{site.service_port}",
    }
    done = subprocess.run(command, cwd=site.root, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass
class Visit:
    """One reader's page, and every answer that it got."""

    page: Page
    responses: list[Response] = field(default_factory=list)

    async def open(self, url: str, **options) -> int:
        """Open a page; give its status."""
        response = await self.page.goto(url, **options)
        return response.status

    async def shown(self, alt: str) -> dict:
        """Wait until the picture with this text is there; say what the browser took, and how large it lies there."""
        await self.page.wait_for_function(_IS_SHOWN, arg=alt)
        return await self._picture(alt)

    async def missing(self, alt: str) -> dict:
        """Wait until the browser has given up on the picture with this text; likewise."""
        await self.page.wait_for_function(_IS_MISSING, arg=alt)
        return await self._picture(alt)

    async def until_source_has(self, alt: str, text: str) -> None:
        """Wait until the browser takes another source for the picture with this text."""
        await self.page.wait_for_function(_HAS_SOURCE, arg=[alt, text])

    async def answer(self, alt: str) -> Response:
        """Give the answer that the picture with this text was drawn from."""
        source = (await self.shown(alt))["source"]
        return next(r for r in self.responses if r.url == source)

    async def _picture(self, alt: str) -> dict:
        return await self.page.get_by_alt_text(alt, exact=True).evaluate(_PICTURE)


_BY_ALT = "[...document.images].find(i => i.alt === alt)"
_IS_SHOWN = f"alt => {{ const i = {_BY_ALT}; return i && i.complete && i.naturalWidth > 0 }}"
_IS_MISSING = f"alt => {{ const i = {_BY_ALT}; return i && i.complete && i.naturalWidth === 0 }}"
_HAS_SOURCE = f"([alt, text]) => {{ const i = {_BY_ALT}; return i && i.currentSrc.includes(text) }}"
_PICTURE = """i => ({
    source: i.currentSrc, natural: i.naturalWidth, width: i.clientWidth, background: i.style.backgroundImage,
    colour: getComputedStyle(i).color,
})"""


@dataclass
class RunningSite:
    """The site behind nginx, a browser, and the service that both ask."""

    base_url: str
    """nginx'."""
    site_port: int
    """Of the site's own server."""
    origin: ScriptedOrigin
    browser: Browser
    folder: Path
    service_port: int
    service: ServiceProcess | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def own_url(self) -> str:
        """The site without nginx."""
        return f"http://127.0.0.1:{self.site_port}"

    async def start_service(self) -> None:
        """Start the service at its port; again, where it was ended."""
        names = f"*.test=127.0.0.1:{self.origin.port},{SIGNED_HOST}=127.0.0.1:{self.origin.port}"
        settings = {
            "IMGSVC_CONNECT_TO": f"{names},{SITE_HOST}=127.0.0.1:{self.site_port}",
            "IMGSVC_SITE_URL": f"http://{SITE_HOST}",
            "IMGSVC_SIGNING_KEYS": SIGNING_KEY,
            "IMGSVC_ADMIN_TOKEN": ADMIN_TOKEN,
            "IMGSVC_LOGO_GOOGLE_URL": "",
            "IMGSVC_LOGO_DUCKDUCKGO_URL": "",
        }
        env = environment(self.folder, self.origin.port, **settings)
        self.service = await self._stack.enter_async_context(
            service_process(self.folder, "--port", str(self.service_port), **env)
        )

    async def forget(self, url: str) -> None:
        """Have the service remove a picture and all that was made of it."""
        async with aiohttp.ClientSession() as session:
            target = f"http://127.0.0.1:{self.service_port}/api/cache/images"
            headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
            async with session.delete(target, params={"url": url}, headers=headers) as response:
                assert response.status == 200

    def empty_proxy(self) -> None:
        """Have nginx forget what it has kept."""
        for kept in (self.folder / "cache").iterdir():
            shutil.rmtree(kept)

    async def until_page_has(self, path: str, text: str) -> None:
        """Ask for a page until this is in it."""
        async with aiohttp.ClientSession() as session, asyncio.timeout(60):
            while True:
                async with session.get(self.own_url + path) as response:
                    if text in await response.text():
                        return
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def visit(self, width: int = 1000, height: int = 900, **options) -> AsyncIterator[Visit]:
        """Have a new reader come, *width* × *height* CSS px; a redirect or a script's fault fails the test."""
        context = await self.browser.new_context(viewport={"width": width, "height": height}, **options)
        visit = Visit(await context.new_page())
        faults: list[str] = []
        visit.page.on("pageerror", lambda error: faults.append(str(error)))
        visit.page.on("response", lambda response: visit.responses.append(response))  # noqa: PLW0108 - it wants a function
        try:
            yield visit
        finally:
            await context.close()
        assert [r.url for r in visit.responses if 300 <= r.status < 400] == []
        assert faults == []


@asynccontextmanager
async def running_site(built: BuiltSite, browser: Browser, folder: Path, **env: str) -> AsyncIterator[RunningSite]:
    """Run origin, service, site and nginx until the block ends; *env* is the site's."""
    (site_port,) = free_ports(1)
    shutil.rmtree(built.server.parent / ".next" / "cache", ignore_errors=True)
    async with ScriptedOrigin() as origin, AsyncExitStack() as stack:
        site = RunningSite("", site_port, origin, browser, folder, built.service_port, _stack=stack)
        await site.start_service()
        (folder / "site").mkdir()
        command = ["env", *(f"{name}={value}" for name, value in _site_environment(built, site_port, env).items())]
        stack.enter_context(running([*command, require_tool("node"), built.server], folder / "site"))
        async with aiohttp.ClientSession() as session:
            await answered(session, site.own_url)
        site.base_url = await stack.enter_async_context(shipped_nginx(folder, [built.service_port], site=site_port))
        yield site


def _site_environment(built: BuiltSite, port: int, env: Mapping[str, str]) -> dict[str, str]:
    return {
        "PORT": str(port),
        "HOSTNAME": "127.0.0.1",
        "SIDECAR_URL": f"http://127.0.0.1:{built.service_port}",
        "IMGSVC_SIGNING_KEYS": SIGNING_KEY,
        **env,
    }
