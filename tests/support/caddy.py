"""The shipped Caddyfile, run by a real Caddy on loopback, without TLS."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.process import ROOT
from tests.support.tools import free_ports, require_tool, running

CADDYFILE = ROOT / "deploy" / "Caddyfile"
START_SECONDS = 60


@asynccontextmanager
async def shipped_caddy(folder: Path, replicas: Sequence[int], site: int) -> AsyncIterator[str]:
    """
    Run Caddy with the shipped file, as it is, until the block ends; what Caddy says is in ``log``.

    Args:
        folder: Caddy's home.
        replicas: ports of the services behind it.
        site: port of the site.

    Yields:
        The URL it answers at, without a slash at its end.
    """
    listen, admin = free_ports(2)
    address = f"http://127.0.0.1:{listen}"
    servers = " ".join(f"127.0.0.1:{port}" for port in replicas)
    variables = [f"SITE_ADDRESS={address}", f"SITE_UPSTREAM=127.0.0.1:{site}", f"IMGSVC_SERVERS={servers}"]
    command = [require_tool("caddy"), "run", "--adapter", "caddyfile", "--config", CADDYFILE]
    with running(["/usr/bin/env", *variables, f"CADDY_ADMIN=127.0.0.1:{admin}", *command], folder):
        async with asyncio.timeout(START_SECONDS):
            await _listens(listen)
        yield address


async def _listens(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
