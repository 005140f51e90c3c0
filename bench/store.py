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
LIMIT = 1.30

Way = Callable[[], Awaitable[bytes]]


async def _alternated(ways: dict[str, Way], data: bytes) -> tuple[dict[str, float], dict[str, float]]:
    """Take turns; gives medians of seconds, and of CPU seconds of this process, a read."""
    for way in ways.values():
        for _ in range(WARM_UP):
            assert await way() == data
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    cpu_seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began, cpu_began = time.perf_counter(), time.process_time()
            await way()
            seconds[name].append(time.perf_counter() - began)
            cpu_seconds[name].append(time.process_time() - cpu_began)
    return tuple({name: statistics.median(all_) for name, all_ in times.items()} for times in (seconds, cpu_seconds))


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


async def _bucket(data: bytes) -> list[str]:
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
            p50, cpu = await _alternated(ways, data)
        await ours.aclose()
        await by_client.aclose()
    by_unsigned = p50["ours"] / p50["unsigned"]
    return [
        (f"store read of 32 KB from S3: {_ms(p50['ours'])}, an unsigned GET {_ms(p50['unsigned'])}; "
        f"ratio {by_unsigned:.2f} (at most: {LIMIT:.2f})"),
        (f"  CPU of a read: {_ms(cpu['ours'])}; unsigned {_ms(cpu['unsigned'])}; by botocore's client "
        f"{_ms(cpu['client'])}, p50 {_ms(p50['client'])}"),
    ]


async def _folder(data: bytes) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        store = FilesystemStore(StoreSettings.model_validate({"IMGSVC_STORE_DIR": name}))
        await store.put(KEY, data, meta_of(data))
        bare_file = Path(name) / path_of(KEY)
        bare_file.with_suffix(".bare").write_bytes(data)

        def read() -> bytes:
            with bare_file.with_suffix(".bare").open("rb") as file:
                return file.read()

        async def ours() -> bytes:
            return (await store.get(KEY)).data

        ways: dict[str, Way] = {"bare": lambda: asyncio.to_thread(read), "ours": ours}
        p50, cpu = await _alternated(ways, data)
        await store.aclose()
    return [
        (f"store read of 32 KB from a folder: {_ms(p50['ours'])}, open and read in a thread {_ms(p50['bare'])}; "
        f"ratio {p50['ours'] / p50['bare']:.2f}; CPU {_ms(cpu['ours'])} and {_ms(cpu['bare'])}"),
    ]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


async def measure() -> list[str]:
    """Give the lines to print."""
    data = os.urandom(OBJECT_BYTES)
    return [*await _bucket(data), *await _folder(data)]


if __name__ == "__main__":
    print("\n".join(asyncio.run(measure())))
