"""Cold pictures worth three times the budget, all at once, with stalled readers and hits beside them."""

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlencode

from bench.load import request_bytes, stalled
from bench.memory_rig import (
    BUDGET_BYTES,
    MIB,
    Sampler,
    Service,
    mib,
    percentile,
    scratch,
    service,
)
from bench.memory_sources import Picture, costly, media_type, noise
from tests.support.origin import ScriptedOrigin
from tests.support.service import IMAGES

WORTH = 4.5
"""Estimates of the burst, all together, in budgets; predictions are careful, so that three are really taken."""

HOSTS = 4
READERS = 200
READ_BYTES = 4 * MIB
FILLING = 48
"""Pictures read before, more than the memory cache holds; the readers are given the last of them."""

READ_FROM = 20
HIT_SECONDS = 0.05
OK_SECONDS = 30
PROBLEM_JSON = "application/problem+json"


@dataclass(slots=True)
class Outcome:
    """What came of one burst."""

    base_bytes: int = 0
    peak_bytes: int = 0
    sampled_bytes: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    hits: Counter[int] = field(default_factory=Counter)
    malformed: list[str] = field(default_factory=list)
    served_seconds: list[float] = field(default_factory=list)
    ok_seconds: float | None = None
    alive: bool = False
    gate_peak_bytes: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    entered: list[str] = field(default_factory=list)


def composed() -> list[Picture]:
    """Give the burst's pictures, in turn, until their estimates are worth enough."""
    chosen: list[Picture] = []
    for picture in itertools.cycle(costly()):
        if sum(p.estimate_bytes for p in chosen) >= WORTH * BUDGET_BYTES:
            return chosen
        chosen.append(picture)
    raise AssertionError


async def burst(program: str, **env: str) -> Outcome:
    """Run one burst in a fresh process."""
    pictures, outcome = composed(), Outcome()
    with scratch() as folder:
        async with ScriptedOrigin() as origin:
            for n, picture in enumerate(pictures):
                origin.serve(f"/{n}", picture.data, headers={"Content-Type": picture.media_type})
            for n in range(FILLING):
                body = noise(READ_BYTES, n % READ_FROM)
                origin.serve(f"/hit-{n}", body, headers={"Content-Type": media_type(body)})
            async with service(folder, origin.port, program=program, **env) as running:
                for n in range(FILLING):
                    await running.get(origin.url(f"/hit-{n}"), f="original")
                outcome.base_bytes = await running.settled()
                requests = [_hit_request(origin, n % READ_FROM) for n in range(READERS)]
                with Sampler(running.pid) as sampler:
                    async with stalled(running.port, requests) as seen:
                        assert set(seen) == {b"200"}, set(seen)
                        await _all_at_once(running, origin, pictures, outcome)
                    outcome.ok_seconds = await _until_ok(running)
                outcome.peak_bytes, outcome.sampled_bytes = sampler.peak_bytes, sampler.sampled_bytes
                outcome.alive = running.process.returncode is None
                if outcome.alive:
                    await _take_figures(running, outcome)
    return outcome


def _hit_url(origin: ScriptedOrigin, n: int) -> str:
    return origin.url(f"/hit-{FILLING - 1 - n}")


def _hit_request(origin: ScriptedOrigin, n: int) -> bytes:
    query = urlencode({"url": _hit_url(origin, n), "f": "original"})
    return request_bytes("127.0.0.1", f"{IMAGES}?{query}", {})


async def _all_at_once(running: Service, origin: ScriptedOrigin, pictures: list[Picture], outcome: Outcome) -> None:
    async def ask(n: int, picture: Picture) -> None:
        url, began = origin.url(f"/{n}", f"h{n % HOSTS}.test"), time.perf_counter()
        parameters = {"url": url, "w": str(picture.width), "f": "webp"}
        try:
            async with running.session.get(running.base_url + IMAGES, params=parameters) as response:
                await response.read()
        except OSError:
            outcome.statuses[0] += 1
            return
        outcome.statuses[response.status] += 1
        if response.status == 200:
            outcome.served_seconds.append(time.perf_counter() - began)
        elif response.content_type != PROBLEM_JSON or not {"Retry-After", "X-System-Status"} <= response.headers.keys():
            outcome.malformed.append(f"{response.status} {dict(response.headers)}")

    hits = asyncio.create_task(_keep_hitting(running, origin, outcome))
    await asyncio.gather(*(ask(n, picture) for n, picture in enumerate(pictures)))
    hits.cancel()
    await asyncio.gather(hits, return_exceptions=True)


