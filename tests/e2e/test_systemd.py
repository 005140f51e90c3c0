"""The units in ``deploy/systemd``: systemd understands them, and the service works within what they allow."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from imgsvc.settings import MIB, Settings
from tests.support.process import ROOT
from tests.support.sandbox import sandboxed
from tests.support.service import IMAGES
from tests.support.supervisor import supervised_service
from tests.support.tools import require_tool

FOLDER = ROOT / "deploy" / "systemd"
UNIT = FOLDER / "imgsvc.service"
EXPOSURE_TENTHS = 15
"""What ``systemd-analyze security`` may find at most, of 100: the files are at 14. It calls all below 20 "OK"."""


def directives(unit: Path) -> dict[str, str]:
    """What a unit says; of what is said twice, the last."""
    return dict(re.findall(r"^([A-Za-z]+)=(.*)$", unit.read_text(), re.MULTILINE))


@pytest.fixture
def installed(tmp_path) -> Path:
    """The shipped units in a folder, with this environment's own ``imgsvc`` as the installed one."""
    program = str(require_tool("imgsvc"))
    for file in FOLDER.iterdir():
        if file.suffix in {".service", ".socket", ".conf"}:
            (tmp_path / file.name).write_text(file.read_text().replace("/opt/imgsvc/bin/imgsvc", program))
    return tmp_path


def analyze(*arguments: str | Path) -> str:
    """Run ``systemd-analyze``; give what it says, once it is content."""
    command = [require_tool("systemd-analyze"), *arguments]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


def test_systemd_understands_the_units(installed):
    """Every line of the service, of its drop-in and of the socket is known, and says something that makes sense."""
    drop_in = installed / "imgsvc.service.d"
    drop_in.mkdir()
    (installed / "no-private-networks.conf").rename(drop_in / "no-private-networks.conf")

    said = analyze(
        "verify", "--man=no", "--recursive-errors=no", installed / "imgsvc.service", installed / "imgsvc.socket"
    )

    assert said == ""


def test_the_service_is_shut_in(installed):
    """Its exposure, as systemd counts it, stays where it is."""
    analyze("security", "--offline=true", f"--threshold={EXPOSURE_TENTHS}", "--no-pager", installed / "imgsvc.service")


def test_memory_and_time_suit_the_service():
    """The limit leaves the default budget as it is, and systemd waits longer for the end than the service takes."""
    said, settings = directives(UNIT), Settings.from_env({})
    longest_seconds = settings.server.drain_delay_seconds + settings.server.shutdown_timeout_seconds

    assert int(said["MemoryMax"].removesuffix("M")) * MIB * 0.8 >= settings.memory.budget_bytes
    assert int(said["MemoryHigh"].removesuffix("M")) * MIB >= settings.memory.budget_bytes * 1.2
    assert float(said["TimeoutStopSec"]) >= longest_seconds + 10


def test_the_socket_is_where_the_settings_say():
    """Commands that ask the running service find it without being told."""
    server = Settings.from_env({}).server

    assert directives(FOLDER / "imgsvc.socket")["ListenStream"] == f"{server.host}:{server.port}"


@pytest.mark.parametrize(
    "forbidden", ["import mmap; mmap.mmap(-1, 4096, prot=7)", "import os; os.chroot('/')", "import os; os.setuid(0)"]
)
def test_the_sandbox_of_the_next_test_holds(forbidden):
    """What the unit forbids fails in it: a page that is written and executed, and calls of the mighty."""
    command = sandboxed(UNIT, [sys.executable, "-c", forbidden])
    done = subprocess.run(command, capture_output=True, check=False, text=True)

    assert "PermissionError: [Errno 1]" in done.stderr


async def test_it_works_within_what_the_unit_allows(tmp_path):
    """With the unit's system calls only, and no page both written and executed, all that is decoded and made works."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        async with (
            supervised_service(tmp_path, held, "--demo", unit=UNIT) as service,
            aiohttp.ClientSession(service.base_url) as session,
        ):
            for name in ("landscape.jpg", "logo.svg"):
                for made in ("avif", "webp", "png", "jpg", "gif"):
                    query = {"url": f"{service.base_url}/demo/{name}", "w": "64", "f": made}
                    async with session.get(IMAGES, params=query) as response:
                        assert (name, made, response.status) == (name, made, 200)
            async with session.get(
                "/api/og-image", params={"url": "http://nowhere.example/", "title": "A"}
            ) as response:
                assert (response.status, response.headers["X-Image-Width"]) == (200, "1200")
            status = Path(f"/proc/{service.process.pid}/status").read_text()
            assert re.search(r"^Seccomp:\t2$", status, re.MULTILINE)
            assert await service.end() == 0
