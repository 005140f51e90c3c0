"""A real Redis or Valkey for tests: on loopback, keeping nothing."""

import socket
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from imgsvc.cache.leases import Leases
from imgsvc.settings import CacheSettings
from tests.support.tools import free_ports, require_tool, running

START_SECONDS = 60
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class RedisServer:
    """A running server."""

    port: int
    process: Any

    @property
    def url(self) -> str:
        """As IMGSVC_REDIS_URL takes it."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def settings(self) -> CacheSettings:
        """Settings that point here."""
        return CacheSettings.from_env({"IMGSVC_REDIS_URL": self.url})


@contextmanager
def redis_server(port: int | None = None) -> Iterator[RedisServer]:
    """Run a server of one's own, to be stopped at will; at a free port unless one is given."""
    program = require_tool("redis-server", "valkey-server")
    port = port or free_ports(1)[0]
    with tempfile.TemporaryDirectory(prefix="imgsvc-redis-") as name:
        folder = Path(name)
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", name]
        with running([program, *options], folder) as process:
            _until_ready(port, process, folder / "log")
            yield RedisServer(port, process)


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """One server for all tests of the run."""
    with redis_server() as server:
        yield server


@asynccontextmanager
async def replica_leases(server: RedisServer) -> AsyncIterator[Leases]:
    """Give the leases of one replica."""
    leases = Leases(server.settings)
    yield leases
    await leases.aclose()


def _until_ready(port: int, process: Any, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"Redis did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(POLL_SECONDS)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False
