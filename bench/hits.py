"""Memory hits a second, against a bare aiohttp handler with the same bytes; A B C A B C, medians of the ratios."""

import asyncio
import json
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from bench.load import rate, request_bytes
from tests.support.process import ROOT, python_environment, service_process
from tests.support.service import IMAGES

ROUNDS = 25
SECONDS = 0.5
CONNECTIONS = 8
HEADERS = {"Accept": "image/avif,image/webp,*/*;q=0.8", "User-Agent": "bench", "Accept-Encoding": "gzip"}
# What the server adds by itself, or what belongs to one answer only.
OWN = {"date", "content-length", "server"}


@asynccontextmanager
async def bare_process(folder: Path, mode: str):
    """Run ``bench.bare``; gives its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare", str(folder), mode, cwd=ROOT, env=python_environment({}),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield int((await process.stdout.readline()).decode().rpartition(":")[2])
    finally:
        process.kill()
        await process.wait()
        process._transport.close()


async def measure() -> list[str]:
    """Give the lines to print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            service = await stack.enter_async_context(service_process(folder, "--demo"))
            port = int(service.base_url.rpartition(":")[2])
            query = urlencode({"url": f"{service.base_url}/demo/landscape.jpg", "w": 640})
            target = f"{IMAGES}?{query}"
            async with aiohttp.ClientSession() as session:
                for _ in range(2):
                    async with session.get(service.base_url + target, headers=HEADERS) as response:
                        body = await response.read()
                        headers = [(k, v) for k, v in response.headers.items() if k.lower() not in OWN]
                        assert response.status == 200
            (folder / "body").write_bytes(body)
            (folder / "headers.json").write_text(json.dumps(headers))
            ports = [
                port,
                await stack.enter_async_context(bare_process(folder, "headers")),
                await stack.enter_async_context(bare_process(folder, "bytes")),
            ]
            request = request_bytes("127.0.0.1", target, HEADERS)
            rounds = [
                [await rate(p, request, seconds=SECONDS, connections=CONNECTIONS) for p in ports] for _ in range(ROUNDS)
            ]
    ours, same, plain = (statistics.median(r[n] for r in rounds) for n in range(3))
    to_same = statistics.median(r[0] / r[1] for r in rounds)
    to_plain = statistics.median(r[0] / r[2] for r in rounds)
    return [
        f"memory hit of {len(body)} bytes: {ours:.0f}/s",
        f"  bare handler, same headers and log: {same:.0f}/s; bytes alone, no log: {plain:.0f}/s",
        f"  ratio to the same headers and log {to_same:.2f} (to reach: 0.80); to bytes alone {to_plain:.2f}",
    ]


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
