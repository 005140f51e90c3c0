"""What a reading of the monitor costs, and that hits are served while the state is CRITICAL."""

import asyncio
import statistics
import subprocess
import sys
import time

from bench.memory_rig import MIB, Service, percentile, scratch, service
from bench.memory_sources import media_type, noise, photo
from imgsvc.pressure.monitor import MemoryMonitor
from imgsvc.pressure.resident import resident_reader
from imgsvc.settings import MemorySettings
from tests.support.origin import ScriptedOrigin
from tests.support.service import IMAGES

SAMPLES = 5000
READ_BYTES = 4 * MIB
FILLING = 44
HOT = 3
WARNING_ABOVE_BYTES, CRITICAL_ABOVE_BYTES = 12 * MIB, 16 * MIB
"""Above a process whose cache is full; a decode of some 100 MiB lifts it over both at once."""

TRY_SECONDS = 10.0


async def measure() -> list[str]:
    """Give the lines to print."""
    return [await asyncio.to_thread(_sampling), *(await _critical())]


def _sampling() -> str:
    """Time readings of this process and one worker, in this process, which is larger than a service."""
    settings = MemorySettings.from_env({"IMAGE_RAM_BUDGET_BYTES": str(64 << 30)})
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as worker:
        monitor = MemoryMonitor(settings, resident_reader(lambda: (worker.pid,)))
        took = []
        for _ in range(SAMPLES):
            began = time.perf_counter()
            monitor.sample()
            took.append((time.perf_counter() - began) * 1000)
        worker.communicate(b"\n")
    return (
        f"one sample of the monitor, worker included: {statistics.median(took):.3f} ms, "
        f"p99 {percentile(took, 99):.3f} ms (to reach: 0.2)"
    )


async def _critical() -> list[str]:
    with scratch() as folder:
        async with ScriptedOrigin() as origin:
            for n in range(FILLING):
                body = noise(READ_BYTES, n % 20)
                origin.serve(f"/{n}", body, headers={"Content-Type": media_type(body)})
            spike = await asyncio.to_thread(photo(20).jpegsave_buffer, Q=70, interlace=True, subsample_mode="off")
            origin.serve("/spike", spike)
            origin.serve("/cold", spike)
            async with service(folder, origin.port) as running:
                await _fill(running, origin)
                full = await running.settled()
            env = {
                "MEMORY_WARNING_THRESHOLD": str(full + WARNING_ABOVE_BYTES),
                "MEMORY_CRITICAL_THRESHOLD": str(full + CRITICAL_ABOVE_BYTES),
            }
            async with service(folder, origin.port, **env) as running:
                await _fill(running, origin)
                memory = await _hit_in_a_spike(running, origin)
            env = {"MEMORY_WARNING_THRESHOLD": str(16 * MIB), "MEMORY_CRITICAL_THRESHOLD": str(32 * MIB)}
            async with service(folder, origin.port, **env) as running:
                stored = await _hits_of_a_born_critical(running, origin)
    return [memory, *stored]


async def _fill(running: Service, origin: ScriptedOrigin) -> None:
    """Fill the memory cache; what is read last stays longest."""
    for n in range(FILLING):
        await running.get(origin.url(f"/{n}"), f="original")


async def _hit_in_a_spike(running: Service, origin: ScriptedOrigin) -> str:
    """Decode something large, and ask for hits until one is answered in CRITICAL."""
    spike = asyncio.create_task(running.get(origin.url("/spike"), w="640", f="webp"))
    seen, until = set(), time.perf_counter() + TRY_SECONDS
    while time.perf_counter() < until and "MEMORY_CRITICAL" not in {status for _, status, _ in seen}:
        await running.metrics()  # which takes a reading where a hit makes do with one of a second ago
        seen.add(await _ask(running, origin, f"/{FILLING - 1 - len(seen) % HOT}"))
        await asyncio.sleep(0.02)
    await spike
    critical = sorted((code, source) for code, status, source in seen if status == "MEMORY_CRITICAL")
    return f"hit in memory while CRITICAL: {_listed(critical)} (to reach: 200)"


async def _hits_of_a_born_critical(running: Service, origin: ScriptedOrigin) -> list[str]:
    """Ask a process that is larger than its threshold from the start, with a full store."""
    async with running.session.get(f"{running.base_url}/api/health") as response:
        health = response.status
    whole = [await _ask(running, origin, f"/{n}") for n in range(3)]
    part = await _ask(running, origin, "/0", headers={"Range": "bytes=100-199"})
    head = await _ask(running, origin, "/0", method="HEAD")
    cold = await _ask(running, origin, "/cold", w="640", f="webp")
    return [
        (
            f"stored while CRITICAL: {_listed([(c, s) for c, _, s in whole])} (to reach: 200), "
            f"a range {part[0]}, HEAD {head[0]}; state {whole[0][1]}; "
            f"what is cold {cold[0]} (to reach: 503), health {health} (to reach: 503)"
        )
    ]


async def _ask(
    running: Service, origin: ScriptedOrigin, path: str, *, method: str = "GET", headers=None, **parameters: str
) -> tuple[int, str, str]:
    """Give status, system status and the tier that answered."""
    asked = {"url": origin.url(path)} | (parameters or {"f": "original"})
    async with running.session.request(method, running.base_url + IMAGES, params=asked, headers=headers) as response:
        await response.read()
        return response.status, response.headers["X-System-Status"], response.headers.get("X-Source", "none")


def _listed(answers: list[tuple[int, str]]) -> str:
    return ", ".join(f"{code} from {source}" for code, source in answers) or "none was seen"


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
