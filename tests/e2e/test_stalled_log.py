"""A program whose log nobody reads."""

import asyncio
import signal
import sys

import aiohttp

from tests.support.process import python_environment


async def test_a_log_nobody_reads_stops_nothing(tmp_path):
    """With a full pipe at standard error the service answers on, and ends in good order when told to."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "imgsvc", "serve", "--port", "0", cwd=tmp_path, env=python_environment({}), limit=1,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        first = b""
        while not first.endswith(b"\n"):
            first += await process.stdout.read(100)
        base_url = first.decode().split()[-1]
        async with aiohttp.ClientSession() as session:
            for _ in range(1500):  # some 400 KB of lines: more than a pipe and the reader's buffer hold
                async with session.get(f"{base_url}/nowhere") as response:
                    assert response.status == 404
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            # Not wait(): it would wait for the pipe's end, which comes when somebody reads it.
            while process.returncode is None:
                await asyncio.sleep(0.01)
    finally:
        if process.returncode is None:
            process.kill()
        process._transport.close()

    assert process.returncode == 0
