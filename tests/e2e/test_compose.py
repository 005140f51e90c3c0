"""The parts of compose.yaml put together without containers: its commands and settings, other addresses and ports."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import yaml

from tests.support.nginx import DEPLOY, shipped_nginx
from tests.support.process import run, service_process
from tests.support.service import IMAGES
from tests.support.tools import free_ports, require_tool, running

SERVICES = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
KEYS = {"S3_ACCESS_KEY_ID": "imgsvc", "S3_SECRET_ACCESS_KEY": "a-long-random-text"}


async def test_the_parts_work_together(tmp_path):
    """Store and cache start as compose.yaml says, the bucket is made, and three replicas answer behind nginx."""
    ports = free_ports(9)
    with ExitStack() as stack:
        folders = [tmp_path / name for name in ("store", "cache", "one", "two", "three")]
        for folder in folders:
            folder.mkdir()
        stack.enter_context(running(seaweedfs(folders[0], ports[:8]), folders[0], **seaweedfs_environment()))
        stack.enter_context(running(valkey(ports[8]), folders[1]))
        env = SERVICES["imgsvc-1"]["environment"] | KEYS
        env |= {
            "S3_ENDPOINT_URL": f"http://127.0.0.1:{ports[6]}",
            "IMGSVC_REDIS_URL": f"redis://127.0.0.1:{ports[8]}/0",
            "IMGSVC_SPOOL_DIR": "spool",
        }
        async with aiohttp.ClientSession() as session:
            await until_healthy(session, f"{env['S3_ENDPOINT_URL']}/healthz")
            code, out, err = await run(tmp_path, *SERVICES["store-init"]["command"], **env)
            assert (code, err) == (0, ""), out
            await answers_of_three(folders[2:], session, env)
            async with session.get(f"{env['S3_ENDPOINT_URL']}/imgsvc") as without_keys:
                assert without_keys.status == 403


async def until_healthy(session: aiohttp.ClientSession, url: str) -> None:
    """Wait as the health check of the store does."""
    async with asyncio.timeout(60):
        while True:
            try:
                async with session.get(url) as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientError:
                pass  # nobody listens yet
            await asyncio.sleep(0.05)


async def answers_of_three(folders: list[Path], session: aiohttp.ClientSession, env: dict[str, str]) -> None:
    """Have three replicas each make a picture of its own, and nginx answer for all of them."""
    async with (
        service_process(folders[0], "--demo", **env) as one,
        service_process(folders[1], "--demo", **env) as two,
        service_process(folders[2], "--demo", **env) as three,
        shipped_nginx(folders[0], [one.port, two.port, three.port]) as base_url,
    ):
        for service in (one, two, three):
            parameters = {"url": f"{service.base_url}/demo/landscape.jpg", "w": "64"}
            async with session.get(service.base_url + IMAGES, params=parameters) as answer:
                assert answer.status == 200, await answer.text()
            async with session.get(f"{service.base_url}/api/health") as health:
                assert (await health.json())["reasons"] == []
        async with session.get(f"{base_url}/api/health") as health:
            assert health.status == 200


def seaweedfs(folder: Path, ports: list[int]) -> list[str]:
    """Give the command of compose.yaml with addresses of loopback and free ports, its data in *folder*."""
    (folder / "data").mkdir()
    moved = {"-dir": folder / "data", "-ip": "127.0.0.1", "-ip.bind": "127.0.0.1"}
    names = (f"{name}.port{kind}" for name in ("master", "volume", "filer", "s3") for kind in ("", ".grpc"))
    others = [f"-{name}={port}" for name, port in zip(names, ports, strict=True)]
    given = [argument.partition("=") for argument in SERVICES["seaweedfs"]["command"]]
    kept = [f"{name}{equals}{moved.get(name, value)}" for name, equals, value in given]
    # Two more doors, and two sockets, that would be in the way of another server on this machine.
    sockets = [f"-{name}.localSocket={folder / name}.sock" for name in ("filer", "s3")]
    return [str(require_tool("weed")), *kept, *others, *sockets, "-s3.port.iceberg=0", "-s3.port.lance=0"]


def seaweedfs_environment() -> dict[str, str]:
    """Give the keys under the names that compose.yaml gives them."""
    named = SERVICES["seaweedfs"]["environment"].items()
    return {name: KEYS[text.removeprefix("${").partition(":")[0]] for name, text in named}


def valkey(port: int) -> list[str]:
    """Give the command of compose.yaml, done by whichever of the two is here, at a free port of loopback."""
    program = require_tool("valkey-server", "redis-server")
    return [str(program), *SERVICES["valkey"]["command"][1:], "--port", str(port), "--bind", "127.0.0.1"]
