"""Ordinary traffic at a fixed rate, with and without 64 dripping origins beside it; A B A B."""

import asyncio
import itertools
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.memory_drips import COUNT
from bench.memory_rig import Service, percentile, scratch, service
from bench.memory_sources import media_type, noise, photo
from tests.support.origin import ScriptedOrigin
from tests.support.process import ROOT, python_environment

ROUNDS = 6
SECONDS = 7.0
A_SECOND = 60
COLD_EVERY = 4
"""One request in so many is a transform nobody asked for before, of a source nobody asked for before."""

SETTLE_SECONDS = 1.5
AIM = 1.5


class Helper:
    """The process in which it drips."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.port = port

    async def tell(self, command: str) -> None:
        """Have a command done."""
        self._process.stdin.write(f"{command}\n".encode())
        assert (await self._process.stdout.readline()).strip() == b"done"


@asynccontextmanager
async def helper(folder: Path) -> AsyncIterator[Helper]:
    """Run it until the block ends."""
    await asyncio.to_thread((folder / "body").write_bytes, noise(20_000_000))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.memory_drips", str(folder / "body"), cwd=ROOT, env=python_environment({}),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Helper(process, int(await process.stdout.readline()))
    finally:
        process.kill()
        await process.wait()
        process._transport.close()


async def traffic(running: Service, origin: ScriptedOrigin, numbers: "itertools.count[int]") -> float:
    """Give the p99, in seconds, over some seconds of a fixed rate; a late request counts from when it was due."""
    took: list[float] = []

    async def one(due: float) -> None:
        n = next(numbers)
        name = f"/cold-{n}" if n % COLD_EVERY == 0 else f"/hot-{n % 8}"
        await running.get(origin.url(name, f"h{n % 8}.test"), w="240", f="webp")
        took.append(time.perf_counter() - due)

    began, tasks = time.perf_counter(), []
    for n in range(int(SECONDS * A_SECOND)):
        due = began + n / A_SECOND
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(due)))
    await asyncio.gather(*tasks)
    return percentile(took, 99)


async def measure() -> list[str]:
    """Give the lines to print."""
    small = photo(0.3).jpegsave_buffer(Q=85)
    numbers = itertools.count()
    with scratch() as folder:
        async with ScriptedOrigin() as origin, helper(folder) as drips:
            for n in range(int(A_SECOND * SECONDS) * (2 * ROUNDS + 2)):
                origin.serve(f"/cold-{n}", small, headers={"Content-Type": media_type(small)})
            for n in range(8):
                origin.serve(f"/hot-{n}", small, headers={"Content-Type": media_type(small)})
            dripping = [f"*.round{n + 1}.test=127.0.0.1:{drips.port}" for n in range(ROUNDS)]
            targets = ",".join([*dripping, f"*.test=127.0.0.1:{origin.port}"])
            async with service(folder, origin.port, IMGSVC_CONNECT_TO=targets) as running:
                await traffic(running, origin, numbers)
                rounds = [await _round(running, origin, drips, numbers) for _ in range(ROUNDS)]
    ratio = statistics.median(beside / alone for alone, beside in rounds)
    alone, beside = (statistics.median(r[n] for r in rounds) * 1000 for n in range(2))
    each = ", ".join(f"{b / a:.2f}" for a, b in rounds)
    return [
        (
            f"{A_SECOND} requests a second, one in {COLD_EVERY} cold: p99 {alone:.1f} ms, beside {COUNT} dripping "
            f"origins {beside:.1f} ms, ratio {ratio:.2f} (to reach: {AIM}); rounds {each}"
        ),
    ]


async def _round(
    running: Service, origin: ScriptedOrigin, drips: Helper, numbers: "itertools.count[int]"
) -> tuple[float, float]:
    alone = await traffic(running, origin, numbers)
    await drips.tell(f"ask {running.port}")
    await asyncio.sleep(SETTLE_SECONDS)
    beside = await traffic(running, origin, numbers)
    under_way = (await running.metrics())["queue"]["downloads"]["running"]
    assert under_way == COUNT, under_way
    await drips.tell("leave")
    await asyncio.sleep(SETTLE_SECONDS)
    return alone, beside


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
