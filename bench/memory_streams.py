"""Large pictures passed through: what they hold, that every byte is right, and when the first one arrives."""

import asyncio
import hashlib
import statistics
from contextlib import AsyncExitStack
from urllib.parse import urlencode

from bench.load import first_byte_seconds, read_slowly, request_bytes
from bench.memory_rig import MIB, Sampler, Service, mib, s3_server, scratch, service, weed
from bench.memory_sources import noise
from tests.support.origin import ScriptedOrigin
from tests.support.service import IMAGES

PIECE_BYTES = 256 * 1024
CLIENTS = 20
STREAM_BYTES = 40_000_000
BYTES_PER_SECOND = 2 * MIB
LONE_BYTES = (10_000_000, 20_000_000, 45_000_000)
LONE_ROUNDS = 3
WARM_BYTES = 6_000_000
FIRST_BYTE_ROUNDS = 15
CLOSE = {"Connection": "close"}


def serve(origin: ScriptedOrigin, path: str, body: bytes) -> None:
    """Have *body* sent piece by piece, as fast as it is taken: written whole, the origin would copy it."""
    headers = {"Content-Type": "image/png", "Content-Length": str(len(body))}

    async def behave(exchange) -> None:
        await exchange.head(headers=headers)
        for start in range(0, len(body), PIECE_BYTES):
            await exchange.send(body[start : start + PIECE_BYTES])

    origin.script(path, behave)


def request_for(url: str) -> bytes:
    """Write the request for a picture as it is."""
    return request_bytes("127.0.0.1", f"{IMAGES}?{urlencode({'url': url, 'f': 'original'})}", CLOSE)


async def measure() -> list[str]:
    """Give the lines to print."""
    lines = await _with_store("file system", {})
    if weed() is None:
        return [*lines, "no S3 server (weed) is installed: streams into S3 were not measured"]
    with scratch() as folder:
        async with s3_server(folder) as values:
            return lines + await _with_store("S3", values)


async def _with_store(name: str, env: dict[str, str]) -> list[str]:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(scratch())
        origin = await stack.enter_async_context(ScriptedOrigin())
        running = await stack.enter_async_context(service(folder, origin.port, **env))
        serve(origin, "/warm", noise(WARM_BYTES))
        await running.get(origin.url("/warm"), f="original")
        lines = [await _alone(running, origin, name, size) for size in LONE_BYTES]
        lines.append(await _together(running, origin, name))
        if not env:
            lines.append(await _first_bytes(running, origin))
        return lines


async def _alone(running: Service, origin: ScriptedOrigin, name: str, size_bytes: int) -> str:
    """Measure one stream with nothing beside it, several times; the median counts."""
    body, growths = noise(size_bytes), []
    for n in range(LONE_ROUNDS):
        serve(origin, f"/{size_bytes}-{n}", body)
        before = await running.settled(1)
        with Sampler(running.pid) as sampler:
            digest = await read_slowly(running.port, request_for(origin.url(f"/{size_bytes}-{n}")), 64 * MIB)
            await running.settled(0.2)
        assert digest == hashlib.sha256(body).hexdigest()
        growths.append(sampler.peak_bytes - before)
    each = ", ".join(f"{growth / MIB:.1f}" for growth in growths)
    growth = statistics.median(growths) / MIB
    return f"one stream of {size_bytes / 1e6:.0f} MB, {name}: +{growth:.1f} MiB (to reach: 9); runs {each}"


async def _together(running: Service, origin: ScriptedOrigin, name: str) -> str:
    """Measure many streams at once, each to a slow client of its own."""
    body = noise(STREAM_BYTES)
    wanted = hashlib.sha256(body).hexdigest()
    for n in range(CLIENTS):
        serve(origin, f"/slow-{n}", body)
    requests = [request_for(origin.url(f"/slow-{n}", f"h{n % 4}.test")) for n in range(CLIENTS)]
    before = await running.settled()
    with Sampler(running.pid) as sampler:
        digests = await asyncio.gather(*(read_slowly(running.port, r, BYTES_PER_SECOND) for r in requests))
    right = sum(digest == wanted for digest in digests)
    await running.settled(0)
    downloads = (await running.metrics())["queue"]["downloads"]
    return (
        f"{CLIENTS} slow clients of {STREAM_BYTES / 1e6:.0f} MB, {name}: "
        f"{right} right to the last byte (to reach: {CLIENTS}), "
        f"+{mib(sampler.peak_bytes - before)} MiB on {mib(before)} (to reach: 64), "
        f"+{mib(statistics.median(rss for _, rss in sampler.samples) - before)} in the median; "
        f"{downloads['stored']} of {downloads['started']} stored so far"
    )


async def _first_bytes(running: Service, origin: ScriptedOrigin) -> str:
    """Compare the time to the first byte of the body with the origin's own; A B A B."""
    body = noise(STREAM_BYTES)
    own, ours = [], []
    for n in range(FIRST_BYTE_ROUNDS):
        serve(origin, f"/first-{n}", body)
        await running.settled(0.1)
        own.append(await first_byte_seconds(origin.port, request_bytes("origin.test", f"/first-{n}", CLOSE)))
        ours.append(await first_byte_seconds(running.port, request_for(origin.url(f"/first-{n}"))))
    later = statistics.median(b - a for a, b in zip(own, ours, strict=True))
    return (
        f"first byte of {STREAM_BYTES / 1e6:.0f} MB: origin {statistics.median(own) * 1000:.1f} ms, "
        f"through the service {statistics.median(ours) * 1000:.1f} ms, later by {later * 1000:.1f} ms (to reach: 20)"
    )


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
