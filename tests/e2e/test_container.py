"""The Dockerfile: linted, and its own steps done in a fresh folder, from what the ignore file lets through."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager
from fnmatch import fnmatch
from pathlib import Path

import aiohttp
import pytest

from imgsvc.allocator import JEMALLOC_SETTINGS, Libraries, allocator_environment
from tests.support.nginx import answered
from tests.support.process import ROOT
from tests.support.service import IMAGES
from tests.support.tools import free_ports, require_tool

pytestmark = pytest.mark.early

DOCKERFILE = ROOT / "deploy" / "Dockerfile"
INSTALLED = "/opt/imgsvc"
HOME = "/var/lib/imgsvc"


def instructions(name: str, stage: int) -> list[str]:
    """Give the arguments of one kind of instruction in a stage of the Dockerfile, its lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    stages = re.split(r"^FROM .*$", text, flags=re.MULTILINE)[1:]
    return re.findall(rf"^{name} +(.+)$", stages[stage], re.MULTILINE)


def patterns() -> list[str]:
    """Give what the ignore file lets through."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[0] == "*"
    return [line[1:] for line in lines if line.startswith("!")]


def test_the_dockerfile_is_clean():
    """The linter of Dockerfiles has nothing to say but for what the file gives a reason for."""
    done = subprocess.run([require_tool("hadolint"), DOCKERFILE], capture_output=True, check=False, text=True)

    assert (done.returncode, done.stdout) == (0, "")
    assert DOCKERFILE.read_text().count("hadolint ignore") == 1


def test_the_dockerfile_copies_what_exists():
    """Each source of a COPY is in the tree, and the ignore file lets it through."""
    sources = [name for line in instructions("COPY", 0) for name in line.split()[:-1]]

    assert sources
    for name in (source.removeprefix("./") for source in sources):
        assert (ROOT / name).exists(), name
        assert any(fnmatch(name, pattern) for pattern in patterns()), name


def test_the_image_does_not_run_as_root():
    """The user is a number that is not root's, and all that is written lies in its folder."""
    assert [user.isdecimal() and int(user) > 0 for user in instructions("USER", 1)] == [True]
    assert instructions("VOLUME", 1) == instructions("WORKDIR", 1) == [HOME]
    assert environment()["IMGSVC_STORE_DIR"].startswith(f"{HOME}/")


def environment() -> dict[str, str]:
    """Give what ENV sets in the image that runs."""
    return dict(pair.split("=", 1) for line in instructions("ENV", 1) for pair in line.split())


def test_the_image_has_its_allocator_from_the_start():
    """Nothing is missing for which the interpreter would start again, and another one can still be asked for."""
    installed = Libraries(jemalloc="/usr/lib/x86_64-linux-gnu/libjemalloc.so.2", glibc=True)

    assert JEMALLOC_SETTINGS.items() <= environment().items()
    assert allocator_environment("auto", environment(), installed) is None
    assert "LD_PRELOAD" not in allocator_environment("glibc", environment(), installed)


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Iterator[Path]:
    """Do the first stage's steps below a fresh folder that stands for the root of the file system."""
    root = tmp_path_factory.mktemp("image")
    source = root / "src"
    source.mkdir()
    for pattern in patterns():
        for path in ROOT.glob(pattern):
            if path.is_dir():
                shutil.copytree(path, source / path.name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(path, source)
    (root / "opt").mkdir()
    for step in instructions("RUN", 0):
        command = re.sub(r"^--mount=\S+ +", "", step).replace(INSTALLED, f"{root}{INSTALLED}")
        done = subprocess.run(["sh", "-c", command], cwd=source, capture_output=True, check=False, env=plain(root))
        assert done.returncode == 0, done.stderr.decode()[-2000:]
    shutil.rmtree(source)  # the image that runs has none of it
    return root


def plain(root: Path) -> dict[str, str]:
    """Give the environment of a build: Python first on the path, and pip's cache where it is."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return kept | {"PATH": path, "HOME": os.environ.get("HOME", str(root))}


@asynccontextmanager
async def started(image: Path):
    """Start what ENTRYPOINT and CMD say, with what ENV says, below *image*; give its environment and URL."""
    (port,) = free_ports(1)
    home = Path(f"{image}{HOME}")
    home.mkdir(parents=True, exist_ok=True)
    env = {
        name: value.replace(INSTALLED, f"{image}{INSTALLED}").replace(HOME, str(home))
        for name, value in environment().items()
    }
    env |= {"IMGSVC_PORT": str(port), "IMGSVC_HOST": "127.0.0.1", "HOME": str(home)}
    env["PATH"] = env["PATH"].replace("$PATH", os.environ["PATH"])
    (entry,), (command,) = (re.findall(r'"([^"]+)"', instructions(name, 1)[0]) for name in ("ENTRYPOINT", "CMD"))
    program = shutil.which(entry, path=env["PATH"])
    process = await asyncio.create_subprocess_exec(
        program, command, "--demo", cwd=home, env=env, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with aiohttp.ClientSession() as session:
            await answered(session, f"http://127.0.0.1:{port}/api/health/live")
            yield env, f"http://127.0.0.1:{port}", session
        process.terminate()
        async with asyncio.timeout(60):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        process._transport.close()


async def test_what_the_dockerfile_installs_serves(image):
    """Made by the file's own steps it serves a picture, its own health check is content, and it ends when told to."""
    before = files(image / "opt")
    async with started(image) as (env, base_url, session):
        assert env["PATH"].startswith(f"{image}{INSTALLED}/bin:")
        parameters = {"url": f"{base_url}/demo/landscape.jpg", "w": "64", "f": "webp"}
        async with session.get(base_url + IMAGES, params=parameters) as response:
            assert (response.status, (await response.read())[8:12]) == (200, b"WEBP")
        asked = re.findall(r'"([^"]+)"', instructions("HEALTHCHECK", 1)[0])
        check = await asyncio.create_subprocess_exec(
            *asked, env=env, cwd=env["HOME"], stdout=asyncio.subprocess.DEVNULL
        )
        assert await check.wait() == 0

    assert files(image / "opt") == before, "something is written outside the volume"
    assert not list((image / "opt").rglob("bin/pip*"))


def files(folder: Path) -> set[Path]:
    """Give all files below *folder*."""
    return {path for path in folder.rglob("*") if path.is_file()}
