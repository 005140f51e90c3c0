"""The S3 store's streams and writers where the server, or the way to it, fails; and what they cost."""

import asyncio
import contextlib
import json
import os
import sys
import textwrap
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from imgsvc.errors import StoreError
from imgsvc.store.s3 import S3Store
from imgsvc.store.s3_writer import UPLOADS
from tests.contracts.store import DATA, KEY, Plant, keys_of
from tests.contracts.streaming import LARGE, read, stream_of
from tests.contracts.writing import LONG, Leftovers, long_file, parts_of, write, writing  # noqa: F401 - a fixture
from tests.integration.test_s3_store import bucket, leftovers, plant, raw, store  # noqa: F401 - fixtures
from tests.support.blobs import meta_of
from tests.support.seaweed import Seaweed, seaweed  # noqa: F401 - a fixture

PROJECT = Path(__file__).resolve().parents[2]
HOUR = 3600


class Line:
    """A line to the server that can be cut: after so many bytes sent, or for good."""

    def __init__(self, endpoint_url: str) -> None:
        self._server = urlsplit(endpoint_url)
        self._left_bytes: int | None = None
        self._transports: set[asyncio.StreamWriter] = set()
        self._dead = self._for_good = False
        self.url = ""
        self.cuts = 0

    def cut_after(self, size_bytes: int, *, for_good: bool) -> None:
        self._left_bytes = size_bytes
        self._for_good = for_good

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._dead:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self._server.hostname, self._server.port)
        ends = {writer, far_writer}
        self._transports |= ends
        with contextlib.suppress(OSError):
            await asyncio.gather(self._pump(reader, far_writer, counted=True), self._pump(far_reader, writer))
        for end in ends:
            end.transport.abort()
        self._transports -= ends

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool = False) -> None:
        while data := await reader.read(65536):
            if counted and self._left_bytes is not None:
                self._left_bytes -= len(data)
                if self._left_bytes < 0:
                    self._cut()
            writer.write(data)
            await writer.drain()
        raise ConnectionError

    def _cut(self) -> None:
        self.cuts += 1
        self._left_bytes = None
        self._dead = self._for_good
        for end in self._transports:
            end.transport.abort()


