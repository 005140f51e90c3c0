"""What stays: stalled readers of hits, and what a purge gives back."""

import asyncio
from urllib.parse import urlencode

from bench.load import request_bytes, stalled
from bench.memory_rig import MIB, Sampler, Service, mib, resident_bytes, scratch, service
from bench.memory_sources import media_type, mixed, noise
from tests.support.origin import ScriptedOrigin
from tests.support.service import IMAGES

READERS = 200
READ_BYTES = 4 * MIB
READ_SECONDS = 3.0
FILLING = 60
WIDTHS_PX = (320, 640, 1080)
IDLE_SECONDS = 10
TOKEN = "bench"  # noqa: S105 - of a service that lives as long as the measurement


async def measure() -> list[str]:
    """Give the lines to print."""
    return [*(await _stalled()), *(await _purged())]


async def _stalled() -> list[str]:
    with scratch() as folder:
        async with ScriptedOrigin() as origin, service(folder, origin.port) as running:
            for n in range(20):
                body = noise(READ_BYTES, n)
                origin.serve(f"/{n}", body, headers={"Content-Type": media_type(body)})
            return [await _stalled_readers(running, origin, count) for count in (1, 20)]


async def _stalled_readers(running: Service, origin: ScriptedOrigin, count: int) -> str:
    urls = [origin.url(f"/{n}") for n in range(count)]
    for _ in range(2):
        for url in urls:
            await running.get(url, f="original")
    before = await running.settled()
    hits_before = (await running.metrics())["caches"]["memory"]["hits"]
    targets = [f"{IMAGES}?{urlencode({'url': url, 'f': 'original'})}" for url in urls]
    requests = [request_bytes("127.0.0.1", targets[n % count], {}) for n in range(READERS)]
    with Sampler(running.pid) as sampler:
        async with stalled(running.port, requests) as seen:
            assert set(seen) == {b"200"}, set(seen)
            await asyncio.sleep(READ_SECONDS)
    hits = (await running.metrics())["caches"]["memory"]["hits"] - hits_before
    return (
        f"{READERS} stalled readers of {count} pictures of {READ_BYTES // MIB} MiB, {hits} of them memory hits: "
        f"+{mib(sampler.peak_bytes - before)} MiB on {mib(before)} (to reach: 48)"
    )


async def _purged() -> list[str]:
    with scratch() as folder:
        async with ScriptedOrigin() as origin:
            for n in range(FILLING):
                body = noise(READ_BYTES, n % 20)
                origin.serve(f"/{n}", body, headers={"Content-Type": media_type(body)})
            for path, body in mixed().items():
                origin.serve(path, body, headers={"Content-Type": media_type(body)})
            async with service(folder, origin.port, IMGSVC_ADMIN_TOKEN=TOKEN) as running:
                base = resident_bytes(running.pid)
                urls = await _fill(running, origin)
                full = await running.settled(0)
                held = (await running.metrics())["caches"]["memory"]
                for url in urls:
                    await _purge(running, url)
                left = (await running.metrics())["caches"]["memory"]["bytes"]
                await asyncio.sleep(IDLE_SECONDS)
                after = resident_bytes(running.pid)
    return [
        (
            f"hard purge of all {len(urls)} sources: {mib(after)} MiB after {IDLE_SECONDS} s idle, base + "
            f"{mib(after - base)} (to reach: base + 64); base {mib(base)}, full {mib(full)} with "
            f"{mib(held['bytes'])} of {mib(held['capacity_bytes'])} MiB cached; {mib(left)} MiB cached after it"
        )
    ]


async def _fill(running: Service, origin: ScriptedOrigin) -> list[str]:
    """Ask for more than the memory cache holds: transforms first, so that the rest pushes them out."""
    urls = [origin.url(path) for path in mixed()]
    for url in urls:
        for width in WIDTHS_PX:
            await running.get(url, w=str(width), f="webp")
    for n in range(FILLING):
        urls.append(origin.url(f"/{n}"))
        await running.get(urls[-1], f="original")
    return urls


async def _purge(running: Service, url: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with running.session.delete(running.base_url + IMAGES, params={"url": url}, headers=headers) as response:
        assert response.status == 200, await response.text()


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
