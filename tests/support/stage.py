"""
Where the documents' examples are tried: a folder, a service that runs in it, and an internet for both.

The internet is ``example.com`` and all below it, over https by a certificate of the tests' own; what else ends in a
common suffix leads there too and answers nothing, so that no example reaches beyond this machine.
"""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from tests.support.logos import HTML, PNG, SVG, mark, mark_svg
from tests.support.markdown import CONSOLE, MAKE_RUN, ROOT, Example, program_of
from tests.support.origin import ScriptedOrigin
from tests.support.pictures import jpeg, quarters
from tests.support.process import python_environment, service_process
from tests.support.tls import make_certificate, server_context
from tests.support.tools import free_ports, require_tool

TOKEN = "change-me"
"""The admin token that the documents show, and the signing key as well."""

SECONDS = 120
"""How long one block may take."""

WARM_LIST = "# what visitors see first\nexample.com\nhttps://www.example.com/photo.jpg\n"

PAGE = b"""<!doctype html><html lang="en"><title>A page</title><meta property="og:site_name" content="Example">
<link rel="apple-touch-icon" sizes="180x180" href="/icon.png"><link rel="icon" href="/icon.svg">
<meta property="og:image" content="https://www.example.com/photo.jpg"><p>Words.</p></html>"""

_PORT = re.compile(r"(?<=127\.0\.0\.1:)8080|(?<=localhost:)8080|(?<=--port )8080|(?<=IMGSVC_PORT=)8080")
_SERVES = re.compile(r"(?:imgsvc(?: serve\b.*)?|make .*\brun)\s*$")
_MARK = "end-of-a-command"


@dataclass(frozen=True, slots=True)
class Stage:
    """
    A place to try examples in.

    Attributes:
        folder: working directory of all commands.
        port: where the service listens.
        env: settings of the service and of all commands.
    """

    folder: Path
    port: int
    env: Mapping[str, str]

    async def run(self, example: Example) -> None:
        """Run a block of commands; each has to end as the block says, and to print what the block shows."""
        port = free_ports(1)[0] if any(map(serves, example.commands())) else self.port
        text = "\n".join(command_line(command, port) for command in example.commands())
        code, printed = await self._bash(f"set -eu -o pipefail\n{text}\n", port)
        assert code == example.exit_code, printed
        if example.language == CONSOLE:
            assert_printed(example, [part.strip("\n") for part in printed.split(_MARK)], port)

    async def ask(self, example: Example) -> None:
        """Send a request; its answer has to have the head that the block shows, or else ``200``."""
        head, *bodies = _PORT.sub(str(self.port), example.text).strip("\n").split("\n\n")
        shown = bodies.pop() if bodies and bodies[-1].startswith("HTTP/") else ""
        method, target, *_ = head.split()
        url = URL(f"http://127.0.0.1:{self.port}{target}", encoded=True)
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                method, url, headers=fields(head), data="\n\n".join(bodies) or None, allow_redirects=False
            ) as response,
        ):
            assert response.status == (int(shown.split()[1]) if shown else 200), await response.text()
            for name, value in fields(shown).items():
                assert re.fullmatch(pattern(value), f"{response.headers.get(name, '')}\n"), (name, response.headers)

    async def get(self, target: str) -> tuple[int, str]:
        """Ask for a path; give status and media type."""
        url = URL(f"http://127.0.0.1:{self.port}{target}", encoded=True)
        async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as response:
            await response.read()
            return response.status, response.content_type

    async def json(self, path: str) -> dict[str, Any]:
        """Ask for a document."""
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}{path}") as response:
            return await response.json()

    async def _bash(self, script: str, port: int) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            require_tool("bash"), "-c", script, cwd=self.folder, env={**self.env, "IMGSVC_PORT": str(port)},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(SECONDS):
                printed, _ = await process.communicate()
        finally:
            with suppress(ProcessLookupError):  # nothing of it may be left
                os.killpg(process.pid, signal.SIGKILL)
        return process.returncode, printed.decode()


def serves(command: str) -> bool:
    """Whether a command goes on until it is stopped, so that a reader types the next one elsewhere."""
    return _SERVES.search(command) is not None


