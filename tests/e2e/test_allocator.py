"""The second start of ``serve``, as the system sees it."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from imgsvc.allocator import GLIBC_SETTINGS, JEMALLOC_SETTINGS, RESTARTED, find_libraries
from tests.support.process import python_environment, run, service_process
from tests.support.service import IMAGES
from tests.support.tools import require_tool

LIBRARIES = find_libraries()

pytestmark = pytest.mark.skipif(not LIBRARIES.glibc, reason="allocators are chosen on Linux with glibc only")


def variables(pid: int) -> dict[str, str]:
    """Read the environment that the program in process *pid* was started with."""
    pairs = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


def require_jemalloc() -> str:
    """Find jemalloc; without it the test is skipped, or fails where CI says it must be there."""
    if LIBRARIES.jemalloc:
        return LIBRARIES.jemalloc
    message = "libjemalloc.so.2 is not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


async def said(folder: Path, *command: str | Path, **env: str) -> tuple[int, str]:
    """Start a service, stop it as soon as it listens; give exit code and log."""
    process = await asyncio.create_subprocess_exec(
        *command, "serve", "--port", "0", cwd=folder, env=python_environment(env),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        await process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
    return process.returncode, err.decode()


async def test_jemalloc_is_loaded(tmp_path):
    """By default jemalloc is in the process that was started, and pictures are made with it."""
    library = require_jemalloc()
    async with service_process(tmp_path, "--demo") as service, aiohttp.ClientSession() as session:
        parameters = {"url": f"{service.base_url}/demo/landscape.jpg", "w": "320", "f": "avif"}
        async with session.get(service.base_url + IMAGES, params=parameters) as response:
            assert response.status == 200
        pid = service.process.pid
        environ = variables(pid)
        assert environ["LD_PRELOAD"] == library
        assert environ["MALLOC_CONF"] == JEMALLOC_SETTINGS["MALLOC_CONF"]
        assert environ[RESTARTED] == str(pid)
        assert str(Path(library).resolve()) in Path(f"/proc/{pid}/maps").read_text()
        assert await service.end() == 0


async def test_glibc_is_set_without_a_second_start(tmp_path):
    """``glibc`` leaves the process what it was given; what the process itself starts gets the variables."""
    async with service_process(tmp_path, IMGSVC_ALLOCATOR="glibc", MALLOC_ARENA_MAX="7") as service:
        environ = variables(service.process.pid)
        assert "jemalloc" not in Path(f"/proc/{service.process.pid}/maps").read_text()
        assert await service.end() == 0

    assert environ == python_environment({"IMGSVC_ALLOCATOR": "glibc", "MALLOC_ARENA_MAX": "7"})


async def test_jemalloc_is_taken_out_by_a_second_start(tmp_path):
    """What is loaded already cannot be left otherwise; the settings of the other are in its environment then."""
    preloaded = require_jemalloc()
    async with service_process(tmp_path, IMGSVC_ALLOCATOR="glibc", LD_PRELOAD=preloaded) as service:
        environ = variables(service.process.pid)
        assert "jemalloc" not in Path(f"/proc/{service.process.pid}/maps").read_text()

    assert environ[RESTARTED] == str(service.process.pid)
    assert {name: environ[name] for name in GLIBC_SETTINGS} == GLIBC_SETTINGS


async def test_the_users_own_jemalloc_settings_stay(tmp_path):
    """What MALLOC_CONF says already is not added to."""
    require_jemalloc()
    async with service_process(tmp_path, MALLOC_CONF="narenas:1") as service:
        environ = variables(service.process.pid)

    assert environ["MALLOC_CONF"] == "narenas:1"
    assert "libjemalloc" in environ["LD_PRELOAD"]


async def test_system_starts_once(tmp_path):
    """``system`` leaves the environment as it was given."""
    async with service_process(tmp_path, IMGSVC_ALLOCATOR="system") as service:
        environ = variables(service.process.pid)

    assert environ == python_environment({"IMGSVC_ALLOCATOR": "system"})


@pytest.mark.parametrize(("choice", "name"), [("glibc", "glibc, tuned"), ("system", "system")])
async def test_the_log_says_what_is_in_force(tmp_path, choice, name):
    """One line at the start names the allocator."""
    code, log = await said(tmp_path, sys.executable, "-m", "imgsvc", IMGSVC_ALLOCATOR=choice)

    assert code == 0
    assert log.count(f'"memory: {name}"') == 1


async def test_the_installed_command_starts_again_too(tmp_path):
    """``imgsvc`` is as good as ``python -m imgsvc``; what is warned about is said once."""
    code, log = await said(tmp_path, require_tool("imgsvc"), IMGSVC_ALLOCATOR="glibc", IMGSVC_PROT="1")

    assert code == 0
    assert '"memory: glibc, tuned"' in log
    assert log.count("IMGSVC_PROT is not a setting") == 1


async def test_a_choice_that_makes_no_sense(tmp_path):
    """It is told like every other fault."""
    code, _, err = await run(tmp_path, "serve", IMGSVC_ALLOCATOR="best", IMGSVC_PORT="high")

    assert code == 2
    assert {line.split(":")[1].strip() for line in err.splitlines()} == {"IMGSVC_ALLOCATOR", "IMGSVC_PORT"}
