"""Requests from a process of its own: the server has one core and its clients another; see :mod:`bench.pumping`."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tests.support.process import ROOT, python_environment


@dataclass(frozen=True)
class Pumped:
    """What came of it: answers in all, answers a second, and the median and the 99th percentile of their seconds."""

    rate: float
    p50_seconds: float
    p99_seconds: float
    answers: int


async def pump(
    port: int,
    requests: bytes | Sequence[bytes],
    connections: int,
    *,
    seconds: float | None = None,
    count: int | None = None,
    status: int = 200,
    opened: bool = False,
) -> Pumped:
    """
    Ask on *connections* kept-alive connections to loopback, the next request on each when the answer has come.

    Args:
        port: where the server listens.
        requests: one whole GET or HEAD request without a body, or several that are sent in turn.
        connections: how many at once.
        seconds: how long; the requests under way are answered first.
        count: how many requests in all, in place of *seconds*.
        status: what every answer has to have.
        opened: whether to ask once on each connection before all that is counted, so that what a new connection costs
            its server plays no part in the figures.

    Returns:
        The figures, counted by the process that asked.

    Raises:
        RuntimeError: with what it said; an answer had another status, was not whole, or did not come.
    """
    if (seconds is None) == (count is None):
        raise ValueError("either seconds or count")
    several = [requests] if isinstance(requests, bytes) else requests
    wish = {
        "port": port, "requests": [r.decode("latin-1") for r in several], "connections": connections,
        "seconds": seconds, "count": count, "status": status, "opened": opened,
    }  # fmt: skip
    return Pumped(**json.loads(await _said(json.dumps(wish).encode())))


async def _said(wish: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-S", "-m", "bench.pumping", cwd=ROOT, env=python_environment({}),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        said, complaint = await process.communicate(wish)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(complaint.decode().strip().rpartition("\n")[2])
    return said