def command_line(command: str, port: int) -> str:
    """Write one command so that it runs here; the file that a server writes to is not the block's output."""
    line = _PORT.sub(str(port), command)
    line = line.replace(".venv/bin/python", sys.executable).replace(".venv/bin/imgsvc", "imgsvc")
    if program_of(command) == "make":
        line = make_line(line)
    if not serves(command):
        return f"{line}\necho {_MARK}"
    asked = f"curl -fs -o /dev/null http://127.0.0.1:{port}/api/health"
    return (
        f"{line} >served.log 2>&1 &\nserver=$!\n"
        f"until {asked}; do kill -0 $server || {{ cat served.log; exit 70; }}; sleep 0.05; done\n"
        f"trap 'kill $server; wait $server || true' EXIT\necho {_MARK}"
    )


def make_line(line: str) -> str:
    """Have ``make`` work in the project's root; what takes minutes, or calls this very test, only has to exist."""
    targets = line.split("#", maxsplit=1)[0].split()[1:]
    dry = "" if set(targets) <= MAKE_RUN else " -n"
    ready = f"-o {sys.prefix}/.run-ready"  # what runs the tests has all packages
    return f"make -s{dry} {ready} -C {ROOT} VENV={sys.prefix} {' '.join(targets)}" + (" >/dev/null" if dry else "")


def assert_printed(example: Example, printed: list[str], port: int) -> None:
    """Hold what commands have printed against what a console block shows."""
    expected: list[list[str]] = []
    for line in _PORT.sub(str(port), example.text).replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            expected.append([])
        else:
            expected[-1].append(line)
    assert len(printed) >= len(expected), printed
    for lines, text in zip(expected, printed, strict=False):  # behind the last mark comes nothing
        wanted = "\n".join(lines).strip("\n")
        assert re.fullmatch(pattern(wanted), f"{text}\n"), f"shown:\n{wanted}\nprinted:\n{text}"


def pattern(shown: str) -> str:
    """Make a pattern of what is shown: ``…`` is anything within a line, and alone on a line any lines, or none."""
    lines = [
        r"(?:.*\n)*" if line.strip() == "…" else re.escape(line.rstrip()).replace("…", ".*") + r" *\n"
        for line in shown.split("\n")
    ]
    return "".join(lines)


def fields(head: str) -> dict[str, str]:
    """Read the header fields below a first line."""
    return {name.strip(): value.strip() for name, _, value in (x.partition(":") for x in head.strip().split("\n")[1:])}


@asynccontextmanager
async def stage(folder: Path, **env: str) -> AsyncIterator[Stage]:
    """Set up a place to try examples in *folder*, with further settings; the documents' commands use curl."""
    require_tool("curl")
    certificate, key = make_certificate(folder, "DNS:example.com", "DNS:*.example.com")
    (folder / "pages.txt").write_text(WARM_LIST)
    async with ScriptedOrigin(tls=server_context(certificate, key)) as origin:
        script(origin)
        settings = {
            "SSL_CERT_FILE": str(certificate),
            "IMGSVC_ADMIN_TOKEN": TOKEN,
            "IMGSVC_ALLOWED_HOSTS": "example.com,*.example.com",
            "IMGSVC_SIGNING_KEYS": TOKEN,
            "IMGSVC_SITE_URL": "https://www.example.com",
            "IMGSVC_CONNECT_TO": origin.connect_to("example.com", "*.com", "*.org", "*.net", "*.dev", "*.io"),
            "IMGSVC_LOGO_GOOGLE_URL": "",
            "IMGSVC_LOGO_DUCKDUCKGO_URL": "",
        } | env
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        async with service_process(folder, "--demo", **settings) as service:
            port = URL(service.base_url).port
            yield Stage(folder, port, python_environment(settings) | {"PATH": path, "HOME": str(folder)})


def script(origin: ScriptedOrigin) -> None:
    """Put on the internet what the documents' examples name."""
    photo = jpeg(quarters(1200, 800))
    for path in ("/photo.jpg", "/photo.png", "/images/photo.jpg", "/hero.jpg"):
        origin.serve(path, photo)
    origin.serve("/logo.png", mark(256), headers=PNG)
    origin.serve("/icon.png", mark(180), headers=PNG)
    origin.serve("/icon.svg", mark_svg(), headers=SVG)
    origin.serve("/drawing.svg", mark_svg(), headers=SVG)
    for path in ("/", "/about", "/page"):
        origin.serve(path, PAGE, headers=HTML)
