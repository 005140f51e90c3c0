"""Store reads of 32 KB: from a bucket beside an unsigned GET of the same object, from a folder beside a bare read."""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

from bench.figures import Line, at_most
from imgsvc.settings import StoreSettings
from imgsvc.store.filesystem import FilesystemStore
from imgsvc.store.layout import path_of
from imgsvc.store.s3 import S3Store
from tests.support.blobs import meta_of
from tests.support.seaweed import Seaweed, seaweed_server

KEY = "images/image/0123456789abcdef/t1,auto-webp,w640.webp"
BUCKET = "bench"
OBJECT_BYTES = 32 * 1024
WARM_UP = 50
ROUNDS = 1000
BATCH = 50
LIMIT = 1.30

Way = Callable[[], Awaitable[bytes]]
Times = dict[str, list[float]]


async def _alternated(ways: dict[str, Way], data: bytes) -> tuple[Times, Times]:
    """Take turns; gives the seconds, and the CPU seconds of this process, of each read."""
    for way in ways.values():
        for _ in range(WARM_UP):
            assert await way() == data
    seconds: Times = {name: [] for name in ways}
    cpu_seconds: Times = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began, cpu_began = time.perf_counter(), time.process_time()
            await way()
            seconds[name].append(time.perf_counter() - began)
            cpu_seconds[name].append(time.process_time() - cpu_began)
    return seconds, cpu_seconds


def _ratio(times: Times, name: str, by: str) -> float:
    """Compare medians of what was read in the same short while; gives the median of these ratios."""
    starts = range(0, ROUNDS, BATCH)
    return statistics.median(
        statistics.median(times[name][at : at + BATCH]) / statistics.median(times[by][at : at + BATCH]) for at in starts
    )


def _by_client(store: S3Store) -> S3Store:
    """Have a store read by way of botocore's client, as for buckets that are not plain."""
    store._reads._left_to_client = True
    return store


async def _make_readable(server: Seaweed) -> None:
    """Let anybody read the bucket."""
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    async with server.client() as client:
        await client.put_bucket_policy(Bucket=BUCKET, Policy=policy)


async def _bucket(data: bytes) -> list[Line]:
    with seaweed_server() as server:
        await server.make_bucket(BUCKET)
        await _make_readable(server)
        ours, by_client = S3Store(server.settings(BUCKET)), _by_client(S3Store(server.settings(BUCKET)))
        await ours.put(KEY, data, meta_of(data))
        async with aiohttp.ClientSession() as session:

            async def unsigned() -> bytes:
                async with session.get(f"{server.endpoint_url}/{BUCKET}/{KEY}") as response:
                    assert response.status == 200
                    return await response.read()

            async def read(store: S3Store) -> bytes:
                return (await store.get(KEY)).data

            ways: dict[str, Way] = {
                "unsigned": unsigned,
                "ours": lambda: read(ours),
                "client": lambda: read(by_client),
            }
            seconds, cpu = await _alternated(ways, data)
        await ours.aclose()
        await by_client.aclose()
    return [
        f"store read of 32 KB from S3: {_p50(seconds['ours'])}, an unsigned GET {_p50(seconds['unsigned'])}",
        at_most("by an unsigned GET of the same object", _ratio(seconds, "ours", "unsigned"), LIMIT),
        f"  by botocore's client: {_p50(seconds['client'])}, ratio {_ratio(seconds, 'client', 'unsigned'):.2f}",
        f"  CPU of a read: ours {_p50(cpu['ours'])}, unsigned {_p50(cpu['unsigned'])}, client {_p50(cpu['client'])}",
    ]


async def _folder(data: bytes) -> list[Line]:
    with tempfile.TemporaryDirectory() as name:
        store = FilesystemStore(StoreSettings.from_env({"IMGSVC_STORE_DIR": name}))
        await store.put(KEY, data, meta_of(data))
        bare = (Path(name) / path_of(KEY)).with_suffix(".bare")
        bare.write_bytes(data)

        async def ours() -> bytes:
            return (await store.get(KEY)).data

        ways: dict[str, Way] = {"bare": lambda: asyncio.to_thread(bare.read_bytes), "ours": ours}
        seconds, cpu = await _alternated(ways, data)
        await store.aclose()
    ratio = _ratio(seconds, "ours", "bare")
    return [
        f"store read of 32 KB from a folder, checked: {_p50(seconds['ours'])}, CPU {_p50(cpu['ours'])}",
        f"  open and read in a thread: {_p50(seconds['bare'])}, CPU {_p50(cpu['bare'])}; ratio {ratio:.2f}",
    ]


def _p50(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.2f} ms"


async def measure() -> list[Line]:
    """Give the lines to print."""
    data = os.urandom(OBJECT_BYTES)
    return [*await _bucket(data), *await _folder(data)]


if __name__ == "__main__":
    print("\n".join(map(str, asyncio.run(measure()))))
