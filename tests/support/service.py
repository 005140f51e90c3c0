"""The whole service in this process, on a real socket, in front of the scripted origin."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import aiohttp
from aiohttp import web
from yarl import URL

from imgsvc.app import Opened, open_services
from imgsvc.services.health import Phase
from imgsvc.settings import Settings
from imgsvc.web.line_writer import LineWriter
from imgsvc.web.logs import AccessLog, KnownAnswer
from imgsvc.web.routes import make_application
from imgsvc.web.server import make_runner

IMAGES = "/api/cache/images"

PATIENCE = {
    "IMGSVC_CONNECT_TIMEOUT": "100",
    "IMGSVC_READ_TIMEOUT": "100",
    "IMGSVC_FETCH_TIMEOUT": "150",
    "IMGSVC_TRANSFORM_TIMEOUT": "100",
    "IMGSVC_COALESCE_TIMEOUT": "150",
    "IMGSVC_SEND_TIMEOUT": "100",
    "IMGSVC_DRAIN_DEADLINE": "150",
    "IMGSVC_LOGO_DEADLINE": "100",
    "IMGSVC_AVIF_BUDGET": "100",
}
"""
Time-outs longer than a test waits for anything: a machine with other work may stand still for seconds, and what should
end at once is not to be ended by them instead. What a test wants to run out it sets itself.
"""


@dataclass(frozen=True)
class Answer:
    """What a client saw."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def max_age(self) -> int:
        return int(self.headers["Cache-Control"].partition("max-age=")[2].partition(",")[0])


class Lines:
    """Collects the access log's lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        self.lines.append(line)

    def put(self, answer: KnownAnswer) -> None:
        self.lines += AccessLog.known_lines([answer])


@dataclass
class RunningService:
    """A service that answers; *opened* is what lies behind it."""

    base_url: str
    port: int
    opened: Opened
    session: aiohttp.ClientSession
    log: Lines | LineWriter

    async def request(self, method: str, path: str, headers=None, **parameters) -> Answer:
        query = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
        return await self.raw(method, path + query, headers)

    async def raw(self, method: str, target: str, headers=None) -> Answer:
        url = URL(self.base_url + target, encoded=True)
        async with self.session.request(method, url, headers=headers, allow_redirects=False) as response:
            return Answer(response.status, response.headers, await response.read())

    async def image(self, url: str, headers=None, **parameters) -> Answer:
        return await self.request("GET", IMAGES, headers, url=url, **parameters)

    def idle(self) -> bool:
        """Whether nothing is in flight or waiting to be stored."""
        return is_idle(self.opened)

    async def settled(self) -> None:
        """Wait until nothing is in flight or waiting to be stored."""
        await settled(self.opened)


def is_idle(opened: Opened) -> bool:
    """Whether nothing is in flight or waiting to be stored."""
    owners = opened.owners
    behind = sum(owners[name].statistics().running for name in ("revalidations", "tagging", "upgrades"))
    late = [owners[name] for name in ("logo_keeper", "pages") if name in owners]  # which come behind the start
    behind += sum(owner.statistics().refreshing for owner in late)
    return not (behind or owners["flights"].statistics().in_flight or owners["persister"].statistics().waiting)


async def settled(opened: Opened) -> None:
    """Wait until nothing is in flight or waiting to be stored."""
    async with asyncio.timeout(60):
        while not is_idle(opened):
            await asyncio.sleep(0.005)


def environment(tmp_path: Path, origin_port: int, **env: str) -> dict[str, str]:
    """Give settings under which ``*.test`` is the scripted origin and allowed."""
    return (
        PATIENCE
        | {
            "IMGSVC_STORE_DIR": str(tmp_path / "store"),
            "IMGSVC_ALLOWED_HOSTS": "*.test",
            "IMGSVC_CONNECT_TO": f"*.test=127.0.0.1:{origin_port}",
            "IMGSVC_SHUTDOWN_TIMEOUT": "5",
            # The process that runs the tests holds far more than a service does; its size is no news about ours.
            "IMAGE_RAM_BUDGET_BYTES": str(8 << 30),
        }
        | env
    )


@asynccontextmanager
async def running_service(
    tmp_path: Path, origin_port: int, *, demo: bool = False, log: Lines | LineWriter | None = None, **env: str
) -> AsyncIterator[RunningService]:
    """Run the service until the block ends, then make sure that nothing is left in flight; *log* stays the caller's."""
    settings = Settings.from_env(environment(tmp_path, origin_port, **env))
    log = Lines() if log is None else log
    async with open_services(settings, demo=demo) as opened, aiohttp.ClientSession(auto_decompress=False) as session:
        runner = make_runner(
            make_application(opened.services), shutdown_timeout_seconds=5, access_log=log, access_log_class=AccessLog
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            port = runner.addresses[0][1]
            opened.guard.listening("127.0.0.1", port)
            opened.services.health.phase = Phase.READY
            await opened.services.annexe.get()
            service = RunningService(f"http://127.0.0.1:{port}", port, opened, session, log)
            yield service
            await service.settled()
        finally:
            await runner.cleanup()
    gc.collect()