async def _keep_hitting(running: Service, origin: ScriptedOrigin, outcome: Outcome) -> None:
    """Ask for the end of what is in memory or stored, every 50 ms."""
    parameters, headers = {"url": _hit_url(origin, 0), "f": "original"}, {"Range": "bytes=-1000"}
    while True:
        async with running.session.get(running.base_url + IMAGES, params=parameters, headers=headers) as response:
            await response.read()
            outcome.hits[response.status] += 1
        await asyncio.sleep(HIT_SECONDS)


async def _until_ok(running: Service) -> float | None:
    began = time.perf_counter()
    while (seconds := time.perf_counter() - began) < 2 * OK_SECONDS and running.process.returncode is None:
        if (await running.metrics())["memory"]["state"] == "OK":
            return seconds
        await asyncio.sleep(0.1)
    return None


async def _take_figures(running: Service, outcome: Outcome) -> None:
    figures = await running.metrics()
    outcome.gate_peak_bytes = figures["queue"]["gate"]["peak_bytes"]
    outcome.refused = {reason: count for reason, count in figures["refusals"].items() if count}
    outcome.entered = sorted({past["level"] for past in figures["samples"]})


def lines_of(name: str, outcome: Outcome, *, aim: bool) -> list[str]:
    """Write down one burst; with its aims, where there are any."""
    peak = outcome.peak_bytes / BUDGET_BYTES
    others = {status: n for status, n in outcome.statuses.items() if status not in (200, 503)}
    back = "never" if outcome.ok_seconds is None else f"{outcome.ok_seconds:.1f} s"
    served = outcome.served_seconds
    return [
        (
            f"{name}: at most {mib(outcome.peak_bytes)} MiB, {peak:.2f} × B{' (to reach: 1.10)' if aim else ''}; "
            f"{mib(outcome.sampled_bytes)} by samples, {mib(outcome.base_bytes)} before"
        ),
        (
            f"  answers: {outcome.statuses[200]} × 200, {outcome.statuses[503]} × 503, others {others or 'none'}"
            f"{' (to reach: no other 5xx)' if aim else ''}; refusals {outcome.refused or 'none'}, "
            f"not well-formed {len(outcome.malformed)}{' (to reach: 0)' if aim else ''}"
        ),
        (
            f"  hits beside it: {dict(outcome.hits)}; levels seen: {', '.join(outcome.entered)}; "
            f"admitted together: estimates of {mib(outcome.gate_peak_bytes)} MiB"
        ),
        (
            f"  served: p50 {percentile(served, 50):.2f} s, p99 {percentile(served, 99):.2f} s; OK again after {back}"
            f"{' (to reach: 30 s)' if aim else ''}; {'alive' if outcome.alive else 'KILLED'}"
        ),
        *outcome.malformed[:3],
    ]


async def measure() -> list[str]:
    """Give the lines to print."""
    pictures = composed()
    # With so many threads on few cores each transform takes long; none shall end for that.
    many = {"IMGSVC_TRANSFORM_THREADS": str(len(pictures)), "IMGSVC_TRANSFORM_TIMEOUT": "60"}
    worth = sum(p.estimate_bytes for p in pictures) / BUDGET_BYTES
    kinds = Counter(p.name for p in pictures)
    lines = [
        (
            f"burst of {len(pictures)} cold pictures worth {worth:.2f} × B at once, B = {mib(BUDGET_BYTES)} MiB, "
            f"beside {READERS} stalled readers of {mib(READ_BYTES)} MiB, the memory cache full"
        ),
        f"  of {', '.join(f'{n} × {name}' for name, n in kinds.items())}",
    ]
    for name, program, env, aim in (
        ("burst, as it is", "imgsvc", {}, True),
        ("burst, as many threads as pictures", "imgsvc", many, True),
        ("burst, gate off", "bench.ungated", {}, False),
        ("burst, gate off, as many threads as pictures", "bench.ungated", many, False),
    ):
        lines += lines_of(name, await burst(program, **env), aim=aim)
    return lines


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