@pytest.fixture
async def line(seaweed: Seaweed) -> AsyncIterator[Line]:  # noqa: F811 - the fixture
    line = Line(seaweed.endpoint_url)
    listening = await asyncio.start_server(line.handle, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield line


@pytest.fixture
async def distant(seaweed: Seaweed, bucket: str, line: Line) -> AsyncIterator[S3Store]:  # noqa: F811 - the fixtures
    """A store at the other end of the line."""
    store = S3Store(seaweed.settings(bucket, S3_ENDPOINT_URL=line.url))  # noqa: F811 - another store
    yield store
    await store.aclose()


async def test_server_gone_within_a_part(distant: S3Store, line: Line, long_file: int):  # noqa: F811 - the fixture
    """A server that goes away in the middle of a part is a StoreError, and the abort does not raise."""
    writer = await distant.open_writer(KEY)
    await writer.write(parts_of(long_file)[0])
    line.cut_after(1_000_000, for_good=True)
    with pytest.raises(StoreError):
        await writer.write(parts_of(long_file)[1])
    await writer.abort()
    await writer.abort()
    assert line.cuts == 1
    assert distant.statistics().failures >= 1


async def test_part_sent_again(distant: S3Store, line: Line, long_file: int, leftovers: Leftovers):  # noqa: F811 - fixtures
    """A part whose connection breaks is read and sent once more, from its beginning."""
    async with writing(distant) as writer:
        await writer.write(parts_of(long_file)[0])
        line.cut_after(3_000_000, for_good=False)
        await write(writer, parts_of(long_file)[1:])
        await writer.commit(meta_of(LONG))
    assert line.cuts == 1
    assert (await distant.get(KEY)).data == LONG
    assert await leftovers() == []


async def test_server_gone_at_the_commit(distant: S3Store, line: Line, long_file: int):  # noqa: F811 - the fixture
    """A server that goes away at the commit is a StoreError; what was there stays."""
    async with writing(distant) as writer:
        await write(writer, parts_of(long_file))
        line.cut_after(0, for_good=True)
        with pytest.raises(StoreError):
            await writer.commit(meta_of(LONG))
    assert distant.statistics().writes == 0


async def test_foreign_object_in_pieces(store: S3Store, plant: Plant):  # noqa: F811 - the fixtures
    """Somebody else's object has no digest, and the type that its first bytes show; it is read like any other."""
    png = b"\x89PNG\r\n\x1a\n" + LARGE
    await plant(KEY, png, None)
    stream = await stream_of(store)
    assert (stream.meta.media_type, stream.meta.sha256, stream.meta.source_sha256) == ("image/png", "", "")
    assert stream.meta.fresh_until == stream.meta.fetched_at == stream.meta.last_modified > 0
    for start in (0, 0, 3):
        assert await read(stream.chunks(start)) == png[start:]
    stream.close()
    assert await keys_of(store) == [KEY]


async def test_foreign_object_of_no_bytes(store: S3Store, plant: Plant):  # noqa: F811 - the fixtures
    """An empty object of somebody else is nothing, and nobody is asked about it."""
    await plant(KEY, b"", None)
    assert await store.open(KEY, pytest.fail) is None


async def test_slow_readers_leave_room(store: S3Store):  # noqa: F811 - the fixture
    """Many streams that nobody reads on keep nobody else from the store."""
    data = LARGE * 10
    await store.put(KEY, data, meta_of(data))
    streams = [await stream_of(store) for _ in range(60)]
    async with asyncio.timeout(60):
        assert (await store.get(KEY)).data == data
    for stream in streams:
        stream.close()


async def test_what_killed_processes_left(seaweed: Seaweed, bucket: str, raw):  # noqa: F811 - the fixtures
    """Uploads and unfinished objects go once they are an hour old; what is not of our making stays."""
    old, open_ = (UPLOADS + uuid.uuid4().hex for _ in range(2))
    theirs = UPLOADS + "holiday.jpg"
    for key in (old, theirs):
        await raw.put_object(Bucket=bucket, Key=key, Body=DATA)
    await raw.create_multipart_upload(Bucket=bucket, Key=open_)

    async def there() -> set[str]:
        uploads = await raw.list_multipart_uploads(Bucket=bucket)
        objects = await raw.list_objects_v2(Bucket=bucket, Prefix=UPLOADS)
        return {x["Key"] for x in (*uploads.get("Uploads", ()), *objects.get("Contents", ()))}

    for ahead_seconds, left in ((HOUR - 60, {old, open_, theirs}), (HOUR + 60, {theirs})):
        now = time.time() + ahead_seconds
        store = S3Store(seaweed.settings(bucket), clock=lambda now=now: now)  # noqa: F811 - another store
        await (await store.open_writer(KEY)).abort()
        await store._errands.finished()
        assert await there() == left
        assert await keys_of(store) == []
        await store.aclose()


GROWTH = textwrap.dedent(
    """
    import asyncio, hashlib, json, os, sys
    from pathlib import Path
    from imgsvc.model.blob import BlobMeta
    from imgsvc.settings import StoreSettings
    from imgsvc.store.s3 import S3Store
    from imgsvc.stream.base import FileRange

    def kib(name):
        return int(Path("/proc/self/status").read_text().split(name + ":")[1].split()[0])

    async def write(store, descriptor, size_bytes):
        writer = await store.open_writer("k")
        for at in range(0, size_bytes, writer.part_bytes):
            await writer.write(FileRange(descriptor, at, min(writer.part_bytes, size_bytes - at)))
        digest = "0" * 64
        await writer.commit(BlobMeta(media_type="image/png", sha256=digest, source_sha256=digest, fetched_at=1,
                                     fresh_until=2, last_modified=1))
        await writer.abort()

    async def main():
        store = S3Store(StoreSettings.from_env(json.loads(sys.argv[1])))
        with open(sys.argv[2], "rb") as file:
            await write(store, file.fileno(), 1_000_000)
            Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins anew
            before = kib("VmRSS")
            await write(store, file.fileno(), os.fstat(file.fileno()).st_size)
            print(kib("VmHWM") - before)
        await store.aclose()

    asyncio.run(main())
    """
)


async def test_memory_of_an_upload(seaweed: Seaweed, bucket: str, tmp_path: Path):  # noqa: F811 - the fixtures
    """Forty megabytes are uploaded with less than half a part in memory."""
    (tmp_path / "big").write_bytes(os.urandom(40 * 1024 * 1024))
    settings = json.dumps(seaweed.values(bucket))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", GROWTH, settings, str(tmp_path / "big"), cwd=PROJECT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert int(out) < 4 * 1024
