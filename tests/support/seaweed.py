"""A real S3 server for tests: SeaweedFS, on loopback, with one identity and nothing kept."""

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

from imgsvc.settings import StoreSettings
from tests.support.tools import free_ports, require_tool, running

ACCESS_KEY = "imgsvc-tests"
SECRET_KEY = "imgsvc-tests-secret"
START_SECONDS = 120
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Seaweed:
    """Where the server is; its buckets are made by whoever needs them."""

    endpoint_url: str

    def values(self, bucket: str) -> dict[str, str]:
        """What the environment of a store in *bucket* says."""
        return {
            "S3_BUCKET": bucket,
            "S3_ENDPOINT_URL": self.endpoint_url,
            "S3_REGION": "us-east-1",
            "S3_ACCESS_KEY_ID": ACCESS_KEY,
            "S3_SECRET_ACCESS_KEY": SECRET_KEY,
            "S3_ADDRESSING_STYLE": "path",
        }

    def settings(self, bucket: str, **more: str) -> StoreSettings:
        """Settings of a store in *bucket*."""
        return StoreSettings.from_env(self.values(bucket) | more)

    def client(self) -> Any:
        """A plain client of the tests' own, as an async context manager."""
        return get_session().create_client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=AioConfig(
                connect_timeout=60,
                read_timeout=60,
                retries={"total_max_attempts": 1},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path"},
            ),
        )

    async def make_bucket(self, bucket: str) -> None:
        """Make a bucket."""
        async with self.client() as client:
            await client.create_bucket(Bucket=bucket)


@contextmanager
def seaweed_server() -> Iterator[Seaweed]:
    """A server that is ready to be written to."""
    weed = require_tool("weed")
    with tempfile.TemporaryDirectory(prefix="imgsvc-seaweed-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        ports = free_ports(8)
        server = Seaweed(f"http://127.0.0.1:{ports[6]}")
        with running([weed, *_arguments(folder, ports)], folder) as process:
            # In a thread: whoever wants it may have an event loop already.
            with ThreadPoolExecutor(1) as waiting:
                waiting.submit(asyncio.run, _until_ready(server, process, folder / "log")).result()
            yield server


@pytest.fixture(scope="session")
def seaweed() -> Iterator[Seaweed]:
    """One server for all tests of the run."""
    with seaweed_server() as server:
        yield server


def _arguments(folder: Path, ports: list[int]) -> list[str]:
    (folder / "data").mkdir()
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    # A bucket has volumes of its own, seven at a time unless told otherwise; buckets here are many and small.
    (folder / "master.toml").write_text("[master.volume_growth]\ncopy_1 = 1\n")
    names = ("master", "volume", "filer", "s3")
    listening = [
        f"-{name}.port{kind}={port}"
        for (name, kind), port in zip(((n, k) for n in names for k in ("", ".grpc")), ports, strict=True)
    ]
    return [
        "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *listening,
        "-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-master.electionTimeout=1s",
        "-master.heartbeatInterval=50ms", "-volume.max=512", "-volume.preStopSeconds=0",
        "-filer", f"-filer.localSocket={folder / 'filer.sock'}",
        "-s3", f"-s3.config={folder / 's3.json'}", f"-s3.localSocket={folder / 's3.sock'}",
        "-s3.port.iceberg=0", "-s3.port.lance=0",
    ]  # fmt: skip


async def _until_ready(server: Seaweed, process: Any, log: Path) -> None:
    """Ask until a bucket can be made and written; the parts of the server find each other in their own time."""
    deadline = time.monotonic() + START_SECONDS
    async with server.client() as client:
        while True:
            try:
                await client.create_bucket(Bucket="readiness")
                await client.put_object(Bucket="readiness", Key="a", Body=b"a")
            except (BotoCoreError, ClientError) as error:
                if "BucketAlready" in str(error):
                    await client.delete_bucket(Bucket="readiness")
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"SeaweedFS did not start: {error}\n{log.read_text(errors='replace')[-2000:]}")
                await asyncio.sleep(POLL_SECONDS)
            else:
                return
