"""Writers of a bucket whose server cannot be reached, or takes no bytes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imgsvc.errors import StoreError
from imgsvc.store import s3, s3_writer
from imgsvc.store.base import ObjectWriter
from imgsvc.store.s3 import S3Store
from imgsvc.stream.base import FileRange
from tests.support.blobs import meta_of
from tests.support.tools import free_ports
from tests.unit.store.test_s3 import KEY, response, server, settings_of

pytestmark = pytest.mark.slow

CREATED = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"

REFUSED = response("403 Forbidden", b"<Error><Code>AccessDenied</Code></Error>")
NO_UPLOAD = response("404 Not Found", b"<Error><Code>NoSuchUpload</Code></Error>")
STAYS = "1 unfinished uploads stay in the bucket until they are swept"


@pytest.fixture
def part(tmp_path: Path):
    """A part of ten megabytes, more than any buffer on the way takes."""
    with (tmp_path / "data").open("w+b") as file:
        file.truncate(10_000_000)
        yield FileRange(file.fileno(), 0, 10_000_000)


async def test_nobody_listens(part: FileRange):
    """Without a server a write is a StoreError, and an abort says nothing."""
    store = S3Store(settings_of(S3_ENDPOINT_URL=f"http://127.0.0.1:{free_ports(1)[0]}"))
    writer = await store.open_writer(KEY)
    with pytest.raises(StoreError):
        await writer.write(part)
    with pytest.raises(StoreError, match="no more"):
        await writer.commit(meta_of(b"x"))
    await writer.abort()
    await store.aclose()


async def test_server_that_takes_no_bytes(part: FileRange, monkeypatch: pytest.MonkeyPatch):
    """A server that stops reading in the middle of a part holds nobody for ever."""
    monkeypatch.setattr(s3_writer, "PART_TIMEOUT_SECONDS", 0.2)
    asked: list[bytes] = []
    done = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            asked.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[0])
            if asked[-1] == b"PUT":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                await done.wait()
            writer.write(response("200 OK", CREATED) if asked[-1] == b"POST" else response("204 No Content", b""))
            await writer.drain()
        writer.transport.abort()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        store = S3Store(settings_of(S3_ENDPOINT_URL=f"http://127.0.0.1:{port}"))
        writer = await store.open_writer(KEY)
        with pytest.raises(StoreError, match="TimeoutError"):
            await writer.write(part)
        await writer.abort()
        assert asked[-1] == b"DELETE"
        done.set()
        await store.aclose()


async def test_answer_without_sense(part: FileRange):
    """A server that is no S3 is a failure, whatever it answers."""
    async with server(lambda _, w: w.write(response("500 Oops", b"<html>"))) as url:
        store = S3Store(settings_of(S3_ENDPOINT_URL=url))
        writer = await store.open_writer(KEY)
        with pytest.raises(StoreError):
            await writer.write(part)
        await writer.abort()
        await store.aclose()


@pytest.mark.parametrize(("created", "missing"), [(b"", "UploadId"), (CREATED, "ETag")])
async def test_answer_with_nothing_in_it(part: FileRange, created: bytes, missing: str):
    """A server that calls all well and says nothing of the upload is a failure of the store, not of ours."""
    answers = iter([created])
    async with server(lambda _, w: w.write(response("200 OK", next(answers, b"")))) as url:
        store = S3Store(settings_of(S3_ENDPOINT_URL=url))
        writer = await store.open_writer(KEY)
        with pytest.raises(StoreError, match=missing):
            await writer.write(part)
        await writer.abort()
        await store.aclose()


class Uploads:
    """
    A server that takes uploads, and answers an abort with one of *answers* after the other, or not at all for None.

    Attributes:
        url: where it listens.
        asked: methods that came.
        aborted: set at the last of *answers*.
    """

    def __init__(self, *answers: bytes | None) -> None:
        self._answers = list(answers)
        self.url = ""
        self.asked: list[bytes] = []
        self.aborted = asyncio.Event()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                self.asked.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[0])
                if self.asked[-1] == b"PUT":
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                    await reader.readexactly(10)
                answer = self._abort() if self.asked[-1] == b"DELETE" else response("200 OK", CREATED, ETag='"e"')
                if answer is None:
                    await reader.read()
                else:
                    writer.write(answer)
        writer.transport.abort()

    def _abort(self) -> bytes | None:
        answer = self._answers.pop(0)
        if not self._answers:
            self.aborted.set()
        return answer


@contextlib.asynccontextmanager
async def begun(part: FileRange, *answers: bytes | None) -> AsyncIterator[tuple[Uploads, S3Store, ObjectWriter]]:
    """An upload of which a part is written; for five seconds."""
    uploads = Uploads(*answers)
    listening = await asyncio.start_server(uploads.handle, "127.0.0.1", 0)
    async with listening, asyncio.timeout(5):
        port = listening.sockets[0].getsockname()[1]
        store = S3Store(settings_of(S3_ENDPOINT_URL=f"http://127.0.0.1:{port}"))
        writer = await store.open_writer(KEY)
        await writer.write(FileRange(part.descriptor, 0, 10))
        yield uploads, store, writer


async def test_an_abort_that_hangs_does_not_hold_up_the_end(part: FileRange, monkeypatch, caplog):
    """The store's end waits a moment for a server that does not answer an abort, and says that an upload stays open."""
    monkeypatch.setattr(s3, "UNDO_SECONDS", 0.1)
    async with begun(part, None) as (uploads, store, _):
        await store.aclose()

    assert uploads.asked[-1] == b"DELETE"
    assert STAYS in caplog.messages


@pytest.mark.parametrize("last", [response("204 No Content", b""), NO_UPLOAD], ids=["aborted", "was aborted"])
async def test_an_abort_that_fails_is_tried_again(part: FileRange, monkeypatch, caplog, last):
    """Behind whoever aborts, until the server knows of no such upload any more."""
    monkeypatch.setattr(s3_writer, "AGAIN_AFTER_SECONDS", (0.01,) * 5)
    async with begun(part, REFUSED, REFUSED, last) as (uploads, store, writer):
        await writer.abort()
        before = uploads.asked.count(b"DELETE")
        await uploads.aborted.wait()
        while store._writers:
            await asyncio.sleep(0.001)
        await store.aclose()

    assert (before, uploads.asked.count(b"DELETE")) == (1, 3)
    assert STAYS not in caplog.messages


async def test_the_end_does_not_wait_for_another_attempt(part: FileRange, caplog):
    """An upload that waits to be aborted is left, and the log says so."""
    async with begun(part, REFUSED) as (uploads, store, writer):
        await writer.abort()
        await store.aclose()

    assert uploads.asked.count(b"DELETE") == 1
    assert STAYS in caplog.messages
