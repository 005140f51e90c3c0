"""Every example of the page about the command line does what it is said to do."""

import asyncio
import os
import re
import signal

import pytest

from tests.support.logos import HTML, PNG, mark
from tests.support.origin import ScriptedOrigin
from tests.support.process import ROOT, python_environment, service_process
from tests.support.service import environment
from tests.support.tls import make_certificate, server_context
from tests.support.tools import require_tool

TOKEN = {"IMGSVC_ADMIN_TOKEN": "example-token"}


ASK_A_SERVICE = ("health", "purge")


def examples() -> dict[str, list[str]]:
    """Give all lines of the page's code, by the command of the heading before them."""
    parts = re.split(r"^## `imgsvc (.*)`$", (ROOT / "docs" / "commands.md").read_text(), flags=re.MULTILINE)
    texts = {"": parts[0]} | dict(zip(parts[1::2], parts[2::2], strict=True))
    blocks = {name: re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) for name, text in texts.items()}
    return {name: "".join(found).splitlines() for name, found in blocks.items()}


EXAMPLES = examples()


@pytest.fixture
async def origin(tmp_path):
    """A site that speaks TLS: a page, its logo, a picture."""
    names = ("DNS:example.com", "DNS:*.example.com")
    async with ScriptedOrigin(tls=server_context(*make_certificate(tmp_path, *names))) as server:
        page = b'<title>Example</title><link rel="apple-touch-icon" href="/icon.png">'
        for path in ("/", "/about"):
            server.serve(path, page, headers=HTML)
        server.serve("/icon.png", mark(180), headers=PNG)
        server.serve("/photo.jpg", mark(700), headers=PNG | {"Cache-Control": "max-age=9999"})
        yield server


@pytest.fixture
def settings(tmp_path, origin):
    """Settings under which the examples' hosts, and whatever else ends in .com, are that site; it is trusted."""
    (tmp_path / "pages.txt").write_text("example.com\nhttps://www.example.com/photo.jpg\n")
    return environment(
        tmp_path, origin.port,
        IMGSVC_CONNECT_TO=f"*.com=127.0.0.1:{origin.port}",
        IMGSVC_ALLOWED_HOSTS="*.example.com", IMGSVC_SIGNING_KEYS="example-key", IMGSVC_LOGO_PROVIDERS="",
        SSL_CERT_FILE=str(tmp_path / "cert.pem"),
    )  # fmt: skip


async def start(folder, line: str, env) -> asyncio.subprocess.Process:
    """Run a line in a shell that knows ``imgsvc``."""
    path = f"{require_tool('imgsvc').parent}{os.pathsep}{os.environ['PATH']}"
    return await asyncio.create_subprocess_exec(
        require_tool("bash"), "-c", f"exec {line}" if line.startswith("imgsvc") else line,
        cwd=folder, env=python_environment(env) | {"PATH": path},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def finished(folder, line: str, env) -> tuple[str, int | None, str]:
    process = await start(folder, line, env)
    async with asyncio.timeout(60):
        _, err = await process.communicate()
    return line, process.returncode, err.decode()


async def finish_all(folder, command: str, env) -> None:
    """Run a command's examples one after another; each ends with 0, and the files it names are there."""
    for line in EXAMPLES[command]:
        process = await start(folder, line, env)
        async with asyncio.timeout(60):
            _, err = await process.communicate()
        assert process.returncode == 0, (line, err.decode())
        for name in re.findall(r"-o (\w\S+)", line):
            assert (folder / name).stat().st_size, line


@pytest.mark.parametrize("command", sorted(EXAMPLES.keys() - {"serve", *ASK_A_SERVICE}))
async def test_those_that_need_nobody(tmp_path, settings, command):
    """All but three commands work without a running service."""
    assert EXAMPLES[command]
    await finish_all(tmp_path, command, settings)


@pytest.mark.parametrize("command", ASK_A_SERVICE)
async def test_those_that_ask_a_running_service(tmp_path, settings, command):
    """With a service where the settings say they do what they are for."""
    assert EXAMPLES[command]
    async with service_process(tmp_path, **settings, **TOKEN) as service:
        env = settings | TOKEN | {"IMGSVC_PORT": service.base_url.rpartition(":")[2]}
        await finish_all(tmp_path, command, env)


async def test_those_that_serve(tmp_path, settings):
    """Each says where it listens, and ends with 0 when it is told to."""
    assert EXAMPLES["serve"]
    for line in EXAMPLES["serve"]:
        process = await start(tmp_path, line, settings | {"IMGSVC_PORT": "0"})
        async with asyncio.timeout(60):
            said = (await process.stdout.readline()).decode()
            process.send_signal(signal.SIGTERM)
            await process.communicate()
        assert re.match(r"imgsvc \S+ listening on http://", said), line
        assert process.returncode == 0, line
