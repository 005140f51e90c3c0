"""What a start loads, and that nobody who comes at once finds anything missing."""

import asyncio
import signal
import sys

import aiohttp
import pytest

from tests.support.origin import ScriptedOrigin
from tests.support.pictures import png
from tests.support.process import ROOT, listening, python_environment, service_process
from tests.support.service import IMAGES
from tests.support.tls import make_certificate, server_context

NOT_AT_START = (
    "aiobotocore", "aiocache", "botocore", "click", "http_sf", "imgsvc.logos.companies", "imgsvc.opengraph",
    "imgsvc.pages", "imgsvc.services.logos", "imgsvc.services.opengraph", "imgsvc.store.s3", "imgsvc.transform.cards",
    "imgsvc.vision", "imgsvc.web.handlers.logos", "imgsvc.web.logos", "imgsvc.web.openapi", "imgsvc.web.opengraph",
    "imgsvc.web.prometheus", "lxml", "opentelemetry", "prometheus_client", "psutil", "publicsuffixlist", "pydantic",
    "redis", "rich",
)  # fmt: skip
"""Loaded by whoever needs them first, or behind the start."""

FIRST = (
    ("/", 200), ("/console/main.js", 200), ("/metrics", 200), ("/api/health", 200), ("/api/health/metrics", 200),
    ("/openapi.json", 200), ("/docs", 200), ("/api/og-image?title=Hello", 200), ("/api/logo?website=nobody.test", 200),
    ("/api/logo/invert?url={demo}logo.svg&theme=dark", 200), ("/api/og-image?url={demo}landscape.jpg&f=png", 200),
    (IMAGES + "?url={demo}landscape.jpg&w=64", 200), (IMAGES + "?url={demo}logo.svg&w=64", 200),
)  # fmt: skip
"""A first request of each kind."""

NO_SOURCES = {"IMGSVC_LOGO_PROVIDERS": "", "IMGSVC_CONNECT_TO": "*.test=127.0.0.1:1"}
"""Nothing is asked outside this machine."""


HOOK = """
import os, sys

def note(event, _arguments):
    if event == "socket.bind":
        with open(os.environ["MODULES"], "w") as file:
            file.write(" ".join(sys.modules))

sys.addaudithook(note)
"""
"""Writes down what is loaded when the socket is bound, which is the last that a start does."""


INTERRUPTED = """
import os, signal, sys

def note(event, arguments):
    if event == "import" and arguments[0] == "MODULE":
        os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(note)
"""
"""Has Ctrl-C come while a module is loaded."""


async def loaded_at_start(folder) -> set[str]:
    """Give the modules that a service has imported when it begins to listen."""
    (folder / "sitecustomize.py").write_text(HOOK)
    path, modules = f"{folder}:{ROOT}", folder / "modules"
    async with service_process(folder, PYTHONPATH=path, MODULES=str(modules)) as service:
        names = set(modules.read_text().split())
        assert await service.end() == 0
    return names


async def test_what_is_not_loaded_at_start(tmp_path):
    """Neither clients of what is not configured, nor what only logos, pages, cards and documents need."""
    names = await loaded_at_start(tmp_path)

    assert {"imgsvc.app.composition", "imgsvc.services.images", "pyvips", "aiohttp.web"} <= names
    assert not {name for name in names if name.startswith(tuple(f"{unwanted}." for unwanted in NOT_AT_START))}
    assert not names & set(NOT_AT_START)


async def first_requests(service, session) -> list[int]:
    """Send one request of each kind, all at once; give the statuses."""

    async def ask(path: str) -> int:
        target = service.base_url + path.replace("{demo}", f"{service.base_url}/demo/")
        async with session.get(target) as response:
            await response.read()
            return response.status

    return await asyncio.gather(*(ask(path) for path, _ in FIRST))


async def test_first_requests_all_at_once(tmp_path):
    """Whatever is asked first, together and as soon as the service listens, is answered as it is later."""
    async with service_process(tmp_path, "--demo", **NO_SOURCES) as service, aiohttp.ClientSession() as session:
        at_once = await first_requests(service, session)
        later = await first_requests(service, session)
        code = await service.end()

    assert at_once == later == [status for _, status in FIRST]
    assert code == 0


@pytest.mark.parametrize("module", ["imgsvc.origin.trust", "imgsvc.app.composition", "imgsvc.web.routes"])
async def test_ctrl_c_while_it_loads(tmp_path, module):
    """Ctrl-C in the middle of the start ends it at once and without a word."""
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTED.replace("MODULE", module))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "imgsvc", "serve", "--port", "0", cwd=tmp_path,
        env=python_environment({"PYTHONPATH": f"{tmp_path}:{ROOT}"}),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()

    assert (process.returncode, out, err) == (130, b"", b"")


@pytest.mark.parametrize("asks", [False, True])
async def test_an_end_before_all_is_loaded(tmp_path, asks):
    """A service that ends as soon as it listens, or with the first logo asked for, ends in good order."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "imgsvc", "serve", "--port", "0", cwd=tmp_path,
        env=python_environment(NO_SOURCES), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with listening(process) as service:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        if asks:
            writer.write(b"GET /api/logo?website=nobody.test HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = asyncio.create_task(reader.read())
            async with aiohttp.ClientSession() as session, session.get(f"{service.base_url}/api/health/live"):
                pass  # so the request before has arrived
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            _, err = await process.communicate()
            begin = (await answer)[:15] if asks else b""
        writer.close()

    assert process.returncode == 0
    assert begin == (b"HTTP/1.1 200 OK" if asks else b"")
    assert b"Traceback" not in err


async def test_a_table_of_companies_is_read_before_the_service_is_ready(tmp_path):
    """What may be wrong in a setting of what is loaded behind the start still keeps the service from starting."""
    (tmp_path / "companies.txt").write_text("no table\n")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "imgsvc", "serve", "--port", "0", cwd=tmp_path,
        env=python_environment({"IMGSVC_LOGO_COMPANIES": "companies.txt"}),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(30):
        out, err = await process.communicate()

    assert (process.returncode, out) == (2, b"")
    assert b"IMGSVC_LOGO_COMPANIES" in err


async def test_the_first_source_over_https(tmp_path):
    """Certificates are read behind the start; whoever asks before has his source checked against them all the same."""
    certificate, key = make_certificate(tmp_path, "DNS:origin.test")
    async with ScriptedOrigin(tls=server_context(certificate, key)) as origin:
        origin.serve("/a.png", png())
        env = {"IMGSVC_ALLOWED_HOSTS": "origin.test", "IMGSVC_CONNECT_TO": f"origin.test=127.0.0.1:{origin.port}"}
        # First the one that trusts nobody: the other leaves the picture in the store.
        for trusted, status in (({}, 502), ({"SSL_CERT_FILE": str(certificate)}, 200)):
            async with service_process(tmp_path, **env, **trusted) as service, aiohttp.ClientSession() as session:
                parameters = {"url": origin.url("/a.png", host="origin.test"), "w": "8"}
                async with session.get(service.base_url + IMAGES, params=parameters) as response:
                    assert response.status == status
                assert await service.end() == 0
