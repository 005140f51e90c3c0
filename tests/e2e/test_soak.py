"""Many requests of every kind: whatever they held is given back. ``make bench-growth`` asks a million."""

from bench.growth_soak import MEMORY, PATIENCE, slope_mb, soak, swing
from bench.memory_rig import service
from tests.support.origin import ScriptedOrigin

COUNT, STEPS, WARM = 20_000, 10, 4
MOST_MB = 100
"""Far above what caches still take while they fill, far below a leak of 1 KB a request."""


async def test_a_soak_gives_everything_back(tmp_path):
    """After 20,000 requests, hits, misses, faults and clients that leave, the process holds what it held before."""
    async with ScriptedOrigin() as origin, service(tmp_path, origin.port, **MEMORY, **PATIENCE) as running:
        samples = await soak(running, origin, count=COUNT, steps=STEPS)
        requests = (await running.metrics())["requests"]["/api/cache/images"]

    warm = samples[WARM:]
    assert {"200", "304", "400", "403", "404"} <= requests.keys()
    assert swing(warm, "descriptors") <= 5
    assert swing(warm, "tasks") <= 3
    assert swing(warm, "threads") <= 5
    assert slope_mb(warm) <= MOST_MB
